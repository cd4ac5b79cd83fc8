/* The map as a sheet of paper sized in millimetres: title, map at a round scale, legend of what is shown, scale bar,
   north arrow, date, source, CRS; then, where asked for, the list of hamlets that pass the filter. */
"use strict";
(function (siteplan) {
  const PX_PER_MM = 96 / 25.4, DPI = 200, RING = 40075016.686, MOST_ROWS = 1500, SHORT = 12;
  const PAPER = { a4: [297, 210], a3: [420, 297] };
  const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  const choice = { paper: "a4", upright: false, scale: 0, extent: "view", title: null, number: "", list: false };
  let map = null, box = null;

  /* zoom at which 1 mm on paper is `scale` mm on the ground at a latitude */
  function zoomOf(scale, latitude) {
    const metresPerPixel = scale * 0.0254 / 96;
    return Math.log2(RING * Math.cos(latitude * Math.PI / 180) / 256 / metresPerPixel);
  }

  /* the smallest round scale at which a box (world units) fits a frame (pixels) */
  function fitting(extent, width, height, latitude) {
    const metres = RING * Math.cos(latitude * Math.PI / 180);
    const least = Math.max((extent[2] - extent[0]) * metres / width, (extent[3] - extent[1]) * metres / height) * 96 / 0.0254;
    let ten = Math.pow(10, Math.floor(Math.log10(Math.max(least, 100))));
    return Math.max(500, ROUND.map((n) => n * ten).find((n) => n >= least * 0.999) || 10 * ten);
  }

  function extentOf() {
    if (choice.extent === "all") {
      const whole = siteplan.wholeBox();
      if (whole) return whole;
    }
    const seen = map.getBounds();
    return [siteplan.geo.worldX(seen.getWest()), siteplan.geo.worldY(seen.getNorth()), siteplan.geo.worldX(seen.getEast()), siteplan.geo.worldY(seen.getSouth())];
  }

  /* a bar of round length: [metres, millimetres] */
  function bar(scale) {
    const most = 45 * scale / 1000, ten = Math.pow(10, Math.floor(Math.log10(most)));
    const metres = [5, 2, 1].map((n) => n * ten).find((n) => n <= most);
    return [metres, metres * 1000 / scale];
  }

  function scaleBar(scale) {
    const { element } = siteplan.dom, [metres, wide] = bar(scale), node = element("div", "sp-bar"), line = element("div", "sp-bar-line");
    line.style.width = wide + "mm";
    line.append(element("i"), element("i"), element("i"), element("i"));
    const text = (m) => (metres >= 1000 ? m / 1000 + " km" : m + " m"), words = element("div", "sp-bar-words");
    words.style.width = wide + "mm";
    words.append(element("span", "", "0"), element("span", "", text(metres / 2)), element("span", "", text(metres)));
    node.append(line, words);
    return node;
  }

  function legend() {
    const { element } = siteplan.dom, box = element("div", "sp-key");
    box.append(element("h3", "", siteplan.texts.legend));
    const side = siteplan.compare.on() ? null : "now";
    for (const layer of siteplan.layers.slice().reverse()) {
      const data = layer.data;
      if (!layer.shown || data.size === 0 || (side && data.side === "planned")) continue;
      const single = data.classes.length === 1;
      const row = (c, label, n, className) => {
        const line = element("p", className);
        line.append(...siteplan.legendSwatches(data, c), element("span", "", label), element("b", "", String(n)));
        return line;
      };
      if (single) { box.append(row(0, data.title, siteplan.data.total(data), "")); continue; }
      box.append(element("h4", "", data.themes.length > 1 ? data.title + " · " + data.themeTitles[data.theme] : data.title));
      data.classes.forEach((look, c) => {
        const n = siteplan.data.count(data, c);
        if (!data.hidden[c] && n) box.append(row(c, look.label, n, "sp-key-class"));
      });
    }
    return box;
  }

  /* what the filter leaves on the sheet, in words */
  function filterWords() {
    const { township, group, least, most } = siteplan.filter.state, main = siteplan.filter.main(), words = [];
    if (township) words.push(siteplan.placeName(township));
    if (group && main) {
      const found = main.groups.find((one) => "group:" + one.key === group) || main.classes.find((look) => "class:" + look.key === group);
      if (found) words.push(found.label);
    }
    if (least !== null || most !== null) words.push(siteplan.texts.people + " " + (least === null ? "" : least) + "–" + (most === null ? "" : most));
    return words.length ? words.join(" · ") + " (" + siteplan.data.total(main) + ")" : "";
  }

  function today() {
    const now = new Date(), two = (n) => String(n).padStart(2, "0");
    return now.getFullYear() + "-" + two(now.getMonth() + 1) + "-" + two(now.getDate());
  }

  function footWords(scale) {
    const texts = siteplan.texts, grid = siteplan.page.grid, words = siteplan.words;
    const meridian = grid ? " · " + siteplan.fill(texts.central_meridian, { degrees: grid.central_meridian + "°" }) : "";
    return [
      [texts.scale, "1:" + scale.toLocaleString("en").replace(/,/g, "\u2009") + " (" + texts.at_middle + ")"],
      [texts.crs, (words.crsName || "WGS 84") + meridian],
      [texts.units, texts.metres],
      [texts.date, today()],
      [texts.source, words.source || "—"],
      [texts.review_number, choice.number || "＿＿＿＿＿＿"],
    ];
  }

  function drawFrame(canvas, view) {
    const ctx = canvas.getContext("2d");
    canvas.width = Math.round(view.width * view.ratio);
    canvas.height = Math.round(view.height * view.ratio);
    const paint = () => {
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.fillStyle = "#ffffff";
      ctx.fillRect(0, 0, canvas.width, canvas.height);
      ctx.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
      const waiting = siteplan.ground.draw(ctx, view, again);
      const split = siteplan.compare.on() ? view.width * siteplan.compare.share() : null;
      siteplan.drawMap(ctx, view, split);
      if (split !== null) {
        ctx.fillStyle = "#111";
        ctx.fillRect(split - 0.75, 0, 1.5, view.height);
      }
      siteplan.selection.draw(ctx, view, split);
      return waiting;
    };
    const again = () => { if (canvas.isConnected) paint(); };
    paint();
  }

  function sheet() {
    const { element } = siteplan.dom, texts = siteplan.texts;
    const [long, short] = PAPER[choice.paper], [width, height] = choice.upright ? [short, long] : [long, short];
    const page = element("section", "sp-sheet sp-" + choice.paper + (choice.upright ? "-upright" : "-flat"));
    page.style.width = width + "mm";
    page.style.height = height + "mm";
    const big = choice.paper === "a3", margin = 9, head = big ? 17 : 14, foot = big ? 12 : 10, side = big ? 66 : 54;
    const frameWide = width - 2 * margin - side - 3, frameHigh = height - 2 * margin - head - foot;
    const title = element("h1", "", choice.title === null ? siteplan.words.title : choice.title);
    const top = element("header");
    top.append(element("span", "sp-filtered", filterWords()), title, element("span", "sp-mark", texts.working_draft));
    const frame = element("div", "sp-frame"), canvas = element("canvas");
    frame.style.width = frameWide + "mm";
    frame.style.height = frameHigh + "mm";
    frame.append(canvas);
    const extent = extentOf(), middle = [(extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2];
    const latitude = siteplan.geo.latitude(middle[1]), w = frameWide * PX_PER_MM, h = frameHigh * PX_PER_MM;
    const scale = choice.scale || fitting(extent, w, h, latitude), zoom = zoomOf(scale, latitude), world = 256 * Math.pow(2, zoom);
    const view = siteplan.viewOf(zoom, middle[0] * world - w / 2, middle[1] * world - h / 2, w, h, DPI / 96);
    view.labelZoom = zoom + 1; // paper is read from nearer than a screen, and is sharper
    page.dataset.scale = String(scale);
    const key = element("aside");
    key.style.width = side + "mm";
    key.style.height = frameHigh + "mm";
    key.append(siteplan.symbols.north("sp-north"), legend(), scaleBar(scale));
    const body = element("div", "sp-sheet-body");
    body.append(frame, key);
    if (siteplan.compare.on()) frame.append(element("span", "sp-side-words sp-left", texts.side_now), element("span", "sp-side-words sp-right", texts.side_planned));
    const bottom = element("footer");
    for (const [label, value] of footWords(scale)) {
      const cell = element("span");
      cell.append(element("em", "", label), document.createTextNode(" " + value));
      bottom.append(cell);
    }
    page.append(top, body, bottom);
    return { page, draw() { shrink(key); drawFrame(canvas, view); } };
  }

  /* a legend too long for its column is set smaller, then in two columns, down to what can still be read */
  function shrink(aside) {
    const key = aside.querySelector(".sp-key"), largest = choice.paper === "a3" ? 3.2 : 2.9;
    for (const two of [false, true]) {
      aside.classList.toggle("sp-two", two);
      for (let size = largest; size > 1.9; size -= 0.1) {
        aside.style.fontSize = size + "mm";
        if (key.scrollHeight <= key.clientHeight + 1 && key.scrollWidth <= key.clientWidth + 1) return;
      }
    }
  }

  /* the rows that pass the filter, with what a reader asks of them */
  function list() {
    const { element } = siteplan.dom, texts = siteplan.texts, data = siteplan.filter.main();
    const page = element("section", "sp-list sp-" + choice.paper + (choice.upright ? "-upright" : "-flat") + "-list");
    const rows = [];
    for (let f = 0; f < data.size; f++) if (siteplan.data.passes(data, f)) rows.push(f);
    page.append(element("h1", "", (choice.title === null ? siteplan.words.title : choice.title) + " · " + data.title), element("p", "", [filterWords(), today()].filter(Boolean).join(" · ")));
    const table = element("table"), head = element("tr"), top = element("thead"), body = element("tbody");
    const named = [[data.titleColumn, texts.name]].concat(data.fields.filter(([name]) => name !== data.titleColumn)).filter(([name]) => name !== null);
    const wanted = data.listColumns.length ? named.filter(([name]) => name === data.titleColumn || data.listColumns.includes(name)) : named.slice(0, 12);
    const kept = wanted.filter(([name]) => rows.some((f) => data.cells[name][f] !== null));
    for (const [, label] of kept) head.append(element("th", "", label));
    for (const f of rows.slice(0, MOST_ROWS)) {
      const line = element("tr");
      for (const [name] of kept) {
        const text = name === data.titleColumn ? siteplan.panel.titleOf(data, f) : siteplan.panel.cellText(data, name, f);
        line.append(element("td", text.length <= SHORT ? "sp-short" : "", text));
      }
      body.append(line);
    }
    top.append(head);
    table.append(top, body);
    page.append(table);
    if (rows.length > MOST_ROWS) page.append(element("p", "", siteplan.fill(texts.rows_left_out, { n: rows.length - MOST_ROWS })));
    return page;
  }

  function select(id, label, options, value, act) {
    const { element } = siteplan.dom, row = element("label"), node = element("select");
    node.id = id;
    for (const [key, text] of options) {
      const option = element("option", "", text);
      option.value = key;
      node.append(option);
    }
    node.value = value;
    node.addEventListener("change", () => { act(node.value); show(); });
    row.append(element("span", "", label), node);
    return row;
  }

  function text(id, label, value, act) {
    const { element } = siteplan.dom, row = element("label"), node = element("input");
    node.id = id;
    node.type = "text";
    node.value = value;
    node.addEventListener("change", () => { act(node.value); show(); });
    row.append(element("span", "", label), node);
    return row;
  }

  function bars() {
    const { element, button } = siteplan.dom, texts = siteplan.texts, bar = element("form", "sp-print-bar");
    bar.addEventListener("submit", (event) => event.preventDefault());
    const scales = [5e3, 1e4, 2e4, 2.5e4, 5e4, 1e5, 1.5e5, 2e5, 2.5e5, 5e5, 1e6].map((n) => [String(n), "1:" + n.toLocaleString("en").replace(/,/g, " ")]);
    const flag = element("label"), tick = element("input");
    tick.type = "checkbox";
    tick.id = "sp-print-list";
    tick.checked = choice.list;
    tick.addEventListener("change", () => { choice.list = tick.checked; show(); });
    flag.append(tick, element("span", "", texts.with_list));
    bar.append(
      select("sp-print-paper", texts.paper, [["a4", "A4"], ["a3", "A3"]], choice.paper, (value) => { choice.paper = value; }),
      select("sp-print-turn", texts.orientation, [["flat", texts.landscape], ["upright", texts.portrait]], choice.upright ? "upright" : "flat", (value) => { choice.upright = value === "upright"; }),
      select("sp-print-extent", texts.extent, [["view", texts.extent_view], ["all", texts.extent_all]], choice.extent, (value) => { choice.extent = value; }),
      select("sp-print-scale", texts.scale, [["0", texts.scale_fit]].concat(scales), String(choice.scale), (value) => { choice.scale = Number(value); }),
      text("sp-print-title", texts.sheet_title, choice.title === null ? siteplan.words.title : choice.title, (value) => { choice.title = value; }),
      text("sp-print-number", texts.review_number, choice.number, (value) => { choice.number = value; }),
      flag,
      button("sp-action", texts.print, () => window.print()),
      button("sp-action", texts.close, () => siteplan.printing.toggle(false)),
    );
    return bar;
  }

  /* the sheet anew, under the same bar: a click that ended typing still meets its button */
  function show() {
    if (box.hidden) return;
    const made = sheet(), desk = siteplan.dom.element("div", "sp-desk"), old = box.querySelector(".sp-desk");
    desk.append(made.page);
    if (choice.list && siteplan.filter.main()) desk.append(list());
    if (old) old.replaceWith(desk); else box.append(desk);
    made.draw();
  }

  let before = null; // what had the focus

  siteplan.printing = {
    choice, fitting, zoomOf,
    on() { return !box.hidden; },
    toggle(wanted) {
      const on = wanted === undefined ? box.hidden : wanted;
      if (on !== box.hidden) return;
      box.hidden = !on;
      document.body.classList.toggle("sp-printing", on);
      for (const node of document.body.children) if (node !== box && node.tagName !== "SCRIPT") node.inert = on;
      if (on) {
        before = document.activeElement;
        box.replaceChildren(bars());
        show();
        box.querySelector("select").focus();
      } else {
        box.replaceChildren();
        if (before) before.focus({ preventScroll: true });
      }
    },
    open(theMap) {
      map = theMap;
      box = siteplan.dom.at("sp-print");
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-modal", "true");
      siteplan.whenSpoken(() => {
        box.setAttribute("aria-label", siteplan.texts.print);
        if (box.hidden) return;
        box.replaceChildren(bars());
        show();
      });
      // Ctrl-P on the map prints the sheet, not a clipped window
      window.addEventListener("beforeprint", () => siteplan.printing.toggle(true));
      // first of all handlers: the sheet lies over everything else
      document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || box.hidden) return;
        siteplan.printing.toggle(false);
        event.preventDefault();
        event.stopImmediatePropagation();
      }, true);
    },
  };
})(window.siteplan);
