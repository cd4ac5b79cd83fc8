/* Puts the page together once folium has made the map and its layers. */
"use strict";
(function (siteplan) {
  const FIRST_FIGURES = 4;

  function fillFrame() {
    const { element, at } = siteplan.dom, words = siteplan.words, texts = siteplan.texts;
    at("sp-title").textContent = words.title;
    at("sp-subtitle").textContent = words.subtitle;
    at("sp-headlines").setAttribute("aria-label", texts.headlines);
    const cards = words.headlines.map(([label, value]) => {
      const card = element("div", "sp-card");
      card.append(element("dd", "", value), element("dt", "", label));
      return card;
    });
    at("sp-headlines").replaceChildren(...cards.slice(0, FIRST_FIGURES));
    at("sp-more-figures").replaceChildren(...cards.slice(FIRST_FIGURES));
    at("sp-more").hidden = cards.length <= FIRST_FIGURES;
    at("sp-more-words").textContent = texts.more_figures;
    at("sp-notes").replaceChildren();
    if (words.notes.length) {
      const list = element("ul");
      for (const note of words.notes) list.append(element("li", "", note));
      at("sp-notes").append(element("h2", "", texts.notes), list);
    }
    if (!siteplan.wholeBox()) at("sp-notes").append(element("p", "sp-warning", texts.nothing));
    const foot = [texts.accuracy];
    if (words.crsName) foot.unshift(siteplan.fill(texts.analysis_crs, { crs: words.crsName }));
    if (words.source) foot.push(siteplan.fill(texts.from_source, { source: words.source }));
    at("sp-foot").textContent = foot.join(siteplan.language === "zh" ? "" : " ");
    at("sp-menu").textContent = texts.menu;
    at("sp-map-name").textContent = texts.skip_to_map;
    const north = at("sp-north");
    if (north) north.setAttribute("aria-label", texts.north);
  }

  /* the link past the side bar: to the map, not to an address */
  function openSkip(map) {
    siteplan.dom.at("sp-map-name").addEventListener("click", (event) => {
      event.preventDefault();
      map.getContainer().focus();
    });
  }

  function openMenu() {
    const menu = siteplan.dom.at("sp-menu");
    menu.addEventListener("click", () => {
      const open = document.body.classList.toggle("sp-menu-open");
      menu.setAttribute("aria-expanded", String(open));
    });
  }

  /* everything that is shown at first, or everything there is; null where nothing has a place */
  siteplan.wholeBox = function () {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const wanted of [true, false]) {
      for (const layer of siteplan.layers) {
        if (wanted && !layer.shown) continue;
        const b = layer.data.shape.box;
        for (let r = 0; r < b.length; r += 4) {
          if (b[r] < box[0]) box[0] = b[r];
          if (b[r + 1] < box[1]) box[1] = b[r + 1];
          if (b[r + 2] > box[2]) box[2] = b[r + 2];
          if (b[r + 3] > box[3]) box[3] = b[r + 3];
        }
      }
      if (box[0] <= box[2]) return box;
    }
    return null;
  };

  /* what the tools do, by name: the buttons above the map */
  siteplan.tools = {
    mark(name, on) { const one = siteplan.dom.at("sp-tool-" + name); if (one) one.setAttribute("aria-pressed", String(on)); },
  };
  function showTools() {
    const { button, at } = siteplan.dom, texts = siteplan.texts, bar = at("sp-tools");
    const tools = [
      ["table", texts.table, () => siteplan.table.toggle()],
      ["measure", texts.measure, () => siteplan.measure.toggle()],
      ["compare", texts.compare, () => siteplan.compare.toggle()],
      ["export", texts.export, () => siteplan.exporting.toggle()],
      ["link", texts.link, () => siteplan.link.toggle()],
      ["print", texts.print, () => siteplan.printing.toggle(true)],
    ].filter(([name]) => name !== "compare" || siteplan.compare.possible());
    bar.setAttribute("aria-label", texts.tools);
    const pressed = new Set(Array.from(bar.querySelectorAll("[aria-pressed=true]"), (one) => one.id));
    bar.replaceChildren(...tools.map(([name, text, act]) => {
      const made = button("sp-tool", text, act);
      made.id = "sp-tool-" + name;
      if (name !== "print") made.setAttribute("aria-pressed", String(pressed.has(made.id)));
      return made;
    }));
    for (const language of siteplan.page.languages) {
      if (language === siteplan.language || siteplan.page.languages.length < 2) continue;
      const made = button("sp-tool", siteplan.page.words[language].texts.this_language, () => siteplan.speak(language));
      made.id = "sp-language";
      made.lang = siteplan.page.words[language].tag;
      bar.append(made);
    }
  }

  /* Coordinates under the pointer: WGS84 degrees (CGCS2000 is the same to a few centimetres) and the plane grid. */
  function openWhere() {
    const grid = siteplan.page.grid, on = grid ? siteplan.plane.forward(grid) : null;
    siteplan.where = {
      onGrid(lon, lat) {
        if (!on || Math.abs(lon - grid.central_meridian) > 6) return null;
        const [east, north] = on(lon, lat);
        return "E " + east.toFixed(1) + "  N " + north.toFixed(1);
      },
      text(latlng) {
        const [lon, lat] = siteplan.ground.truePlace(latlng), plane = siteplan.where.onGrid(lon, lat);
        return "WGS84 " + lon.toFixed(5) + ", " + lat.toFixed(5) + (plane ? "  |  " + grid.name + " " + plane : "");
      },
    };
  }

  function followPointer(map) {
    const where = document.getElementById("sp-where"), tip = document.getElementById("sp-tip");
    let latest = null;
    map.on("mousemove", (event) => {
      where.textContent = siteplan.where.text(event.latlng);
      if (!latest) requestAnimationFrame(() => {
        const side = siteplan.compare.sideAt(latest.containerPoint.x), [one] = siteplan.hits(latest.latlng, map.getZoom(), false, side);
        map.getContainer().classList.toggle("sp-pointing", Boolean(one) && one.rank < 2);
        tip.hidden = !one || one.data.titleColumn === null || one.rank === 2 || siteplan.measure.active();
        if (!tip.hidden) {
          const event = latest.originalEvent;
          tip.textContent = siteplan.panel.titleOf(one.data, one.f) + " · " + siteplan.panel.classLabel(one.data, one.f);
          tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + "px";
          tip.style.top = (event.clientY + 16) + "px";
        }
        latest = null;
      });
      latest = event;
    });
    map.on("mouseout movestart", () => { tip.hidden = true; });
  }

  function click(event) {
    if (siteplan.measure.active()) { siteplan.measure.add(event.latlng); return; }
    const touch = window.matchMedia("(pointer: coarse)").matches, side = siteplan.compare.sideAt(event.containerPoint.x);
    const found = siteplan.hits(event.latlng, siteplan.map.getZoom(), touch, side).map((one) => siteplan.selection.owner(one));
    const seen = new Set(), sharp = found.some(({ data, f }) => data.shape.kindOf(f) !== "area");
    const ones = found.filter(({ data, f }) => {
      const name = data.key + " " + f;
      // who points at a symbol or a line does not mean the ground beneath it
      if (sharp && data.shape.kindOf(f) === "area") return false;
      return seen.has(name) ? false : seen.add(name);
    });
    if (ones.length) siteplan.panel.open(ones); else siteplan.panel.close();
  }

  siteplan.start = function (map) {
    if (!siteplan.page) siteplan.openPage();
    siteplan.map = map;
    openWhere();
    siteplan.whenSpoken(fillFrame);
    openMenu();
    openSkip(map);
    map.attributionControl = L.control.attribution({ prefix: "Leaflet", position: "bottomleft" }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 140 }).addTo(map);
    const north = siteplan.symbols.north("leaflet-control");
    north.id = "sp-north";
    map.getContainer().querySelector(".leaflet-top.leaflet-left").append(north);
    siteplan.panel.start(map);
    map.invalidateSize({ animate: false });
    const box = siteplan.wholeBox();
    if (box) map.fitBounds(siteplan.selection.latLngBounds(box), { maxZoom: 15, padding: [24, 24], animate: false });
    siteplan.ground.open(map);
    siteplan.openSheet(map);
    siteplan.selection.open(map, siteplan.page.link);
    siteplan.measure.open(map);
    siteplan.filter.open();
    siteplan.compare.open(map);
    siteplan.whenSpoken(showTools);
    siteplan.openLegend();
    siteplan.startSearch();
    siteplan.table.open();
    siteplan.exporting.open();
    siteplan.printing.open(map);
    followPointer(map);
    map.on("click", click);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      for (const one of ["exporting", "link"]) {
        if (siteplan.dom.at(one === "link" ? "sp-linkbox" : "sp-export").hidden) continue;
        siteplan[one].toggle(false);
        event.preventDefault();
      }
    }, true);
    siteplan.link.open(map);
    requestAnimationFrame(() => { document.documentElement.dataset.ready = "yes"; });
  };
})(window.siteplan);
