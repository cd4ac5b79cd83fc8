/* Legend and layer switch in one: every layer with its sorting, classes, symbols and counts of what passes the filter. */
"use strict";
(function (siteplan) {
  let map = null;

  function row(className, checked, title, act) {
    const label = siteplan.dom.element("label", className), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = checked;
    box.title = title;
    box.addEventListener("change", () => act(box.checked));
    label.append(box);
    return label;
  }

  /* what the legend draws for a layer: the kind of its first placed feature */
  function kindOf(data) {
    for (let f = 0; f < data.size; f++) if (siteplan.geo.hasPlace(data, f)) return data.shape.kindOf(f);
    return data.shape.only || "point";
  }

  /* the kinds of shape that a class has, for its swatches */
  function kindsOf(data, c) {
    if (data.shape.only) return [data.shape.only];
    const found = new Set();
    for (const f of data.byClass[c]) if (siteplan.geo.hasPlace(data, f)) found.add(data.shape.kindOf(f));
    return found.size ? Array.from(found) : [kindOf(data)];
  }
  function swatches(data, c) { return kindsOf(data, c).map((kind) => siteplan.symbols.swatch(data.classes[c], kind)); }

  function count(n) { return siteplan.dom.element("span", "sp-count", String(n)); }

  function sortings(data) {
    const { element } = siteplan.dom, label = element("label", "sp-theme"), select = element("select");
    data.themeTitles.forEach((title, n) => {
      const option = element("option", "", title);
      option.value = data.themes[n].key;
      select.append(option);
    });
    select.value = data.themeKey;
    select.id = "sp-theme-" + data.key;
    select.addEventListener("change", () => siteplan.setTheme(data, select.value));
    label.append(element("span", "", siteplan.texts.sorted_by), select);
    return label;
  }

  function group(layer) {
    const { element } = siteplan.dom, texts = siteplan.texts;
    const data = layer.data, box = element("div", "sp-group");
    box.dataset.layer = data.key;
    const head = row("sp-layer-row", layer.shown, texts.show_layer, (on) => {
      if (on) map.addLayer(layer); else map.removeLayer(layer);
      box.classList.toggle("sp-off", !on);
    });
    box.classList.toggle("sp-off", !layer.shown);
    const single = data.classes.length === 1 && data.themes.length === 1;
    if (single) head.append(...swatches(data, 0));
    head.append(element("span", "sp-name", data.title), count(siteplan.data.total(data)));
    box.append(head);
    if (data.themes.length > 1) box.append(sortings(data));
    if (!single) {
      data.classes.forEach((look, c) => {
        const line = row("sp-class-row", !data.hidden[c], texts.show_class, (on) => {
          data.hidden[c] = !on;
          siteplan.redraw();
          siteplan.viewed();
        });
        const n = siteplan.data.count(data, c);
        line.dataset.class = look.key;
        line.append(...swatches(data, c), element("span", "sp-name", look.label), count(n));
        line.classList.toggle("sp-none", n === 0);
        box.append(line);
      });
    }
    const without = data.size - data.placed;
    if (data.size === 0) box.append(element("p", "sp-hint", texts.empty_layer));
    else if (without) box.append(element("p", "sp-hint", siteplan.fill(texts.without_place, { n: without })));
    return box;
  }

  function ground() {
    const { element } = siteplan.dom, texts = siteplan.texts, choices = siteplan.ground.choices(), relief = siteplan.ground.relief();
    const box = element("div", "sp-group");
    if (relief) {
      const line = row("sp-layer-row", relief.shown, texts.show_layer, (on) => { siteplan.ground.showRelief(on); siteplan.viewed(); });
      line.id = "sp-relief";
      line.append(element("span", "sp-name", texts.relief));
      box.append(line);
    }
    if (choices.length) {
      const label = element("label", "sp-theme"), select = element("select"), hint = element("p", "sp-hint");
      select.id = "sp-basemap";
      for (const one of [{ key: "", title: texts.no_basemap }].concat(choices)) {
        const option = element("option", "", one.title);
        option.value = one.key;
        select.append(option);
      }
      select.value = siteplan.ground.chosen();
      const tell = (failed) => {
        const one = choices.find((choice) => choice.key === siteplan.ground.chosen());
        hint.textContent = failed ? texts.no_tiles : one && one.datum === "gcj02" ? texts.gcj02_notice : "";
      };
      siteplan.ground.trouble = tell;
      select.addEventListener("change", () => { siteplan.ground.choose(select.value); siteplan.viewed(); });
      label.append(element("span", "", texts.basemap), select);
      box.append(label, hint);
      tell(siteplan.ground.failed());
    }
    return box.childNodes.length ? [box] : [];
  }

  function show() {
    const legend = siteplan.dom.at("sp-legend"), comparing = siteplan.compare.on();
    const layers = siteplan.layers.filter(({ data }) => data.side !== "planned" || comparing);
    siteplan.dom.keepFocus(() => {
      legend.replaceChildren(siteplan.dom.element("h2", "", siteplan.texts.layers), ...layers.reverse().map(group), ...ground());
    });
  }

  /* after a filter: the counts, in place, so that a click that ended typing still meets its box */
  function recount() {
    for (const { data } of siteplan.layers) {
      const box = document.querySelector('#sp-legend [data-layer="' + data.key + '"]');
      if (!box) continue;
      box.querySelector(".sp-layer-row .sp-count").textContent = String(siteplan.data.total(data));
      box.querySelectorAll(".sp-class-row").forEach((line, c) => {
        const n = siteplan.data.count(data, c);
        line.querySelector(".sp-count").textContent = String(n);
        line.classList.toggle("sp-none", n === 0);
      });
    }
  }

  siteplan.setTheme = function (data, key) {
    const n = siteplan.data.themeNumber(data, key);
    if (n < 0) return;
    siteplan.data.sortBy(data, n);
    const planned = siteplan.find(data.key + "_planned"), same = planned ? siteplan.data.themeNumber(planned, key) : -1;
    if (same >= 0) siteplan.data.sortBy(planned, same); // both sides of the slider alike
    show(); // first: the filter counts anew in the legend's rows, and these may have become fewer
    if (data === siteplan.filter.main()) siteplan.filter.forget();
    siteplan.panel.refresh();
    siteplan.redrawAll();
    siteplan.viewed();
  };

  siteplan.legendSwatches = swatches;
  siteplan.showLegend = show;
  /* called by folium's layer control with the map and its layers */
  siteplan.legend = function (theMap) { map = theMap; };
  siteplan.openLegend = function () {
    siteplan.filter.whenApplied(recount);
    siteplan.whenSpoken(show);
  };
})(window.siteplan);
