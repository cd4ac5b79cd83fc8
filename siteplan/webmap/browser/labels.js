/* Names on the map: those that find room, layers from the top down, later classes first. */
"use strict";
(function (siteplan) {
  const CELL = 64;

  /* Remembers the boxes already taken, by cells, so that each new one is compared with its neighbours only. */
  function Room() { this.cells = new Map(); }
  Room.prototype.take = function (x0, y0, x1, y1, sure) {
    const near = [];
    for (let i = Math.floor(x0 / CELL); i <= Math.floor(x1 / CELL); i++) {
      for (let j = Math.floor(y0 / CELL); j <= Math.floor(y1 / CELL); j++) near.push(i * 100003 + j);
    }
    if (!sure) {
      for (const key of near) {
        for (const b of this.cells.get(key) || []) if (x0 < b[2] && x1 > b[0] && y0 < b[3] && y1 > b[1]) return false;
      }
    }
    for (const key of near) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push([x0, y0, x1, y1]);
    }
    return true;
  };

  const widths = new Map();
  function widthOf(ctx, text) {
    const key = ctx.font + text;
    if (!widths.has(key)) widths.set(key, ctx.measureText(text).width);
    return widths.get(key);
  }

  /* a text of up to 44 half widths, a Chinese character being two */
  function shortened(text) {
    let wide = 0, kept = "";
    for (const one of text) {
      wide += one > "\u2e80" ? 2 : 1;
      if (wide > 44) return kept + "…";
      kept += one;
    }
    return text;
  }

  function write(ctx, text, x, y, colour) {
    ctx.lineJoin = "round";
    ctx.lineWidth = 3;
    ctx.strokeStyle = "rgba(255,255,255,0.92)";
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour;
    ctx.fillText(text, x, y);
  }

  /* who filters hamlets wants to know which they are: their names come sooner */
  function eager(data) { return data.visible ? 1.5 : 0; }

  const AROUND = [[0, 0], [0, 20], [0, -20], [0, 40], [0, -40], [50, 0], [-50, 0], [50, 24], [-50, -24], [-50, 24], [50, -24], [0, 60], [0, -60]];
  siteplan.shortened = shortened;
  siteplan.drawLabels = function (ctx, layers, view, radiusOf) {
    const room = new Room(), family = getComputedStyle(document.body).fontFamily;
    const top = layers.slice().reverse();
    const points = [];
    for (const data of top) {
      if (data.labelZoom === null || data.labelColumn === null || view.labelZoom + eager(data) < data.labelZoom) continue;
      const names = data.cells[data.labelColumn];
      for (let c = data.classes.length - 1; c >= 0; c--) {
        if (data.hidden[c]) continue;
        for (const f of data.byClass[c]) {
          const name = names[f];
          if (name === null || !siteplan.geo.hasPlace(data, f) || !siteplan.data.passes(data, f)) continue;
          const anchor = siteplan.geo.anchorOf(data, f);
          const x = anchor[0] * view.scale - view.left, y = anchor[1] * view.scale - view.top;
          if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
          const isPoint = data.shape.kindOf(f) === "point", r = isPoint ? radiusOf(data.classes[c], view.zoom) : 0;
          if (isPoint) room.take(x - r, y - r, x + r, y + r, true);
          points.push({ text: String(name), x, y, r, isPoint });
        }
      }
    }
    ctx.textBaseline = "middle";
    // areas first: they have few places to go, and stand for more
    for (const one of points.filter((each) => !each.isPoint).concat(points.filter((each) => each.isPoint))) {
      ctx.font = one.isPoint ? "12px " + family : "600 14px " + family;
      const text = shortened(one.text);
      const w = widthOf(ctx, text), h = 14, gap = one.r + 3;
      const places = one.isPoint
        ? [[gap, 0], [-gap - w, 0], [-w / 2, -gap - h / 2], [-w / 2, gap + h / 2]]
        : AROUND.map(([dx, dy]) => [dx - w / 2, dy]);
      const free = places.find(([dx, dy]) => room.take(one.x + dx - 1, one.y + dy - h / 2, one.x + dx + w + 1, one.y + dy + h / 2, false));
      // an area without free ground is named all the same
      const at = free || (one.isPoint ? null : places[0]);
      if (at) write(ctx, text, one.x + at[0], one.y + at[1], one.isPoint ? "#1d2530" : "#4a5260");
    }
  };
})(window.siteplan);
