/* What lies beneath a pointer. Large layers are looked up in a grid of cells. */
"use strict";
(function (siteplan) {
  const FEW = 500, MANY_CELLS = 40;

  /* {cell lists} over the runs' boxes: rows of features by cell, and those too large for cells */
  function indexOf(shape) {
    if (shape.index) return shape.index;
    const { box, runOf } = shape, n = shape.size, side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(n / 2))));
    let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
    for (let r = 0; r < box.length; r += 4) {
      x0 = Math.min(x0, box[r]); y0 = Math.min(y0, box[r + 1]); x1 = Math.max(x1, box[r + 2]); y1 = Math.max(y1, box[r + 3]);
    }
    const w = (x1 - x0) / side || 1, h = (y1 - y0) / side || 1;
    const cellX = (x) => Math.max(0, Math.min(side - 1, Math.floor((x - x0) / w)));
    const cellY = (y) => Math.max(0, Math.min(side - 1, Math.floor((y - y0) / h)));
    const cells = new Map(), large = [];
    for (let f = 0; f < n; f++) {
      for (let r = runOf[f]; r < runOf[f + 1]; r++) {
        const b = 4 * r, i0 = cellX(box[b]), i1 = cellX(box[b + 2]), j0 = cellY(box[b + 1]), j1 = cellY(box[b + 3]);
        if ((i1 - i0 + 1) * (j1 - j0 + 1) > MANY_CELLS) { large.push(f); break; }
        for (let i = i0; i <= i1; i++) for (let j = j0; j <= j1; j++) {
          const key = i * side + j, list = cells.get(key);
          if (list) list.push(f); else cells.set(key, [f]);
        }
      }
    }
    shape.index = { cellX, cellY, side, cells, large };
    return shape.index;
  }

  function candidates(data, wx, wy, reach) {
    if (data.size <= FEW) return Array.from({ length: data.size }, (_, f) => f);
    const { cellX, cellY, side, cells, large } = indexOf(data.shape), found = new Set(large);
    for (let i = cellX(wx - reach); i <= cellX(wx + reach); i++) {
      for (let j = cellY(wy - reach); j <= cellY(wy + reach); j++) for (const f of cells.get(i * side + j) || []) found.add(f);
    }
    return Array.from(found).sort((a, b) => a - b);
  }

  /* pixels between a place and a feature; 0 inside an area, Infinity when out of reach */
  function distance(data, f, wx, wy, scale, reach) {
    const { runOf, vertexOf, x, y, box, kindOf } = data.shape, kind = kindOf(f), margin = reach / scale;
    let best = Infinity, inside = false;
    for (let r = runOf[f]; r < runOf[f + 1]; r++) {
      const b = 4 * r;
      if (wx < box[b] - margin || wx > box[b + 2] + margin || wy < box[b + 1] - margin || wy > box[b + 3] + margin) continue;
      for (let i = vertexOf[r], z = vertexOf[r + 1]; i < z; i++) {
        if (kind === "point") { best = Math.min(best, Math.hypot(x[i] - wx, y[i] - wy) * scale); continue; }
        if (i + 1 >= z) break;
        if (kind === "area") {
          if (y[i] > wy !== y[i + 1] > wy && wx < (x[i + 1] - x[i]) * (wy - y[i]) / (y[i + 1] - y[i]) + x[i]) inside = !inside;
          continue;
        }
        const dx = x[i + 1] - x[i], dy = y[i + 1] - y[i], length = dx * dx + dy * dy;
        const t = length ? Math.max(0, Math.min(1, ((wx - x[i]) * dx + (wy - y[i]) * dy) / length)) : 0;
        best = Math.min(best, Math.hypot(x[i] + t * dx - wx, y[i] + t * dy - wy) * scale);
      }
    }
    return kind === "area" ? (inside ? 0 : Infinity) : best;
  }

  /* What a reader means by pointing there: [{data, f}], points before lines before areas, the nearest first. */
  siteplan.hits = function (latlng, zoom, touch, side) {
    const wx = siteplan.geo.worldX(latlng.lng), wy = siteplan.geo.worldY(latlng.lat), scale = 256 * Math.pow(2, zoom);
    const found = [];
    for (const data of siteplan.shownOn(side)) {
      if (data.fields.length === 0) continue;
      for (const f of candidates(data, wx, wy, 30 / scale)) {
        const c = data.classOf[f], look = data.classes[c];
        if (data.hidden[c] || !siteplan.data.passes(data, f)) continue;
        const kind = data.shape.kindOf(f), slack = touch ? 10 : 4;
        const reach = kind === "point" ? siteplan.geo.radiusOf(look, zoom) + slack : kind === "line" ? look.weight / 2 + slack : 0;
        const away = distance(data, f, wx, wy, scale, reach);
        if (away <= reach) found.push({ data, f, away, rank: kind === "point" ? 0 : kind === "line" ? 1 : 2 });
      }
    }
    return found.sort((a, b) => a.rank - b.rank || b.data.z - a.data.z || a.away - b.away || a.f - b.f);
  };
})(window.siteplan);
