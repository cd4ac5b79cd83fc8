/* Data blocks -> typed arrays. The other half of siteplan/webmap/{encoding,columns,geometry}.py. */
"use strict";
window.siteplan = {};
(function (siteplan) {
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const CODE = new Uint8Array(128);
  for (let i = 0; i < 64; i++) CODE[ALPHABET.charCodeAt(i)] = i;

  function unsigned(text) {
    const n = text.length;
    let count = 0;
    for (let i = 0; i < n; i++) if (CODE[text.charCodeAt(i)] < 32) count++;
    const numbers = new Float64Array(count);
    let value = 0, scale = 1, at = 0;
    for (let i = 0; i < n; i++) {
      const code = CODE[text.charCodeAt(i)];
      if (code & 32) {
        value += (code - 32) * scale;
        scale *= 32;
      } else {
        numbers[at++] = value + code * scale;
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

  function numberColumn(data, size) {
    const numbers = signed(data.numbers), gaps = unsigned(data.missing), values = new Array(size);
    let missing = gaps.length ? gaps[0] : -1, gap = 0;
    for (let f = 0, n = 0; f < size; f++) {
      if (f === missing) {
        values[f] = null;
        gap++;
        missing = gap < gaps.length ? missing + gaps[gap] : -1;
      } else {
        values[f] = numbers[n++] / data.scale;
      }
    }
    return values;
  }

  function patternColumn(data) {
    const codes = unsigned(data.codes), parts = unsigned(data.parts), values = new Array(codes.length);
    const patterns = data.patterns.map((text) => text.split("\u0001"));
    for (let f = 0, n = 0; f < codes.length; f++) {
      const pieces = patterns[codes[f]];
      let text = pieces[0];
      for (let i = 1; i < pieces.length; i++) text += String(parts[n++]).slice(1) + pieces[i];
      values[f] = text;
    }
    return values;
  }

  function column(data, size) {
    if (data.numbers !== undefined) return numberColumn(data, size);
    if (data.patterns !== undefined) return patternColumn(data);
    if (data.codes === undefined) return data.values;
    const codes = unsigned(data.codes), values = new Array(codes.length);
    for (let i = 0; i < codes.length; i++) values[i] = data.values[codes[i]];
    return values;
  }

  /* Columns by name, each decoded when it is first asked for; those of the language before the common ones. */
  function cells(block, language) {
    const found = Object.create(null), own = block.words[language].columns; // a column may be called __proto__
    for (const [name, data] of Object.entries(block.columns).concat(Object.entries(own))) {
      Object.defineProperty(found, name, {
        configurable: true, enumerable: true,
        get() {
          const values = column(data, block.size);
          Object.defineProperty(found, name, { value: values, enumerable: true });
          return values;
        },
      });
    }
    return found;
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
    const kindOf = typeof data.kinds === "string" ? () => data.kinds : (f) => data.kinds[f];
    const shape = { size, runOf, vertexOf, x, y, box: null, kindOf, only: typeof data.kinds === "string" ? data.kinds : null };
    shape.box = boxes(shape);
    return shape;
  }

  function boxes({ vertexOf, x, y }) {
    const runs = vertexOf.length - 1, box = new Float64Array(runs * 4);
    for (let r = 0; r < runs; r++) {
      let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
      for (let i = vertexOf[r], z = vertexOf[r + 1]; i < z; i++) {
        if (x[i] < x0) x0 = x[i];
        if (x[i] > x1) x1 = x[i];
        if (y[i] < y0) y0 = y[i];
        if (y[i] > y1) y1 = y[i];
      }
      box[4 * r] = x0;
      box[4 * r + 1] = y0;
      box[4 * r + 2] = x1;
      box[4 * r + 3] = y1;
    }
    return box;
  }

  /* Rows of each class, in the rows' order: byClass[c] is a piece of one array. */
  function sorted(classOf, count) {
    const sizes = new Int32Array(count);
    for (let f = 0; f < classOf.length; f++) sizes[classOf[f]]++;
    const first = starts(sizes), at = first.slice(0, count), rows = new Int32Array(classOf.length);
    for (let f = 0; f < classOf.length; f++) rows[at[classOf[f]]++] = f;
    return Array.from(sizes, (_, c) => rows.subarray(first[c], first[c + 1]));
  }

  function theme(block, n) {
    const given = block.themes[n];
    const classOf = given.classOf === null ? new Uint8Array(block.size) : Uint8Array.from(unsigned(given.classOf));
    return {
      key: given.key, column: given.column, groupKeys: given.groups, classOf,
      classes: given.classes.map((one) => Object.assign({ label: "" }, one)),
      byClass: sorted(classOf, given.classes.length), hidden: given.classes.map(() => false),
    };
  }

  /* A layer's words in one language: titles, labels, fields, and the columns that are worded. */
  function speak(data, language) {
    const words = data.words[language];
    data.title = words.title;
    data.fields = words.fields;
    data.cells = cells(data, language);
    data.themeTitles = words.themes.map((one) => one.title);
    data.sortings.forEach((one, n) => {
      if (!one) return;
      one.classes.forEach((look, c) => { look.label = words.themes[n].labels[c]; });
      one.groups = one.groupKeys.map(([key, classes], g) => ({ key, classes, label: words.themes[n].groups[g] }));
    });
    if (data.theme !== undefined) data.groups = data.sortings[data.theme].groups;
  }

  function sortBy(data, n) {
    if (!data.sortings[n]) {
      data.sortings[n] = theme(data, n);
      speak(data, data.language);
    }
    data.theme = n;
    Object.assign(data, data.sortings[n], { key: data.layerKey, themeKey: data.sortings[n].key });
    data.classColumn = data.sortings[n].column;
  }

  /* One layer's block, decoded: settings as given, plus shape, cells (column -> values), the sorting in use (classes,
     classOf, byClass, hidden) and visible (null, or 1 for each row that passes the filter). */
  siteplan.decodeLayer = function (block, language) {
    const data = Object.assign({ listColumns: [] }, block, { layerKey: block.key, language, sortings: block.themes.map(() => null), visible: null });
    data.shape = geometry(block.geometry, block.size);
    let placed = 0;
    for (let f = 0; f < block.size; f++) if (data.shape.runOf[f + 1] > data.shape.runOf[f]) placed++;
    data.placed = placed;
    data.geometry = null;
    speak(data, language);
    sortBy(data, 0);
    return data;
  };

  siteplan.block = function (id) { return JSON.parse(document.getElementById(id).textContent); };
  siteplan.data = {
    sortBy,
    speak(data, language) { data.language = language; speak(data, language); },
    /* the index of a theme by its key, -1 if there is none */
    themeNumber(data, key) { return data.themes.findIndex((one) => one.key === key); },
    /* {class label of a row in any of the layer's sortings by column} or null */
    labelBy(data, name, f) {
      const n = data.themes.findIndex((one) => one.column === name);
      if (n < 0) return null;
      if (!data.sortings[n]) { data.sortings[n] = theme(data, n); speak(data, data.language); }
      return data.sortings[n].classes[data.sortings[n].classOf[f]].label;
    },
    /* how many rows of class c pass the filter */
    count(data, c) {
      if (!data.visible) return data.byClass[c].length;
      let n = 0;
      for (const f of data.byClass[c]) n += data.visible[f];
      return n;
    },
    total(data) {
      if (!data.visible) return data.size;
      let n = 0;
      for (let f = 0; f < data.size; f++) n += data.visible[f];
      return n;
    },
    passes(data, f) { return !data.visible || data.visible[f] === 1; },
  };
  siteplan.geo = {
    worldX, worldY, boxes,
    longitude(x) { return x * 360 - 180; },
    latitude(y) { return Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180 / Math.PI; },
    /* a place on the sheet (perhaps in another datum) for Leaflet */
    toLatLng(x, y) { return L.latLng(siteplan.geo.latitude(y), siteplan.geo.longitude(x)); },
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
        cx += cross * (x[i] + x[i + 1] - 2 * x[a]);
        cy += cross * (y[i] + y[i + 1] - 2 * y[a]);
      }
      return area === 0 ? [x[a], y[a]] : [x[a] + cx / (3 * area), y[a] + cy / (3 * area)];
    },
  };
})(window.siteplan);
