/* Search by any text of the layers' search columns and by the first letters of its pinyin; arrows, Enter and Escape
   work. */
"use strict";
(function (siteplan) {
  const MOST = 40, latin = /^[a-z0-9]+$/;
  const fold = (text) => text.normalize("NFKC").toLowerCase().trim();

  /* First letters of a text's pinyin, every reading of it ("重庆" is "cq" and "zq"), joined by line ends; "" without
     Chinese. Of a text with many readings the first sixteen combinations are taken. */
  function initialsOf(text) {
    const letters = siteplan.page.initials;
    let found = [""], chinese = false;
    for (const character of text) {
      const readings = letters[character];
      if (readings) chinese = true;
      const own = readings ? Array.from(readings) : [character];
      found = found.flatMap((start) => own.map((one) => start + one)).slice(0, 16);
    }
    return chinese ? found.join("\n") : "";
  }

  /* [{one: {data, f}, texts: [shown], folded: [searched]}] over all layers, points first */
  function buildIndex() {
    const index = [];
    for (const { data } of siteplan.layers.slice().reverse()) {
      if (data.searchColumns.length === 0 || data.side === "planned") continue;
      for (let f = 0; f < data.size; f++) {
        const texts = data.searchColumns.map((name) => data.cells[name][f]).filter((value) => value !== null).map(String);
        index.push({ one: { data, f }, texts, folded: texts.map(fold), initials: null });
      }
    }
    return index;
  }

  /* 0 whole text, 1 its beginning, 2 within it, 3 not at all; with the text that matched best */
  function grade(entry, wanted) {
    let best = 3, text = "";
    entry.folded.forEach((have, i) => {
      const at = have.indexOf(wanted), rank = at < 0 ? 3 : have === wanted ? 0 : at === 0 ? 1 : 2;
      if (rank < best) { best = rank; text = entry.texts[i]; }
    });
    if (best === 3 && latin.test(wanted)) {
      entry.initials = entry.initials || entry.folded.map(initialsOf);
      entry.initials.forEach((have, i) => {
        const at = have.indexOf(wanted), rank = at < 0 ? 3 : at === 0 || have[at - 1] === "\n" ? 2.2 : 2.5;
        if (rank < best) { best = rank; text = entry.texts[i]; }
      });
    }
    return { rank: best, text };
  }

  siteplan.startSearch = function () {
    const { element } = siteplan.dom, fill = siteplan.fill;
    const input = document.getElementById("sp-query"), list = document.getElementById("sp-hits");
    let index = null, shown = [], active = -1;
    siteplan.whenSpoken(() => {
      input.placeholder = siteplan.texts.search_placeholder;
      input.setAttribute("aria-label", siteplan.texts.search_placeholder);
      index = null;
    });

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      active = -1;
    }

    function activate(n) {
      active = shown.length ? (n + shown.length) % shown.length : -1;
      Array.from(list.querySelectorAll("[role=option]")).forEach((item, i) => {
        item.setAttribute("aria-selected", String(i === active));
        if (i === active) {
          item.scrollIntoView({ block: "nearest" });
          input.setAttribute("aria-activedescendant", item.id);
        }
      });
    }

    function choose(n) {
      const one = shown[n].one;
      close();
      document.body.classList.remove("sp-menu-open");
      siteplan.dom.at("sp-menu").setAttribute("aria-expanded", "false");
      siteplan.panel.visit(one);
      siteplan.panel.focus();
    }

    function search() {
      const wanted = fold(input.value), texts = siteplan.texts;
      list.replaceChildren();
      if (!wanted) { shown = []; close(); return; }
      index = index || buildIndex();
      const found = [];
      for (const entry of index) {
        const { rank, text } = grade(entry, wanted);
        if (rank < 3) found.push({ one: entry.one, rank, text });
      }
      // the hamlets before other layers, those before what is not shown; then as they stand: layers from the top
      const place = ({ one }) => (one.data === siteplan.filter.main() ? 0 : siteplan.shownOn("now").includes(one.data) ? 1 : 2);
      found.forEach((hit) => { hit.place = place(hit); });
      found.sort((a, b) => Math.floor(a.rank) - Math.floor(b.rank) || a.place - b.place || a.rank - b.rank);
      shown = found.slice(0, MOST);
      shown.forEach((hit, i) => {
        const { data, f } = hit.one, item = element("li");
        item.setAttribute("role", "option");
        item.id = "sp-hit-" + i;
        const title = siteplan.panel.titleOf(data, f);
        const words = element("span", "sp-hit-words");
        words.append(element("span", "sp-hit-title", title));
        const extra = [siteplan.panel.classLabel(data, f)].concat(hit.text === title ? [] : [hit.text]);
        words.append(element("span", "sp-hit-extra", extra.join(" · ")));
        item.append(siteplan.symbols.swatch(data.classes[data.classOf[f]], data.shape.kindOf(f)), words);
        item.addEventListener("mousedown", (event) => event.preventDefault());
        item.addEventListener("click", () => choose(i));
        list.append(item);
      });
      if (found.length === 0) list.append(element("li", "sp-hint", texts.search_none));
      if (found.length > MOST) list.append(element("li", "sp-hint", fill(texts.search_more, { n: found.length - MOST })));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      activate(0);
    }

    input.addEventListener("input", search);
    input.addEventListener("focus", () => { if (input.value) search(); });
    input.addEventListener("blur", () => close());
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // the Enter that ends a Chinese input method's word
      if (event.key === "ArrowDown") { if (list.hidden) search(); else activate(active + 1); }
      else if (event.key === "ArrowUp") activate(active - 1);
      else if (event.key === "Enter") { if (active >= 0) choose(active); }
      else if (event.key === "Escape" && !list.hidden) { close(); event.stopPropagation(); }
      else return;
      event.preventDefault();
    });
  };
})(window.siteplan);
