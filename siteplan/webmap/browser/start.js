/* Puts the page together once folium has made the map and its layers. */
"use strict";
(function (siteplan) {
  function fillFrame(page, texts) {
    const { element, fill } = siteplan.dom, at = (id) => document.getElementById(id);
    at("sp-title").textContent = page.title;
    at("sp-subtitle").textContent = page.subtitle;
    at("sp-headlines").setAttribute("aria-label", texts.headlines);
    for (const [label, value] of page.headlines) {
      const card = element("div", "sp-card");
      card.append(element("dd", "", value), element("dt", "", label));
      at("sp-headlines").append(card);
    }
    if (page.notes.length) {
      const list = element("ul");
      for (const note of page.notes) list.append(element("li", "", note));
      at("sp-notes").append(element("h2", "", texts.notes), list);
    }
    const words = [texts.accuracy];
    if (page.crsName) words.unshift(fill(texts.analysis_crs, { crs: page.crsName }));
    at("sp-foot").textContent = words.join(page.language === "zh" ? "" : " ");
    const menu = at("sp-menu");
    menu.textContent = texts.menu;
    menu.addEventListener("click", () => {
      const open = document.body.classList.toggle("sp-menu-open");
      menu.setAttribute("aria-expanded", String(open));
    });
  }

  /* everything that is shown at first, or everything there is */
  function wholeBox() {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const wanted of [true, false]) {
      for (const layer of siteplan.layers) {
        if (wanted && !layer.shown) continue;
        const b = layer.data.shape.box;
        for (let r = 0; r < b.length; r += 4) siteplan.geo.grow(box, b.subarray(r, r + 4));
      }
      if (box[0] <= box[2]) return box;
    }
    return null;
  }

  function followPointer(map) {
    const where = document.getElementById("sp-where"), tip = document.getElementById("sp-tip");
    let latest = null;
    map.on("mousemove", (event) => {
      where.textContent = event.latlng.lng.toFixed(5) + ", " + event.latlng.lat.toFixed(5);
      if (!latest) requestAnimationFrame(() => {
        const [one] = siteplan.hits(latest.latlng, map.getZoom(), false);
        map.getContainer().classList.toggle("sp-pointing", Boolean(one));
        tip.hidden = !one || one.data.titleColumn === null || one.rank === 2;
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

  siteplan.start = function (map) {
    const page = siteplan.page = siteplan.block("page"), texts = siteplan.texts = page.texts;
    siteplan.map = map;
    fillFrame(page, texts);
    L.control.attribution({ prefix: "Leaflet", position: "bottomleft" }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 140 }).addTo(map);
    siteplan.panel.start(map);
    map.invalidateSize({ animate: false });
    const box = wholeBox();
    if (box) {
      map.fitBounds(siteplan.selection.latLngBounds(box), { maxZoom: 15, padding: [24, 24], animate: false });
    } else {
      document.getElementById("sp-notes").append(siteplan.dom.element("p", "sp-warning", texts.nothing));
    }
    siteplan.openSheet(map);
    siteplan.selection.open(map, page.link);
    siteplan.startLegend(map);
    siteplan.startSearch();
    followPointer(map);
    map.on("click", (event) => {
      const touch = window.matchMedia("(pointer: coarse)").matches;
      const found = siteplan.hits(event.latlng, map.getZoom(), touch).map((one) => siteplan.selection.owner(one));
      const seen = new Set();
      const ones = found.filter(({ data, f }) => {
        const name = data.key + " " + f;
        return seen.has(name) ? false : seen.add(name);
      });
      if (ones.length) siteplan.panel.open(ones); else siteplan.panel.close();
    });
    requestAnimationFrame(() => { document.documentElement.dataset.ready = "yes"; });
  };
})(window.siteplan);
