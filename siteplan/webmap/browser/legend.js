/* Legend and layer switch in one: every layer with its classes, symbols and counts. */
"use strict";
(function (siteplan) {
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
    return data.shape.kindOf(0) || "point";
  }

  function count(text, n) {
    const node = siteplan.dom.element("span", "sp-count", String(n));
    text.append(node);
  }

  siteplan.startLegend = function (map) {
    const { element, fill } = siteplan.dom, texts = siteplan.texts;
    const legend = document.getElementById("sp-legend");
    legend.append(element("h2", "", texts.layers));
    for (const layer of siteplan.layers.slice().reverse()) {
      const data = layer.data, kind = kindOf(data), group = element("div", "sp-group");
      group.dataset.layer = data.key;
      const head = row("sp-layer-row", layer.shown, texts.show_layer, (on) => {
        if (on) map.addLayer(layer); else map.removeLayer(layer);
        group.classList.toggle("sp-off", !on);
      });
      group.classList.toggle("sp-off", !layer.shown);
      const single = data.classes.length === 1;
      if (single) head.append(siteplan.symbols.swatch(data.classes[0], kind));
      head.append(element("span", "sp-name", data.title));
      count(head, data.size);
      group.append(head);
      if (!single) {
        data.classes.forEach((look, c) => {
          const line = row("sp-class-row", true, texts.show_class, (on) => {
            data.hidden[c] = !on;
            siteplan.redraw();
          });
          line.dataset.class = look.key;
          line.append(siteplan.symbols.swatch(look, kind), element("span", "sp-name", look.label));
          count(line, data.byClass[c].length);
          line.classList.toggle("sp-none", data.byClass[c].length === 0);
          group.append(line);
        });
      }
      const without = data.size - data.placed;
      if (data.size === 0) group.append(element("p", "sp-hint", texts.empty_layer));
      else if (without) group.append(element("p", "sp-hint", fill(texts.without_place, { n: without })));
      legend.append(group);
    }
  };
})(window.siteplan);
