/* The table of one layer below the map: rows that pass the filter, sorted by any column; row and map are linked. Only
   the rows in sight are in the page. */
"use strict";
(function (siteplan) {
  const HEIGHT = 30, SPARE = 10;
  let data = null, order = [], sortedBy = null, down = false, body = null, scroller = null, active = -1;

  function choices() {
    return siteplan.layers.map((layer) => layer.data).filter((one) => one.fields.length && one.size && one.side !== "planned").reverse();
  }

  /* numbers by size, texts by the language's order, missing ones last either way */
  function sort() {
    order = [];
    for (let f = 0; f < data.size; f++) if (siteplan.data.passes(data, f)) order.push(f);
    if (!sortedBy || !(sortedBy in data.cells)) return;
    const values = data.cells[sortedBy], words = new Intl.Collator(siteplan.language === "zh" ? "zh-Hans" : "en", { numeric: true });
    const worded = data.themes.some((one) => one.column === sortedBy);
    const key = worded ? (f) => (values[f] === null ? null : siteplan.data.labelBy(data, sortedBy, f)) : (f) => values[f];
    const by = down ? -1 : 1;
    order.sort((f, g) => {
      const a = key(f), b = key(g);
      if (a === null || b === null) return (a === null) - (b === null) || f - g;
      const less = typeof a === "number" && typeof b === "number" ? a - b : words.compare(String(a), String(b));
      return by * less || f - g;
    });
  }

  function cellsOf(f) {
    const title = data.titleColumn === null ? [] : [siteplan.panel.titleOf(data, f)];
    return title.concat(columns().map(([name]) => siteplan.panel.cellText(data, name, f)));
  }

  function columns() { return data.fields.filter(([name]) => name !== data.titleColumn); }

  function rowOf(k) {
    const { element } = siteplan.dom, f = order[k], row = element("tr"), current = siteplan.selection.current();
    row.dataset.row = String(f);
    row.setAttribute("aria-rowindex", String(k + 2));
    if (current !== null && current.data === data && current.f === f) row.setAttribute("aria-current", "true");
    for (const text of cellsOf(f)) {
      const cell = element("td", "", text);
      if (text.length > 12) cell.title = text;
      row.append(cell);
    }
    row.addEventListener("click", () => pick(k));
    return row;
  }

  function paint() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(order.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / HEIGHT) + SPARE);
    const gap = (rows) => {
      const row = siteplan.dom.element("tr", "sp-gap");
      row.style.height = rows * HEIGHT + "px";
      return row;
    };
    const rows = [];
    for (let k = first; k < last; k++) rows.push(rowOf(k));
    body.replaceChildren(gap(first), ...rows, gap(order.length - last));
  }

  function pick(k) {
    if (k < 0 || k >= order.length) return;
    active = k;
    // on a narrow screen the panel takes the table's place
    if (window.matchMedia("(max-width: 760px)").matches) siteplan.table.toggle(false);
    siteplan.panel.visit({ data, f: order[k] });
  }

  function bring(k) {
    const top = k * HEIGHT, seen = scroller.clientHeight - HEIGHT;
    if (top < scroller.scrollTop || top > scroller.scrollTop + seen - HEIGHT) scroller.scrollTop = Math.max(0, top - seen / 2);
  }

  /* the map's selection is brought into sight */
  function follow(one) {
    if (!opened()) return;
    if (one && one.data === data) {
      const k = order.indexOf(one.f);
      if (k >= 0) { active = k; bring(k); }
    }
    paint();
  }

  function opened() { return !siteplan.dom.at("sp-table").hidden; }

  function head() {
    const { element, button } = siteplan.dom, row = element("tr");
    const named = data.titleColumn === null ? [] : [[data.titleColumn, siteplan.texts.name]];
    for (const [name, label] of named.concat(columns())) {
      const cell = element("th"), on = sortedBy === name;
      cell.scope = "col";
      cell.setAttribute("aria-sort", on ? (down ? "descending" : "ascending") : "none");
      const sorter = button("sp-sort", label + (on ? (down ? " ▼" : " ▲") : ""), () => {
        down = on ? !down : false;
        sortedBy = name;
        refresh();
        siteplan.viewed();
      });
      sorter.id = "sp-sort-" + name;
      cell.append(sorter);
      cell.style.width = widthOf(name, label) + "px";
      row.append(cell);
    }
    return row;
  }

  /* wide enough for the label and for most of the first rows */
  function widthOf(name, label) {
    const size = (text) => Array.from(text).reduce((sum, one) => sum + (one > "\u2e80" ? 13.5 : 7.5), 26);
    const seen = order.slice(0, 60).map((f) => size(siteplan.panel.cellText(data, name, f))).sort((a, b) => a - b);
    return Math.round(Math.max(size(label) + 8, Math.min(380, seen.length ? seen[Math.floor(seen.length * 0.9)] : 0)));
  }

  function refresh() { siteplan.dom.keepFocus(build); }

  /* after a filter: other rows under the same head */
  function refill() {
    if (!data || !opened()) return;
    sort();
    siteplan.dom.at("sp-table-count").textContent = siteplan.fill(siteplan.texts.rows, { n: order.length, of: data.size });
    settle();
  }

  /* the selected row, where it is now, in sight */
  function settle() {
    const current = siteplan.selection.current();
    active = current && current.data === data ? order.indexOf(current.f) : -1;
    if (active >= 0) bring(active);
    paint();
  }

  function build() {
    if (!data || !opened()) return;
    const { element, button, at } = siteplan.dom, texts = siteplan.texts, box = at("sp-table");
    const left = scroller ? scroller.scrollLeft : 0;
    sort();
    const bar = element("header"), select = element("select");
    select.id = "sp-table-layer";
    select.setAttribute("aria-label", texts.table);
    for (const one of choices()) {
      const option = element("option", "", one.title);
      option.value = one.key;
      select.append(option);
    }
    select.value = data.key;
    select.addEventListener("change", () => { siteplan.table.choose(select.value); });
    const shut = button("sp-close", "×", () => siteplan.table.toggle(false));
    shut.setAttribute("aria-label", texts.close);
    const count = element("span", "sp-table-count", siteplan.fill(texts.rows, { n: order.length, of: data.size }));
    count.id = "sp-table-count";
    count.setAttribute("role", "status");
    bar.append(select, count, shut);
    scroller = element("div", "sp-scroller");
    scroller.tabIndex = 0;
    scroller.id = "sp-scroller";
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", data.title);
    const table = element("table"), top = element("thead");
    body = element("tbody");
    table.setAttribute("aria-rowcount", String(order.length + 1));
    top.append(head());
    table.append(top, body);
    scroller.append(table);
    scroller.addEventListener("scroll", paint);
    scroller.addEventListener("keydown", keys);
    box.replaceChildren(bar, scroller);
    scroller.scrollLeft = left;
    settle();
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step) active = Math.max(0, Math.min(order.length - 1, active + step));
    else if (event.key === "Home") active = 0;
    else if (event.key === "End") active = order.length - 1;
    else return;
    event.preventDefault();
    pick(active);
    bring(active);
  }

  siteplan.table = {
    toggle(on) {
      const box = siteplan.dom.at("sp-table");
      data = data || siteplan.filter.main() || choices()[0] || null;
      if (!data) return;
      box.hidden = on === undefined ? !box.hidden : !on;
      document.body.classList.toggle("sp-table-open", !box.hidden);
      siteplan.tools.mark("table", !box.hidden);
      siteplan.map.invalidateSize({ animate: false });
      refresh();
      siteplan.viewed();
    },
    opened,
    state() { return data ? { layer: data.key, by: sortedBy, down } : null; },
    choose(key, by, isDown) {
      data = siteplan.find(key) || data;
      sortedBy = by || null;
      down = Boolean(isDown);
      refresh();
      siteplan.exporting.refresh();
      siteplan.viewed();
    },
    /* the layer of the table and its rows in their order: what an export writes */
    rows() {
      data = data || siteplan.filter.main() || choices()[0] || null;
      if (data) sort();
      return { data, order };
    },
    open() {
      siteplan.whenSpoken(refresh);
      siteplan.filter.whenApplied(refill);
      siteplan.selection.whenChanged(follow);
    },
  };
})(window.siteplan);
