/* The rows that pass the filter, as CSV for Excel or as GeoJSON (WGS84, RFC 7946). */
"use strict";
(function (siteplan) {
  /* a cell that a spreadsheet would run is made text; quotes where the separator needs them */
  function csvCell(value) {
    let text = String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function columnsOf(data) {
    const title = data.titleColumn !== null && !data.fields.some(([name]) => name === data.titleColumn)
      ? [[data.titleColumn, siteplan.texts.name]] : [];
    return title.concat(data.fields);
  }

  function valueOf(data, name, f) {
    const value = data.cells[name][f];
    if (value === null) return "";
    return siteplan.data.labelBy(data, name, f) || (typeof value === "boolean" ? siteplan.panel.shownText(value) : value);
  }

  function csv() {
    const { data, order } = siteplan.table.rows(), columns = columnsOf(data);
    const head = columns.map(([, label]) => label).concat([siteplan.texts.longitude, siteplan.texts.latitude]);
    const lines = [head.map(csvCell).join(",")];
    for (const f of order) {
      const cells = columns.map(([name]) => csvCell(valueOf(data, name, f)));
      const run = data.shape.runOf[f], point = siteplan.geo.hasPlace(data, f) && data.shape.kindOf(f) === "point";
      const at = point ? siteplan.ground.vertex(data, data.shape.vertexOf[run]).map((n) => n.toFixed(6)) : ["", ""];
      lines.push(cells.concat(at).join(","));
    }
    return "\ufeff" + lines.join("\r\n") + "\r\n"; // the mark tells Excel that this is UTF-8
  }

  function runsOf(data, f) {
    const { runOf, vertexOf } = data.shape, runs = [];
    for (let r = runOf[f]; r < runOf[f + 1]; r++) {
      const run = [];
      for (let v = vertexOf[r]; v < vertexOf[r + 1]; v++) run.push(siteplan.ground.vertex(data, v).map((n) => Number(n.toFixed(6))));
      runs.push(run);
    }
    return runs;
  }

  function geometryOf(data, f) {
    if (!siteplan.geo.hasPlace(data, f)) return null;
    const runs = runsOf(data, f), kind = data.shape.kindOf(f);
    if (kind === "point") return runs.length === 1 ? { type: "Point", coordinates: runs[0][0] } : { type: "MultiPoint", coordinates: runs.map((one) => one[0]) };
    if (kind === "line") return runs.length === 1 ? { type: "LineString", coordinates: runs[0] } : { type: "MultiLineString", coordinates: runs };
    return { type: "MultiPolygon", coordinates: polygons(runs) };
  }

  function inside([x, y], ring) {
    let within = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [xi, yi] = ring[i], [xj, yj] = ring[j];
      if (yi > y !== yj > y && x < (xj - xi) * (y - yi) / (yj - yi) + xi) within = !within;
    }
    return within;
  }

  function turned(ring, left) {
    let twice = 0;
    for (let i = 1; i < ring.length; i++) twice += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    return twice > 0 === left ? ring : ring.slice().reverse();
  }

  /* Rings by the even-odd rule: one inside an even number of others is a shell, else a hole of the smallest around it. */
  function polygons(rings) {
    const around = rings.map((ring, i) => rings.map((_, j) => j).filter((j) => j !== i && inside(ring[0], rings[j])));
    const shells = rings.map((ring, i) => (around[i].length % 2 ? null : [turned(ring, true)]));
    rings.forEach((ring, i) => {
      if (shells[i]) return;
      const owner = around[i].filter((j) => shells[j]).sort((a, b) => around[b].length - around[a].length)[0];
      if (owner !== undefined) shells[owner].push(turned(ring, false));
    });
    return shells.filter(Boolean);
  }

  function geojson() {
    const { data, order } = siteplan.table.rows(), columns = columnsOf(data);
    const features = order.map((f) => {
      const properties = {};
      for (const [name] of columns) properties[name] = data.cells[name][f];
      return { type: "Feature", properties, geometry: geometryOf(data, f) };
    });
    return JSON.stringify({ type: "FeatureCollection", features }) + "\n";
  }

  function save(text, kind, ending) {
    const link = document.createElement("a"), address = URL.createObjectURL(new Blob([text], { type: kind }));
    link.href = address;
    link.download = (siteplan.words.title + "-" + siteplan.table.rows().data.title).replace(/[\\/:*?"<>|\s\u0000-\u001f]+/g, "_").slice(0, 80) + ending;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  function show() {
    const { button, element, at } = siteplan.dom, box = at("sp-export"), texts = siteplan.texts;
    if (box.hidden) return;
    const { data, order } = siteplan.table.rows();
    const shut = button("sp-close", "×", () => siteplan.exporting.toggle(false));
    shut.setAttribute("aria-label", texts.close);
    box.replaceChildren(
      shut,
      element("p", "sp-hint", siteplan.fill(texts.export_what, { layer: data.title, n: order.length, of: data.size })),
      button("sp-action", "CSV", () => save(csv(), "text/csv", ".csv")),
      button("sp-action", "GeoJSON", () => save(geojson(), "application/geo+json", ".geojson")),
    );
  }

  siteplan.exporting = {
    csv, geojson, refresh: show,
    toggle(wanted) {
      const box = siteplan.dom.at("sp-export"), on = wanted === undefined ? box.hidden : wanted;
      box.hidden = !on || siteplan.table.rows().data === null;
      siteplan.tools.mark("export", !box.hidden);
      show();
    },
    open() {
      siteplan.whenSpoken(show);
      siteplan.filter.whenApplied(show);
    },
  };
})(window.siteplan);
