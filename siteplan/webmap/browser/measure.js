/* Length and area on the ground: click or press Enter (at the cross in the middle) for each corner; Backspace takes one
   back, Escape ends. */
"use strict";
(function (siteplan) {
  let on = false, places = [], canvas = null, map = null;

  function metres(n) { return n < 1000 ? n.toFixed(1) + " m" : (n / 1000).toFixed(3) + " km"; }
  function squares(n) {
    const mu = siteplan.language === "zh" ? " · " + (n * 3 / 2000).toFixed(1) + " " + siteplan.texts.mu : "";
    return (n < 10000 ? n.toFixed(0) + " m²" : n < 1e6 ? (n / 1e4).toFixed(2) + " ha" : (n / 1e6).toFixed(3) + " km²") + mu;
  }

  function show() {
    const { element, button, at } = siteplan.dom, texts = siteplan.texts, box = at("sp-measure");
    box.hidden = !on;
    if (!on) return;
    const length = siteplan.plane.length(places), area = siteplan.plane.area(places);
    box.replaceChildren(element("p", "sp-hint", texts.measure_how));
    const list = element("dl");
    list.append(element("dt", "", texts.length), element("dd", "", metres(length)));
    if (places.length > 2) {
      list.append(element("dt", "", texts.area), element("dd", "", squares(area)));
      list.append(element("dt", "", texts.around), element("dd", "", metres(siteplan.plane.length(places.concat([places[0]])))));
    }
    box.append(list, button("sp-link", texts.measure_again, () => { places = []; refresh(); }), button("sp-link", texts.close, () => siteplan.measure.toggle(false)));
  }

  function refresh() { show(); canvas.redraw(); }

  function draw(ctx, view) {
    if (!on) return;
    const at = places.map(([lon, lat]) => {
      const [x, y] = siteplan.ground.datum === "gcj02" ? siteplan.gcj02.forward(lon, lat) : [lon, lat];
      return [siteplan.geo.worldX(x) * view.scale - view.left, siteplan.geo.worldY(y) * view.scale - view.top];
    });
    ctx.lineJoin = "round";
    ctx.beginPath();
    at.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
    if (at.length > 2) {
      ctx.fillStyle = "rgba(0, 90, 200, 0.12)";
      ctx.fill();
    }
    for (const [width, colour] of [[5, "#ffffff"], [2.5, "#0055bb"]]) {
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
    if (at.length > 2) { // what closes the area is not part of the length
      ctx.beginPath();
      ctx.moveTo(...at[at.length - 1]);
      ctx.lineTo(...at[0]);
      ctx.setLineDash([5, 5]);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    for (const [x, y] of at) {
      ctx.beginPath();
      ctx.arc(x, y, 4, 0, 2 * Math.PI);
      ctx.fillStyle = "#ffffff";
      ctx.fill();
      ctx.stroke();
    }
  }

  /* the second click of a double one is no corner */
  function add(latlng) {
    const last = places[places.length - 1], place = siteplan.ground.truePlace(latlng);
    if (last && siteplan.plane.length([last, place]) * 256 * Math.pow(2, map.getZoom()) / 40075016 < 3) return;
    places.push(place);
    refresh();
  }

  siteplan.measure = {
    active() { return on; },
    add,
    places() { return places; },
    toggle(wanted) {
      on = wanted === undefined ? !on : wanted;
      if (!on) places = [];
      document.body.classList.toggle("sp-measuring", on);
      siteplan.tools.mark("measure", on);
      if (on) map.doubleClickZoom.disable(); else map.doubleClickZoom.enable();
      if (on) map.getContainer().focus();
      refresh();
    },
    open(theMap) {
      map = theMap;
      canvas = siteplan.addCanvas(map, "measure", 460, draw);
      siteplan.whenSpoken(show);
      document.addEventListener("keydown", (event) => {
        if (!on || !(event.target === document.body || map.getContainer().contains(event.target)) || siteplan.printing.on()) return;
        if (event.key === "Enter") add(map.getCenter());
        else if (event.key === "Backspace") { places.pop(); refresh(); }
        else if (event.key === "Escape") siteplan.measure.toggle(false);
        else return;
        event.preventDefault();
      });
    },
  };
})(window.siteplan);
