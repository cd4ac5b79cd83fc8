/* The present view in the address's part after #: view, filter, selection, sortings, language. Whoever opens the link
   on the same file sees the same. */
"use strict";
(function (siteplan) {
  let map = null, quiet = true;

  function state() {
    const centre = map.getCenter(), { township, group, least, most } = siteplan.filter.state, one = siteplan.selection.current();
    const parts = new URLSearchParams();
    parts.set("at", [map.getZoom().toFixed(2), centre.lat.toFixed(6), centre.lng.toFixed(6)].join("/"));
    if (siteplan.page.languages.length > 1) parts.set("lang", siteplan.language);
    if (township) parts.set("township", township);
    if (group) parts.set("group", group);
    if (least !== null) parts.set("least", String(least));
    if (most !== null) parts.set("most", String(most));
    if (one) parts.set("one", one.data.key + "/" + one.f);
    const themes = siteplan.layers.filter(({ data }) => data.theme > 0).map(({ data }) => data.key + ":" + data.themeKey);
    if (themes.length) parts.set("sorted", themes.join(","));
    const switched = siteplan.layers.filter((layer) => layer.shown !== layer.data.shown).map(({ data }) => data.key);
    if (switched.length) parts.set("switched", switched.join(","));
    return parts;
  }

  function write() {
    if (!quiet) history.replaceState(null, "", "#" + state().toString());
  }

  function number(text) { return text === null || text === "" || !Number.isFinite(Number(text)) ? null : Number(text); }

  function read() {
    const parts = new URLSearchParams(location.hash.slice(1));
    siteplan.speak(parts.get("lang") || siteplan.language);
    for (const pair of (parts.get("sorted") || "").split(",")) {
      const [key, theme] = pair.split(":"), data = siteplan.find(key);
      if (data) siteplan.setTheme(data, theme);
    }
    for (const key of (parts.get("switched") || "").split(",")) {
      const layer = siteplan.layers.find((one) => one.data.key === key);
      if (layer && layer.shown === layer.data.shown) { if (layer.shown) map.removeLayer(layer); else map.addLayer(layer); }
    }
    siteplan.filter.set({
      township: parts.get("township") || "", group: parts.get("group") || "", least: number(parts.get("least")), most: number(parts.get("most")),
    });
    const [key, row] = (parts.get("one") || "").split("/"), data = siteplan.find(key), f = number(row === undefined ? null : row);
    if (data && f !== null && f >= 0 && f < data.size) siteplan.panel.open([{ data, f: Math.floor(f) }]);
    const [zoom, lat, lng] = (parts.get("at") || "").split("/").map(Number);
    if ([zoom, lat, lng].every(Number.isFinite)) map.setView([lat, lng], zoom, { animate: false });
  }

  function copy() {
    write();
    const { element, at } = siteplan.dom, box = at("sp-export"), input = element("input");
    input.readOnly = true;
    input.value = location.href;
    input.id = "sp-address";
    input.setAttribute("aria-label", siteplan.texts.link);
    box.replaceChildren(element("p", "sp-hint", siteplan.texts.link_how), input);
    box.hidden = false;
    input.select();
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).catch(() => { input.focus(); });
  }

  siteplan.link = {
    copy, state,
    open(theMap) {
      map = theMap;
      if (location.hash.length > 1) read();
      quiet = false;
      map.on("moveend", write);
      siteplan.selection.whenChanged(write);
      siteplan.filter.whenApplied(write);
      siteplan.whenSpoken(write);
      window.addEventListener("hashchange", () => { quiet = true; read(); quiet = false; });
    },
  };
})(window.siteplan);
