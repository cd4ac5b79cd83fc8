/* The one selected feature: ringed or lined out above the sheet, with its way to the anchor and the break on it. */
"use strict";
(function (siteplan) {
  let selected = null, canvas = null, map = null, link = null;
  const changed = [];
  const rowsOf = new Map(); // layer key -> Map(id text -> rows)

  function rowsWithId(data, id) {
    if (!rowsOf.has(data.key)) {
      const rows = new Map();
      data.cells[link.id].forEach((value, f) => {
        const key = String(value);
        if (!rows.has(key)) rows.set(key, []);
        rows.get(key).push(f);
      });
      rowsOf.set(data.key, rows);
    }
    return (rowsOf.get(data.key).get(String(id)) || []).filter((f) => siteplan.geo.hasPlace(data, f));
  }

  /* {ways: [{data, f}], breaks: [{data, f}]} that belong to a feature of the linked point layer */
  function linked(one) {
    const result = { ways: [], breaks: [] };
    if (!link || one.data.key !== link.points) return result;
    const id = one.data.cells[link.id][one.f];
    if (id === null) return result;
    for (const [key, into] of [[link.lines, result.ways], [link.breaks, result.breaks]]) {
      const data = key ? siteplan.find(key) : null;
      if (data) for (const f of rowsWithId(data, id)) into.push({ data, f });
    }
    return result;
  }

  function strokeFeature(ctx, one, view, width, colour) {
    const shape = one.data.shape;
    ctx.beginPath();
    for (let r = shape.runOf[one.f]; r < shape.runOf[one.f + 1]; r++) siteplan.geo.trace(ctx, shape, r, view, true);
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.lineJoin = ctx.lineCap = "round";
    ctx.stroke();
  }

  function drawBreak(ctx, one, view) {
    const shape = one.data.shape, v = shape.vertexOf[shape.runOf[one.f]], r = 7;
    const x = shape.x[v] * view.scale - view.left, y = shape.y[v] * view.scale - view.top;
    for (const [width, colour] of [[7, "#ffffff"], [3.4, "#c1121f"]]) {
      ctx.beginPath();
      ctx.moveTo(x - r, y - r);
      ctx.lineTo(x + r, y + r);
      ctx.moveTo(x + r, y - r);
      ctx.lineTo(x - r, y + r);
      ctx.lineCap = "round";
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
    plate(ctx, siteplan.texts.break_mark, x + r + 5, y - r - 6, "#c1121f");
  }

  /* words on a plate of their own, as they stand over the sheet's labels */
  function plate(ctx, name, x, y, colour) {
    const text = siteplan.shortened(name);
    ctx.font = "600 13px " + getComputedStyle(document.body).fontFamily;
    ctx.textBaseline = "middle";
    const width = ctx.measureText(text).width + 12;
    ctx.fillStyle = "#ffffff";
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.2;
    ctx.beginPath();
    ctx.rect(x, y - 11, width, 22);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = colour;
    ctx.fillText(text, x + 6, y + 0.5);
  }

  function drawNow(ctx, view, ways, breaks) {
    for (const way of ways) {
      strokeFeature(ctx, way, view, 9, "rgba(255,255,255,0.95)");
      strokeFeature(ctx, way, view, 5, "#111827");
      strokeFeature(ctx, way, view, 2, "#ffd400");
    }
    const { data, f } = selected;
    if (data.shape.kindOf(f) === "point" && siteplan.geo.hasPlace(data, f)) {
      const v = data.shape.vertexOf[data.shape.runOf[f]], look = data.classes[data.classOf[f]];
      const x = data.shape.x[v] * view.scale - view.left, y = data.shape.y[v] * view.scale - view.top;
      const { image, half } = siteplan.symbols.sprite(look, siteplan.geo.radiusOf(look, view.zoom), view.ratio);
      ctx.drawImage(image, x - half, y - half, 2 * half, 2 * half);
    }
    for (const one of breaks) drawBreak(ctx, one, view);
  }

  /* the way, the symbol and the break say what is: on the planned side of the slider only the ring is drawn */
  function draw(ctx, view, given) {
    if (!selected) return;
    const { ways, breaks } = linked(selected), split = given === undefined ? siteplan.compare.split(view) : given;
    ctx.save();
    if (split !== null) {
      ctx.beginPath();
      ctx.rect(0, 0, split, view.height);
      ctx.clip();
    }
    drawNow(ctx, view, ways, breaks);
    ctx.restore();
    const { data, f } = selected;
    if (!siteplan.geo.hasPlace(data, f)) return;
    if (data.shape.kindOf(f) !== "point") {
      strokeFeature(ctx, selected, view, 8, "rgba(255,255,255,0.9)");
      strokeFeature(ctx, selected, view, 3.5, "#111827");
      return;
    }
    const r = siteplan.geo.radiusOf(data.classes[data.classOf[f]], view.zoom), v = data.shape.vertexOf[data.shape.runOf[f]];
    const x = data.shape.x[v] * view.scale - view.left, y = data.shape.y[v] * view.scale - view.top;
    for (const [width, colour] of [[6, "#ffffff"], [3, "#111827"]]) {
      ctx.beginPath();
      ctx.arc(x, y, r + 7, 0, 2 * Math.PI);
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
    plate(ctx, siteplan.panel.titleOf(data, f), x + r + 11, y, "#111827");
  }

  function latLngBounds(box) {
    return L.latLngBounds(siteplan.geo.toLatLng(box[0], box[3]), siteplan.geo.toLatLng(box[2], box[1]));
  }

  siteplan.selection = {
    open(theMap, theLink) {
      map = theMap;
      link = theLink;
      canvas = siteplan.addCanvas(map, "selection", 450, draw);
    },
    linked,
    current() { return selected; },
    select(one) { selected = one; canvas.redraw(); changed.forEach((act) => act(one)); },
    clear() { selected = null; canvas.redraw(); changed.forEach((act) => act(null)); },
    whenChanged(act) { changed.push(act); },
    draw,
    /* a way, or a hamlet as planned, that was clicked stands for its hamlet */
    owner(one) {
      if (!link || !(one.data.key === link.lines || one.data.key === link.points + "_planned") || !(link.id in one.data.cells)) return one;
      const data = siteplan.find(link.points), id = one.data.cells[link.id][one.f];
      const rows = id === null ? [] : rowsWithId(data, id);
      return rows.length ? { data, f: rows[0] } : one;
    },
    latLngBounds,
    bounds(ones) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (const one of ones) siteplan.geo.grow(box, siteplan.geo.boxOf(one.data, one.f));
      return latLngBounds(box);
    },
  };
})(window.siteplan);
