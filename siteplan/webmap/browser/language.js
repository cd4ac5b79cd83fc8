/* Words of the page in the language chosen; whoever shows words registers to show them anew after a switch. */
"use strict";
(function (siteplan) {
  const listeners = [];

  function fill(text, places) {
    return Object.keys(places).reduce((done, name) => done.split("{" + name + "}").join(String(places[name])), text);
  }

  function use(language) {
    siteplan.language = language;
    siteplan.words = siteplan.page.words[language];
    siteplan.texts = siteplan.words.texts;
    document.documentElement.lang = siteplan.words.tag;
    document.title = siteplan.words.title;
  }

  siteplan.fill = fill;
  /* act now and after each switch of language */
  siteplan.whenSpoken = function (act) { listeners.push(act); act(); };
  siteplan.speak = function (language) {
    if (!siteplan.page.languages.includes(language) || language === siteplan.language) return;
    use(language);
    for (const { data } of siteplan.layers) siteplan.data.speak(data, language);
    keepFocus(() => { for (const act of listeners) act(); });
    siteplan.redrawAll();
  };

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function button(className, text, act) {
    const node = element("button", className, text);
    node.type = "button";
    node.addEventListener("click", act);
    return node;
  }

  /* Do what rebuilds a part of the page, and give the focus back to the control of the same id. */
  function keepFocus(act) {
    const before = document.activeElement, id = before && before.id;
    act();
    const after = id && document.getElementById(id);
    if (after && after !== before && document.activeElement !== after) after.focus({ preventScroll: true });
  }

  siteplan.dom = { element, button, keepFocus, at(id) { return document.getElementById(id); } };

  /* Whoever changes what is seen tells so; the address of the view follows. */
  const watchers = [];
  siteplan.whenViewed = function (act) { watchers.push(act); };
  siteplan.viewed = function () { for (const act of watchers) act(); };
  /* a place's name in the language in use, where the page knows it */
  siteplan.placeName = function (name) { return siteplan.words.places[name] || name; };
  siteplan.openPage = function () {
    siteplan.page = siteplan.block("page");
    use(siteplan.page.languages[0]);
  };
})(window.siteplan);
