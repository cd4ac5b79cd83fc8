/* The slider between what is (left) and what will be when the planned projects are done (right). */
"use strict";
(function (siteplan) {
  const THUMB = 36; // as in page.css: the handle stays inside the map
  let on = false, share = 0.5, map = null;

  function splitX() { return THUMB / 2 + share * (map.getContainer().clientWidth - THUMB); }

  function place() {
    siteplan.dom.at("sp-split").style.left = splitX() + "px";
    siteplan.redrawAll();
  }

  function show() {
    const { at } = siteplan.dom, texts = siteplan.texts;
    at("sp-compare").hidden = !on;
    at("sp-split").hidden = !on;
    at("sp-slider").setAttribute("aria-label", texts.compare);
    at("sp-slider").setAttribute("aria-valuetext", siteplan.fill(texts.compare_share, { n: Math.round(share * 100) }));
    at("sp-side-now").textContent = texts.side_now;
    at("sp-side-planned").textContent = texts.side_planned;
  }

  siteplan.compare = {
    on() { return on; },
    share() { return share; },
    /* to a share of the map's width */
    move(to) { share = Math.max(0, Math.min(1, to)); siteplan.dom.at("sp-slider").value = String(Math.round(share * 100)); show(); place(); },
    /* there is something to compare */
    possible() { return siteplan.layers.some(({ data }) => data.side === "planned"); },
    /* where the split stands, in pixels of the view, or null */
    split(view) {
      if (!on) return null;
      const left = map.containerPointToLayerPoint([splitX(), 0]).x + map.getPixelOrigin().x;
      return Math.max(0, Math.min(view.width, left - view.left));
    },
    /* the side that a place of the map's container is on */
    sideAt(x) { return on && x > splitX() ? "planned" : "now"; },
    toggle(wanted) {
      on = (wanted === undefined ? !on : wanted) && siteplan.compare.possible();
      siteplan.tools.mark("compare", on);
      show();
      place();
      siteplan.showLegend();
      siteplan.redrawAll();
      siteplan.viewed();
    },
    open(theMap) {
      map = theMap;
      const slider = siteplan.dom.at("sp-slider"), bar = siteplan.dom.at("sp-compare");
      map.getContainer().append(siteplan.dom.at("sp-split"), bar);
      L.DomEvent.disableClickPropagation(slider);
      slider.addEventListener("input", () => { share = slider.value / 100; show(); place(); });
      slider.addEventListener("change", () => siteplan.viewed());
      map.on("move resize", () => { if (on) place(); });
      siteplan.whenSpoken(show);
    },
  };
})(window.siteplan);
