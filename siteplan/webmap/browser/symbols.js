/* How classes look: one drawing for the map and for the legend. */
"use strict";
(function (siteplan) {
  function outline(ctx, shape, r) {
    ctx.beginPath();
    if (shape === "square") {
      const h = r * 0.88;
      ctx.rect(-h, -h, 2 * h, 2 * h);
    } else if (shape === "triangle") {
      polygon(ctx, 3, r * 1.2, r * 1.2, -Math.PI / 2, r * 0.18);
    } else if (shape === "diamond") {
      polygon(ctx, 4, r * 1.18, r * 1.18, -Math.PI / 2, 0);
    } else if (shape === "star") {
      polygon(ctx, 10, r * 1.3, r * 0.58, -Math.PI / 2, 0);
    } else if (shape === "cross") {
      const a = r * 0.4, b = r * 1.02, at = Math.SQRT1_2;
      const corners = [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]];
      corners.forEach(([px, py], i) => ctx[i ? "lineTo" : "moveTo"]((px - py) * at, (px + py) * at));
      ctx.closePath();
    } else {
      ctx.arc(0, 0, r, 0, 2 * Math.PI);
    }
  }

  function polygon(ctx, corners, outer, inner, turn, down) {
    for (let i = 0; i < corners; i++) {
      const r = i % 2 ? inner : outer, angle = turn + i * 2 * Math.PI / corners;
      ctx[i ? "lineTo" : "moveTo"](r * Math.cos(angle), r * Math.sin(angle) + down);
    }
    ctx.closePath();
  }

  function drawPoint(ctx, look, r) {
    outline(ctx, look.shape, r);
    ctx.lineJoin = "round";
    ctx.lineWidth = 3;
    ctx.strokeStyle = "rgba(255,255,255,0.95)";
    ctx.stroke();
    ctx.fillStyle = look.colour;
    ctx.fill();
    ctx.lineWidth = 0.9;
    ctx.strokeStyle = "rgba(20,25,35,0.75)";
    ctx.stroke();
  }

  const sprites = new Map();
  const ratio = () => Math.min(window.devicePixelRatio || 1, 2);

  /* Hatches for areas, as a pattern of 8 pixels: told apart where colours are not, in print and by any eye. */
  const hatches = new Map();
  function hatch(ctx, look) {
    const key = look.hatch + look.colour;
    if (!hatches.has(key)) {
      const tile = document.createElement("canvas"), size = 8;
      tile.width = tile.height = size;
      const pen = tile.getContext("2d");
      pen.strokeStyle = pen.fillStyle = look.colour;
      pen.lineWidth = 1.1;
      pen.beginPath();
      const slant = (down) => [-size, 0, size].forEach((shift) => {
        pen.moveTo(shift, down ? 0 : size);
        pen.lineTo(shift + size, down ? size : 0);
      });
      if (look.hatch === "lines" || look.hatch === "cross") slant(false);
      if (look.hatch === "back" || look.hatch === "cross") slant(true);
      pen.stroke();
      if (look.hatch === "dots") { pen.beginPath(); pen.arc(size / 2, size / 2, 1.3, 0, 2 * Math.PI); pen.fill(); }
      hatches.set(key, ctx.createPattern(tile, "repeat"));
    }
    return hatches.get(key);
  }

  siteplan.symbols = {
    outline, ratio, hatch,
    /* a ready picture of a point symbol: {image, half} with half its side in CSS pixels */
    sprite(look, r, sharp) {
      const fine = sharp || ratio(), key = [look.shape, look.colour, r, fine].join();
      if (!sprites.has(key)) {
        const half = Math.ceil(r * 1.35 + 3), image = document.createElement("canvas");
        image.width = image.height = Math.ceil(2 * half * fine);
        const ctx = image.getContext("2d");
        ctx.scale(fine, fine);
        ctx.translate(half, half);
        drawPoint(ctx, look, r);
        sprites.set(key, { image, half });
      }
      return sprites.get(key);
    },
    /* the arrow that points north, as the map always does */
    north(className) {
      const canvas = document.createElement("canvas");
      canvas.className = className;
      canvas.width = 120;
      canvas.height = 170;
      const ctx = canvas.getContext("2d");
      ctx.lineWidth = 3;
      ctx.lineJoin = "round";
      ctx.fillStyle = "#111";
      for (const side of [-1, 1]) {
        ctx.beginPath();
        ctx.moveTo(60, 50);
        ctx.lineTo(60 + side * 34, 165);
        ctx.lineTo(60, 138);
        ctx.closePath();
        ctx.fillStyle = side < 0 ? "#111" : "#fff";
        ctx.fill();
        ctx.strokeStyle = "#111";
        ctx.stroke();
      }
      ctx.fillStyle = "#111";
      ctx.font = "bold 44px sans-serif";
      ctx.textAlign = "center";
      ctx.strokeStyle = "#fff";
      ctx.lineWidth = 6;
      ctx.strokeText("N", 60, 40);
      ctx.fillText("N", 60, 40);
      return canvas;
    },
    /* a small canvas for the legend */
    swatch(look, kind) {
      const canvas = document.createElement("canvas"), w = 26, h = 18;
      canvas.width = w * 2;
      canvas.height = h * 2;
      canvas.className = "sp-swatch";
      const ctx = canvas.getContext("2d");
      ctx.scale(2, 2);
      if (kind === "point") {
        ctx.translate(w / 2, h / 2);
        drawPoint(ctx, look, Math.min(look.size, 6));
        return canvas;
      }
      ctx.strokeStyle = look.colour;
      ctx.lineWidth = Math.min(look.weight, 4);
      ctx.setLineDash(look.dash);
      if (kind === "line") {
        ctx.beginPath();
        ctx.moveTo(1, h / 2);
        ctx.lineTo(w - 1, h / 2);
        ctx.stroke();
      } else {
        ctx.globalAlpha = look.fillOpacity;
        ctx.fillStyle = look.colour;
        ctx.fillRect(3, 3, w - 6, h - 6);
        ctx.globalAlpha = 1;
        if (look.hatch) {
          ctx.fillStyle = hatch(ctx, look);
          ctx.fillRect(3, 3, w - 6, h - 6);
        }
        ctx.strokeRect(3, 3, w - 6, h - 6);
      }
      return canvas;
    },
  };
})(window.siteplan);
