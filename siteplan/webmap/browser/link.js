/* The present view in the address's part after #: view, filter, selection, sortings, what is switched on and off, table,
   slider, basemap, language. Whoever opens the link on the same file sees the same. */
"use strict";
(function (siteplan) {
  let map = null, quiet = true;

  const switched = () => siteplan.layers.filter((layer) => layer.shown !== layer.data.shown).map(({ data }) => data.key);
  const sorted = () => siteplan.layers.filter(({ data }) => data.theme > 0).map(({ data }) => data.key + ":" + data.themeKey);
  /* classes that are hidden, by their number: LAYER:0.3 */
  const hidden = () => siteplan.layers.filter(({ data }) => data.hidden.some(Boolean))
    .map(({ data }) => data.key + ":" + data.hidden.map((one, c) => (one ? c : -1)).filter((c) => c >= 0).join("."));

  function state() {
    const centre = map.getCenter(), { township, group, least, most } = siteplan.filter.state, one = siteplan.selection.current();
    const parts = new URLSearchParams(), relief = siteplan.ground.relief(), table = siteplan.table.opened() && siteplan.table.state();
    const put = (name, value) => { if (value) parts.set(name, value); };
    put("at", [map.getZoom().toFixed(2), centre.lat.toFixed(6), centre.lng.toFixed(6)].join("/"));
    put("lang", siteplan.page.languages.length > 1 && siteplan.language);
    put("township", township);
    put("group", group);
    put("least", least === null ? "" : String(least));
    put("most", most === null ? "" : String(most));
    put("one", one && one.data.key + "/" + one.f);
    put("sorted", sorted().join(","));
    put("switched", switched().join(","));
    put("hidden", hidden().join(","));
    put("relief", relief && !relief.shown && "off");
    put("ground", siteplan.ground.choices().length && (siteplan.ground.chosen() || "none"));
    put("compare", siteplan.compare.on() && String(Math.round(siteplan.compare.share() * 100)));
    put("table", table && [table.layer, table.by || "", table.down ? "down" : "up"].join("/"));
    return parts;
  }

  function write() {
    if (!quiet) history.replaceState(null, "", "#" + state().toString());
  }

  function number(text) { return text === null || text === "" || !Number.isFinite(Number(text)) ? null : Number(text); }
  const list = (parts, name) => (parts.get(name) || "").split(",").filter(Boolean);

  /* everything as the link says; what it does not name as at the opening of the page */
  function read() {
    const parts = new URLSearchParams(location.hash.slice(1));
    if (!parts.has("at")) return; // no link of ours
    siteplan.speak(parts.get("lang") || siteplan.language);
    const themes = new Map(list(parts, "sorted").map((pair) => pair.split(":")));
    for (const { data } of siteplan.layers) {
      const key = themes.get(data.key) || data.themes[0].key;
      if (key !== data.themeKey) siteplan.setTheme(data, key);
    }
    const turned = list(parts, "switched"), concealed = new Map(list(parts, "hidden").map((pair) => pair.split(":")));
    for (const layer of siteplan.layers) {
      const data = layer.data, wanted = layer.data.shown !== turned.includes(data.key);
      if (wanted !== layer.shown) { if (wanted) map.addLayer(layer); else map.removeLayer(layer); }
      const classes = (concealed.get(data.key) || "").split(".").filter(Boolean).map(Number);
      data.hidden.forEach((_, c) => { data.hidden[c] = classes.includes(c); });
    }
    if (siteplan.ground.relief()) siteplan.ground.showRelief(parts.get("relief") !== "off");
    if (siteplan.ground.choices().length && parts.has("ground")) siteplan.ground.choose(parts.get("ground"));
    siteplan.filter.set({
      township: parts.get("township") || "", group: parts.get("group") || "", least: number(parts.get("least")), most: number(parts.get("most")),
    });
    if (siteplan.compare.possible()) {
      siteplan.compare.toggle(parts.has("compare"));
      if (parts.has("compare")) siteplan.compare.move((number(parts.get("compare")) === null ? 50 : number(parts.get("compare"))) / 100);
    }
    siteplan.showLegend();
    const [layer, by, way] = (parts.get("table") || "").split("/");
    if (parts.has("table") !== siteplan.table.opened()) siteplan.table.toggle(parts.has("table"));
    if (parts.has("table") && siteplan.find(layer)) siteplan.table.choose(layer, by, way === "down");
    const [key, row] = (parts.get("one") || "").split("/"), data = siteplan.find(key), f = number(row === undefined ? null : row);
    if (data && f !== null && f >= 0 && f < data.size) siteplan.panel.open([{ data, f: Math.floor(f) }]); else siteplan.panel.close();
    const [zoom, lat, lng] = (parts.get("at") || "").split("/").map(Number);
    if ([zoom, lat, lng].every(Number.isFinite)) map.setView([lat, lng], zoom, { animate: false });
  }

  function show() {
    const { element, button, at } = siteplan.dom, box = at("sp-linkbox"), input = element("input"), words = element("p", "sp-hint", siteplan.texts.link_how);
    const shut = button("sp-close", "×", () => siteplan.link.toggle(false));
    shut.setAttribute("aria-label", siteplan.texts.close);
    input.readOnly = true;
    input.value = location.href;
    input.id = "sp-address";
    input.setAttribute("aria-label", siteplan.texts.link);
    box.replaceChildren(shut, words, input);
    input.select();
    if (!navigator.clipboard) return;
    navigator.clipboard.writeText(location.href).then(() => { words.textContent = siteplan.texts.link_copied; }, () => { input.focus(); });
  }

  siteplan.link = {
    state,
    toggle(wanted) {
      const box = siteplan.dom.at("sp-linkbox"), on = wanted === undefined ? box.hidden : wanted;
      box.hidden = !on;
      siteplan.tools.mark("link", on);
      write();
      if (on) show();
    },
    open(theMap) {
      map = theMap;
      if (location.hash.length > 1) read();
      quiet = false;
      map.on("moveend", write);
      siteplan.whenViewed(write);
      siteplan.selection.whenChanged(write);
      siteplan.whenSpoken(() => { write(); if (!siteplan.dom.at("sp-linkbox").hidden) show(); });
      window.addEventListener("hashchange", () => { quiet = true; read(); quiet = false; });
    },
  };
})(window.siteplan);
