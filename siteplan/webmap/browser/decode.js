/* Data blocks -> typed arrays. The other half of siteplan/webmap/encoding.py. */
"use strict";
window.siteplan = {};
(function (siteplan) {
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const CODE = new Uint8Array(128);
  for (let i = 0; i < 64; i++) CODE[ALPHABET.charCodeAt(i)] = i;

  function unsigned(text) {
    let count = 0;
    for (let i = 0; i < text.length; i++) if (CODE[text.charCodeAt(i)] < 32) count++;
    const numbers = new Float64Array(count);
    let value = 0, scale = 1, n = 0;
    for (let i = 0; i < text.length; i++) {
      const code = CODE[text.charCodeAt(i)];
      value += (code & 31) * scale;
      if (code & 32) {
        scale *= 32;
      } else {
        numbers[n++] = value;
        value = 0;
        scale = 1;
      }
    }
    return numbers;
  }

  function signed(text) {
    const numbers = unsigned(text);
    for (let i = 0; i < numbers.length; i++) {
      const folded = numbers[i];
      numbers[i] = folded % 2 ? -(folded + 1) / 2 : folded / 2;
    }
    return numbers;
  }

  function starts(sizes) {
    const result = new Int32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) result[i + 1] = result[i] + sizes[i];
    return result;
  }

  function column(data) {
    if (data.codes === undefined) return data.values;
    const codes = unsigned(data.codes), values = new Array(codes.length);
    for (let i = 0; i < codes.length; i++) values[i] = data.values[codes[i]];
    return values;
  }

  /* Web Mercator with the whole world as 0..1, y down: a pixel at zoom z is 256 * 2^z times it. */
  function worldX(longitude) { return (longitude + 180) / 360; }
  function worldY(latitude) {
    const s = Math.sin(latitude * Math.PI / 180);
    return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
  }

  /* runOf: first run of each feature; vertexOf: first vertex of each run; x, y: world; box: bounds of each run. */
  function geometry(data, size) {
    const runOf = starts(unsigned(data.runs)), vertexOf = starts(unsigned(data.sizes));
    const deltas = signed(data.xy), n = deltas.length / 2;
    const x = new Float64Array(n), y = new Float64Array(n);
    let east = 0, north = 0;
    for (let i = 0; i < n; i++) {
      east += deltas[2 * i];
      north += deltas[2 * i + 1];
      x[i] = worldX(east / data.stepsPerDegree);
      y[i] = worldY(north / data.stepsPerDegree);
    }
    const runs = vertexOf.length - 1, box = new Float64Array(runs * 4);
    for (let r = 0; r < runs; r++) {
      let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
      for (let i = vertexOf[r]; i < vertexOf[r + 1]; i++) {
        if (x[i] < x0) x0 = x[i];
        if (x[i] > x1) x1 = x[i];
        if (y[i] < y0) y0 = y[i];
        if (y[i] > y1) y1 = y[i];
      }
      box.set([x0, y0, x1, y1], 4 * r);
    }
    const kindOf = typeof data.kinds === "string" ? () => data.kinds : (f) => data.kinds[f];
    return { size, runOf, vertexOf, x, y, box, kindOf };
  }

  /* One layer's block, decoded: settings as given, plus cells (column -> values), classOf, byClass (features), counts. */
  siteplan.decodeLayer = function (block) {
    const classOf = unsigned(block.classOf), byClass = block.classes.map(() => []);
    const shape = geometry(block.geometry, block.size);
    let placed = 0;
    for (let f = 0; f < block.size; f++) {
      byClass[classOf[f]].push(f);
      if (shape.runOf[f + 1] > shape.runOf[f]) placed++;
    }
    const cells = Object.create(null); // a column may be called __proto__
    for (const name of Object.keys(block.columns)) cells[name] = column(block.columns[name]);
    return Object.assign({}, block, { classOf, byClass, cells, placed, shape, hidden: block.classes.map(() => false) });
  };

  siteplan.block = function (id) { return JSON.parse(document.getElementById(id).textContent); };
  siteplan.geo = {
    worldX, worldY,
    toLatLng(x, y) {
      return L.latLng(Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180 / Math.PI, x * 360 - 180);
    },
    hasPlace(data, f) { return data.shape.runOf[f + 1] > data.shape.runOf[f]; },
    /* [x0, y0, x1, y1] of a feature in world units */
    boxOf(data, f) {
      const { runOf, box } = data.shape, result = [Infinity, Infinity, -Infinity, -Infinity];
      for (let r = runOf[f]; r < runOf[f + 1]; r++) siteplan.geo.grow(result, box.subarray(4 * r, 4 * r + 4));
      return result;
    },
    grow(box, other) {
      box[0] = Math.min(box[0], other[0]);
      box[1] = Math.min(box[1], other[1]);
      box[2] = Math.max(box[2], other[2]);
      box[3] = Math.max(box[3], other[3]);
    },
    /* a point to stand for the feature: the point, the middle of the longest line, the centroid of the largest ring */
    anchorOf(data, f) {
      const { runOf, vertexOf, x, y } = data.shape, kind = data.shape.kindOf(f);
      let best = -1, most = -1;
      for (let r = runOf[f]; r < runOf[f + 1]; r++) {
        const b = data.shape.box, extent = (b[4 * r + 2] - b[4 * r]) + (b[4 * r + 3] - b[4 * r + 1]);
        if (extent > most) { most = extent; best = r; }
      }
      if (best < 0) return null;
      const a = vertexOf[best], z = vertexOf[best + 1];
      if (kind === "point") return [x[a], y[a]];
      if (kind === "line") { const m = (a + z - 1) >> 1; return [x[m], y[m]]; }
      let area = 0, cx = 0, cy = 0;
      for (let i = a; i < z - 1; i++) {
        const cross = (x[i] - x[a]) * (y[i + 1] - y[a]) - (x[i + 1] - x[a]) * (y[i] - y[a]);
        area += cross;
        cx += cross * (x[i] + x[i + 1] + x[a]);
        cy += cross * (y[i] + y[i + 1] + y[a]);
      }
      return area === 0 ? [x[a], y[a]] : [cx / (3 * area), cy / (3 * area)];
    },
  };
})(window.siteplan);
