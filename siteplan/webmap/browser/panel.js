/* The panel with every figure of one feature. Values reach the page as text nodes only. */
"use strict";
(function (siteplan) {
  const { element, button } = siteplan.dom, fill = siteplan.fill;

  /* The other half of values.shown_text */
  function shownText(value) {
    if (value === null || value === undefined) return siteplan.page.missing;
    if (typeof value === "boolean") return value ? siteplan.texts.yes : siteplan.texts.no;
    return String(value);
  }

  function classLabel(data, f) { return data.classes[data.classOf[f]].label; }

  function titleOf(data, f) {
    const name = data.titleColumn === null ? null : data.cells[data.titleColumn][f];
    return name === null ? siteplan.texts.unnamed : String(name);
  }

  /* a cell as the panel, the table and an export show it: classes by their labels */
  function cellText(data, name, f) {
    const value = data.cells[name][f];
    if (name === data.townshipColumn && value !== null) return siteplan.placeName(String(value));
    return (value === null ? null : siteplan.data.labelBy(data, name, f)) || shownText(value);
  }

  let panel = null, map = null, hits = [], place = 0;

  function show() { siteplan.dom.keepFocus(build); }

  function build() {
    if (!hits.length) return;
    const one = hits[place], { data, f } = one, texts = siteplan.texts;
    panel.replaceChildren();
    panel.setAttribute("aria-label", titleOf(data, f));
    const head = element("header");
    head.append(element("h2", "", titleOf(data, f)), button("sp-close", "×", close));
    head.lastChild.setAttribute("aria-label", texts.close);
    panel.append(head);

    const badge = element("p", "sp-badge");
    badge.append(siteplan.symbols.swatch(data.classes[data.classOf[f]], data.shape.kindOf(f)));
    const label = classLabel(data, f);
    badge.append(element("strong", "", label));
    if (label !== data.title) badge.append(element("span", "sp-layer", data.title));
    panel.append(badge);

    if (!siteplan.geo.hasPlace(data, f)) panel.append(element("p", "sp-warning", texts.no_place));
    const ways = siteplan.selection.linked(one).ways;
    if (ways.length && siteplan.geo.hasPlace(data, f)) {
      panel.append(button("sp-way", texts.show_way, () => fit(siteplan.selection.bounds([one, ...ways]))));
    }
    const list = element("dl", "sp-fields");
    for (const [column, name] of data.fields) {
      list.append(element("dt", "", name), element("dd", data.cells[column][f] === null ? "sp-missing" : "", cellText(data, column, f)));
    }
    panel.append(list);

    const foot = element("footer");
    if (hits.length > 1) {
      const pager = element("div", "sp-pager");
      const turn = (by) => () => { place = (place + by + hits.length) % hits.length; show(); };
      pager.append(button("", "‹", turn(-1)), element("span", "", fill(texts.hit_of, { i: place + 1, n: hits.length })), button("", "›", turn(1)));
      pager.firstChild.id = "sp-previous";
      pager.lastChild.id = "sp-next";
      pager.firstChild.setAttribute("aria-label", texts.previous);
      pager.lastChild.setAttribute("aria-label", texts.next);
      foot.append(pager);
    }
    if (data.shape.kindOf(f) === "point" && siteplan.geo.hasPlace(data, f)) {
      const [lon, lat] = siteplan.ground.vertex(data, data.shape.vertexOf[data.shape.runOf[f]]), on = siteplan.where.onGrid(lon, lat);
      foot.append(element("p", "sp-coordinates", texts.coordinates + ": " + lon.toFixed(6) + ", " + lat.toFixed(6)));
      if (on) foot.append(element("p", "sp-coordinates", siteplan.page.grid.name + ": " + on));
    }
    panel.append(foot);
    panel.hidden = false;
    panel.scrollTop = 0;
    document.body.classList.add("sp-panel-open");
    siteplan.selection.select(one);
  }

  /* pixels of the map that the panel covers: [left and top, right and bottom] */
  function covered() {
    const narrow = window.matchMedia("(max-width: 760px)").matches;
    if (panel.hidden) return { paddingTopLeft: [30, 30], paddingBottomRight: [30, 30] };
    return narrow
      ? { paddingTopLeft: [30, 30], paddingBottomRight: [30, panel.offsetHeight + 20] }
      : { paddingTopLeft: [50, 40], paddingBottomRight: [panel.offsetWidth + 40, 40] };
  }

  function fit(bounds, maxZoom) { map.fitBounds(bounds, Object.assign({ maxZoom: maxZoom || 16 }, covered())); }

  function close() {
    panel.hidden = true;
    hits = [];
    document.body.classList.remove("sp-panel-open");
    siteplan.selection.clear();
  }

  siteplan.panel = {
    titleOf, classLabel, shownText, cellText, close, fit,
    start(theMap) {
      map = theMap;
      panel = document.getElementById("sp-panel");
      document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !panel.hidden && !event.defaultPrevented && !siteplan.printing.on()) close();
      });
      siteplan.whenSpoken(() => { if (!panel.hidden) show(); });
      // what does not pass the filter is not on the map
      siteplan.filter.whenApplied(() => {
        if (hits.length && !siteplan.data.passes(hits[place].data, hits[place].f)) close();
      });
    },
    map() { return map; },
    refresh() { if (!panel.hidden) show(); },
    focus() { if (!panel.hidden) panel.focus({ preventScroll: true }); },
    /* after a click: keep the view, but bring the feature out from under the panel */
    open(found) {
      hits = found;
      place = 0;
      show();
      const one = hits[0];
      if (one.data.shape.kindOf(one.f) === "point") {
        map.panInside(siteplan.geo.toLatLng(...siteplan.geo.anchorOf(one.data, one.f)), covered());
      }
    },
    /* after a search: go there */
    visit(one) {
      hits = [one];
      place = 0;
      show();
      if (siteplan.geo.hasPlace(one.data, one.f)) fit(siteplan.selection.bounds([one]), Math.max(14, map.getZoom()));
    },
  };
})(window.siteplan);
