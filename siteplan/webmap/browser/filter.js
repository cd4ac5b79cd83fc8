/* Which rows are shown: by township, by class (or group of classes), by number of people. Ways, breaks and what is
   planned follow their hamlets. The legend's boxes hide symbols; the filter takes rows out of counts and tables too. */
"use strict";
(function (siteplan) {
  const state = { township: "", group: "", least: null, most: null };
  const listeners = [];
  let main = null;

  function mainLayer() {
    const link = siteplan.page.link, pointed = link ? siteplan.find(link.points) : null;
    if (pointed) return pointed;
    const first = siteplan.layers.find(({ data }) => data.townshipColumn !== null || data.peopleColumn !== null);
    return first ? first.data : null;
  }

  function active() { return state.township !== "" || state.group !== "" || state.least !== null || state.most !== null; }

  /* the classes that the filter lets through, or null for all */
  function classesWanted() {
    if (state.group === "") return null;
    const group = main.groups.find((one) => "group:" + one.key === state.group);
    const keys = group ? group.classes : [state.group.replace(/^class:/, "")];
    return main.classes.map((look) => keys.includes(look.key));
  }

  function visibleOf(data) {
    const town = data.townshipColumn !== null && state.township !== "" ? data.cells[data.townshipColumn] : null;
    const people = data.peopleColumn !== null && (state.least !== null || state.most !== null) ? data.cells[data.peopleColumn] : null;
    const wanted = data === main ? classesWanted() : null;
    if (!town && !people && !wanted) return null;
    const visible = new Uint8Array(data.size);
    for (let f = 0; f < data.size; f++) {
      if (town && String(town[f]) !== state.township) continue;
      if (wanted && !wanted[data.classOf[f]]) continue;
      if (people) {
        const n = people[f]; // not known is in no range
        if (n === null || (state.least !== null && n < state.least) || (state.most !== null && n > state.most)) continue;
      }
      visible[f] = 1;
    }
    return visible;
  }

  function follow(data, id) {
    if (!main.visible) return null;
    const passing = new Set(), ids = main.cells[id], own = data.cells[id], visible = new Uint8Array(data.size);
    for (let f = 0; f < main.size; f++) if (main.visible[f]) passing.add(String(ids[f]));
    for (let f = 0; f < data.size; f++) visible[f] = passing.has(String(own[f])) ? 1 : 0;
    return visible;
  }

  function apply() {
    const link = siteplan.page.link;
    if (main) {
      main.visible = visibleOf(main);
      for (const { data } of siteplan.layers) {
        if (data === main) continue;
        const linked = link && link.id in data.cells && (data.key === link.lines || data.key === link.breaks || data.key === link.points + "_planned");
        data.visible = linked ? follow(data, link.id) : visibleOf(data);
      }
    }
    for (const act of listeners) act();
    siteplan.redraw();
    siteplan.viewed();
  }

  function option(value, text) {
    const node = siteplan.dom.element("option", "", text);
    node.value = value;
    return node;
  }

  function choice(id, label, options, value, act) {
    const { element } = siteplan.dom, row = element("label", "sp-filter-row"), select = element("select");
    select.id = id;
    select.append(...options);
    select.value = value;
    select.addEventListener("change", () => act(select.value));
    row.append(element("span", "", label), select);
    return row;
  }

  function townships() {
    const counts = new Map(), column = main.cells[main.townshipColumn];
    for (const name of column) if (name !== null) counts.set(String(name), (counts.get(String(name)) || 0) + 1);
    return Array.from(counts).sort((a, b) => a[0].localeCompare(b[0], siteplan.language));
  }

  function numberBox(id, label, key) {
    const box = siteplan.dom.element("input");
    box.type = "number";
    box.min = "0";
    box.id = id;
    box.placeholder = label;
    box.setAttribute("aria-label", label);
    box.addEventListener("change", () => {
      state[key] = box.value === "" ? null : Number(box.value);
      apply();
    });
    return box;
  }

  /* the controls; rebuilt only for another language or sorting, so that typing in one is not cut short */
  function build() {
    const { element, button, at } = siteplan.dom, texts = siteplan.texts, box = at("sp-filter");
    box.replaceChildren();
    box.hidden = !main;
    if (!main) return;
    box.append(element("h2", "", texts.filter));
    if (main.townshipColumn !== null) {
      const names = townships().map(([name, n]) => option(name, siteplan.placeName(name) + " (" + n + ")"));
      box.append(choice("sp-township", texts.township, [option("", texts.all)].concat(names), state.township, (value) => {
        state.township = value;
        apply();
        siteplan.filter.visit();
      }));
    }
    const groups = main.groups.map((one) => option("group:" + one.key, one.label));
    const classes = main.classes.map((look) => option("class:" + look.key, look.label));
    if (classes.length > 1) {
      box.append(choice("sp-group", main.themeTitles[main.theme], [option("", texts.all)].concat(groups, classes), state.group, (value) => {
        state.group = value;
        apply();
      }));
    }
    if (main.peopleColumn !== null) {
      const row = element("div", "sp-filter-row");
      row.append(element("span", "", texts.people), numberBox("sp-least", texts.people_from, "least"), element("i", "", "–"), numberBox("sp-most", texts.people_to, "most"));
      box.append(row);
    }
    const foot = element("p", "sp-filter-foot"), off = button("sp-link", texts.filter_off, () => {
      siteplan.filter.set({ township: "", group: "", least: null, most: null });
    });
    foot.id = "sp-filtered";
    foot.setAttribute("role", "status");
    off.id = "sp-filter-off";
    foot.append(element("span"), off);
    box.append(foot);
    show();
  }

  /* what the controls say, after the filter changed */
  function show() {
    const { at } = siteplan.dom;
    if (!main) return;
    const put = (id, value) => { const node = at(id); if (node && node.value !== value) node.value = value; };
    put("sp-township", state.township);
    put("sp-group", state.group);
    put("sp-least", state.least === null ? "" : String(state.least));
    put("sp-most", state.most === null ? "" : String(state.most));
    at("sp-filtered").firstChild.textContent = siteplan.fill(siteplan.texts.filtered, { n: siteplan.data.total(main), of: main.size, layer: main.title });
    at("sp-filter-off").hidden = !active();
  }

  siteplan.filter = {
    state, active, apply,
    main() { return main; },
    whenApplied(act) { listeners.push(act); },
    set(wanted) {
      Object.assign(state, wanted);
      const known = main && (main.groups.some((one) => "group:" + one.key === state.group) || main.classes.some((look) => "class:" + look.key === state.group));
      if (!known) state.group = "";
      if (!main || main.townshipColumn === null || !main.cells[main.townshipColumn].includes(state.township)) state.township = "";
      apply();
    },
    /* a class filter of another sorting means nothing */
    forget() { state.group = ""; build(); apply(); },
    /* the view on what passes */
    visit() {
      if (!main || !main.visible) return;
      const box = [Infinity, Infinity, -Infinity, -Infinity], { runOf, box: boxes } = main.shape;
      for (let f = 0; f < main.size; f++) {
        if (!main.visible[f]) continue;
        for (let r = runOf[f]; r < runOf[f + 1]; r++) siteplan.geo.grow(box, boxes.subarray(4 * r, 4 * r + 4));
      }
      if (box[0] <= box[2]) siteplan.panel.fit(siteplan.selection.latLngBounds(box), 14);
    },
    open() {
      main = mainLayer();
      listeners.push(show);
      siteplan.whenSpoken(build);
    },
  };
})(window.siteplan);
