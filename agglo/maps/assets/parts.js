/* What all pages share: words, numbers, elements, names on the map. Names only ever become text nodes. */
function agglo_parts(data, state) {
  "use strict";

  // ---- words and numbers
  function text(group, key) {
    var found = (data.texts[group] || {})[key] || {};
    return found[state.language] || found.en || key;
  }
  function word(key) { return text("word", key); }
  function filled(template, values) {
    return template.replace(/\{(\w+)\}/g, function (all, key) { return key in values ? values[key] : all; });
  }
  function nameOf(item) { return item["name_" + state.language] || item.name_en || item.name_ru || ""; }
  function number(value, unit, signed) {
    if (value === null || value === undefined) { return word("no_data"); }
    if (!isFinite(value)) { return word("no_way"); }
    var shown = unit === "share" ? value * 100 : value, size = Math.abs(shown);
    var whole = size >= 100 || unit === "jobs" || unit === "persons" || unit === "person-min/day";
    var rule = whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
    var sign = unit !== "share" ? "" : "\u202f" + (signed ? word("points") : "%");
    return (signed && value > 0 ? "+" : "") + shown.toLocaleString(state.language, rule).replace("-", "\u2212") + sign;
  }
  function measured(value, unit, signed) { // a number with its unit behind it; a share carries its own sign
    var plain = !unit || unit === "share" || value === null || !isFinite(value);
    return number(value, unit, signed) + (plain ? "" : "\u00a0" + text("unit", unit));
  }
  function reason(side, decided, value, threshold, margin, unit) { // "in because this was so much against so much"
    var said = { "in": side, what: text("decided", decided) };
    if (!decided) { return said["in"] + "."; }
    if (value === null || threshold === null) { return filled(word("because"), said); }
    said.value = measured(value, unit); said.threshold = measured(threshold, unit);
    said.margin = margin === null || !isFinite(margin) ? "" : filled(word(margin < 0 ? "short_by" : "margin_of"), { margin: measured(Math.abs(margin), unit).replace("%", word("points")) });
    return filled(word(said.margin ? "because_number_margin" : "because_number"), said);
  }

  // ---- elements
  function make(tag, attributes, children) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (key) {
      if (/^on/.test(key)) { node[key] = attributes[key]; } else { node.setAttribute(key, attributes[key]); }
    });
    (children || []).forEach(function (child) {
      node.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
    });
    return node;
  }
  function badge(status) { return make("span", { "class": "badge " + status }, [text("status", status)]); }
  function table(title, rows) {
    var node = make("div", {}, [make("b", {}, [title])]), body = make("table");
    rows.forEach(function (row) {
      if (row) { body.appendChild(make("tr", {}, [make("td", {}, [row[0]]), make("td", {}, [row[1]])])); }
    });
    node.appendChild(body);
    return node;
  }
  function tip(layer, build) { layer.bindTooltip(build, { sticky: true, opacity: 0.97 }); return layer; }
  function swatch(colour, label, kind) { // kind: true is a line, else the name of a class
    var mark = make("i", { "class": kind === true ? "line" : kind || "" });
    mark.style.background = colour;
    return make("div", {}, [mark, make("span", {}, [label])]);
  }
  function select(id, title, options, value, change) {
    var box = make("select", { id: id, onchange: function () { change(box.value); } }, options.map(function (o) {
      return make("option", { value: o[0] }, [o[1]]);
    }));
    box.value = value;
    return make("label", { "for": id }, [title, box]);
  }
  function buttons(options, value, change) { // a row of buttons of which one is pressed: id, text
    return make("div", { "class": "switch", role: "group" }, options.map(function (o) {
      return make("button", { id: o[0], "aria-pressed": String(o[0] === value), onclick: function () { change(o[0]); } }, [o[1]]);
    }));
  }
  function languageButton(change) {
    return make("button", { id: "language", onclick: function () { change(state.language === "ru" ? "en" : "ru"); } }, [state.language === "ru" ? "English" : "По-русски"]);
  }

  // ---- colours
  function classOf(classes, value) {
    return classes.filter(function (c) { return (c[2] === null || value >= c[2]) && (c[3] === null || value <= c[3]); })[0];
  }
  function rangeOf(c, unit, signed) { // the words of a legend class, in the language of the page
    if (c[2] === null) { return "\u2264 " + number(c[3], unit, signed); }
    return c[3] === null ? "> " + number(c[2], unit, signed) : number(c[2], unit, signed) + " \u2026 " + number(c[3], unit, signed);
  }

  // ---- names on the map: greedy; the weightier first; each tries its sides, and stays away where all are taken
  function placeNames(map, names, labels, sizes) {
    var taken = [], order = Object.keys(sizes);
    names.clearLayers();
    labels.slice().sort(function (a, b) { return order.indexOf(a.kind) - order.indexOf(b.kind); }).forEach(function (one) {
      var at = map.latLngToLayerPoint(one.point), width = one.name.length * sizes[one.kind], sides = { right: [7, -9], left: [-7 - width, -9], above: [-width / 2, -26], below: [-width / 2, 7] };
      if (one.middle) { sides = { middle: [-width / 2, -9], above: [-width / 2, -45], below: [-width / 2, 30] }; }
      Object.keys(sides).some(function (side) {
        var x = at.x + sides[side][0], y = at.y + sides[side][1], box = [x, y, x + width, y + 18];
        if (taken.some(function (t) { return box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1]; })) { return false; }
        taken.push(box);
        var node = make("span", {}, [one.name]);
        node.style.left = sides[side][0] + "px"; node.style.top = sides[side][1] + "px";
        if (side === "left") { node.style.width = width + "px"; node.style.textAlign = "right"; }
        if (side !== "left" && side !== "right") { node.style.width = width + "px"; node.style.textAlign = "center"; }
        names.addLayer(L.marker(one.point, { icon: L.divIcon({ className: "name " + one.kind, iconSize: [0, 0], html: node }), pane: "names", interactive: false, keyboard: false }));
        return true;
      });
    });
  }

  // ---- on paper: the map gets the size of the sheet before it is printed, and shows all of it, or the part that was seen
  function printable(map, whole) {
    var seen = null;
    function turn(on) {
      if (on) { seen = { centre: map.getCenter(), zoom: map.getZoom(), bounds: map.getBounds() }; }
      document.body.classList.toggle("printing", on);
      map.invalidateSize({ animate: false });
      if (on) { map.fitBounds(seen.bounds.contains(whole()) ? whole() : seen.bounds, { animate: false }); } else { map.setView(seen.centre, seen.zoom, { animate: false }); }
    }
    window.addEventListener("beforeprint", function () { turn(true); });
    window.addEventListener("afterprint", function () { if (seen) { turn(false); } });
  }

  // ---- the address keeps the state
  function addressed() {
    function decoded(text) { try { return decodeURIComponent(text); } catch (error) { return text; } }
    return location.hash.slice(1).split("&").map(function (pair) { return pair.split("=").map(decoded); });
  }
  function writeAddress() {
    var hash = "#" + Object.keys(state).filter(function (key) { return state[key] !== undefined; }).map(function (key) { return key + "=" + encodeURIComponent(state[key]); }).join("&");
    try { history.replaceState(null, "", hash); } catch (error) { location.hash = hash; }
  }

  return {
    text: text, word: word, filled: filled, nameOf: nameOf, number: number, measured: measured, reason: reason,
    make: make, badge: badge, table: table, tip: tip, swatch: swatch, select: select, buttons: buttons, languageButton: languageButton,
    classOf: classOf, rangeOf: rangeOf, placeNames: placeNames, printable: printable, addressed: addressed, writeAddress: writeAddress
  };
}
