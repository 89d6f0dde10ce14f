/* The map of a delineation: draws AREAS (data). Names only ever become text nodes. */
(function () {
  "use strict";
  var data = AREAS, zones = data.zones, areas = data.areas, MOST_FOUND = 12, MOST_SVG = 5000, CORE = "#243b53";
  var LAYERS = ["areas", "margin"].concat(zones.firmness ? ["firmness"] : []);
  var state = { language: "ru", layer: "areas", zone: "" };
  var parts = agglo_parts(data, state), text = parts.text, word = parts.word, number = parts.number, make = parts.make, swatch = parts.swatch;
  var sorted = { areas: ["residents_count", -1], why: ["zone", 1] }, query = "", shut = {};
  [zones.value, zones.threshold, zones.margin].concat(areas.values).forEach(endless);
  readAddress();
  function endless(values) { // what has no end came as text
    values.forEach(function (value, at) { if (value === "inf" || value === "-inf") { values[at] = value === "inf" ? Infinity : -Infinity; } });
  }

  // ---- shapes: degrees as whole numbers, each point a step from the last
  function ring(steps) {
    var points = [], x = 0, y = 0;
    for (var at = 0; at < steps.length; at += 2) { x += steps[at]; y += steps[at + 1]; points.push([y / 1e5, x / 1e5]); }
    return points;
  }
  function isPoint(shape) { return typeof shape[0] === "number"; }
  function polygon(shape) { return shape.map(function (part) { return part.map(ring); }); }

  // ---- the map
  var map = window.AREAS_MAP = L.map("map", { zoomSnap: 0.25, preferCanvas: zones.id.length > MOST_SVG });
  ["spokes", "zones", "outlines", "chosen", "names"].forEach(function (pane, n) { map.createPane(pane).style.zIndex = 400 + n; });
  ["spokes", "outlines", "chosen", "names"].forEach(function (pane) { map.getPane(pane).style.pointerEvents = "none"; });
  map.attributionControl.setPrefix("Leaflet");
  if (data.sources.length) { map.attributionControl.addAttribution(make("span", {}, [data.sources.join(" · ")]).innerHTML); }
  var drawn = zones.shape.map(function (shape, at) {
    if (!shape) { return null; }
    var layer = isPoint(shape) ? L.circleMarker(ring(shape)[0], { pane: "zones", radius: 6 }) : L.polygon(polygon(shape), { pane: "zones" });
    layer.zone = at;
    layer.on("click", function () { set({ zone: zones.id[at] }); });
    return parts.tip(layer, function () { return zoneTip(at); });
  });
  var all = L.featureGroup(drawn.filter(Boolean)).addTo(map);
  areas.shape.forEach(function (shape) {
    if (shape) { L.polygon(polygon(shape), { pane: "outlines", color: "#1f2933", weight: 1.8, fill: false, interactive: false }).addTo(map); }
  });
  zones.shape.forEach(function (shape, at) { // where zones are points, a spoke leads to the middle of the area
    var centre = zones.area[at] < 0 ? null : areas.centre[zones.area[at]];
    if (shape && centre && isPoint(shape)) { L.polyline([ring(shape)[0], ring(centre)[0]], { pane: "spokes", color: "#52606d", weight: 1, interactive: false }).addTo(map); }
  });
  var chosen = L.layerGroup([]).addTo(map), names = L.layerGroup([]).addTo(map), SIZES = { city: 9.6, town: 7.6 };
  function placeNames() {
    var weights = column("residents_count") || column("zones_count") || [];
    var order = areas.id.map(function (id, at) { return at; }).sort(function (a, b) { return (weights[b] || 0) - (weights[a] || 0) || a - b; });
    parts.placeNames(map, names, order.filter(function (at) { return areas.centre[at]; }).map(function (at, rank) {
      return { point: L.latLng(ring(areas.centre[at])[0]), name: areas.name[at], kind: rank < 5 ? "city" : "town", middle: !!areas.shape[at] };
    }), SIZES);
  }
  function fit() { if (all.getLayers().length) { map.fitBounds(all.getBounds(), { padding: [12, 12], animate: false }); } else { map.setView([0, 0], 2); } }

  // ---- zones in words
  function column(name) { var at = areas.columns.indexOf(name); return at < 0 ? null : areas.values[at]; }
  function areaOf(at) { return zones.area[at] < 0 ? word("no_area") : areas.name[zones.area[at]]; }
  function unitOf(at) { return data.units[zones.decided[at]] || ""; }
  function reason(at) { return parts.reason(word(zones.area[at] >= 0 ? "in" : "out"), zones.decided[at], zones.value[at], zones.threshold[at], zones.margin[at], unitOf(at)); }
  function zoneTip(at) {
    var rows = [[word("area"), areaOf(at)], [word("why"), reason(at)]];
    if (zones.firmness) { rows.push([word("layer_firmness"), number(zones.firmness[at], "share")]); }
    return parts.table(zones.name[at], rows);
  }
  function idOf(at) { return zones.id[at] === zones.name[at] ? "" : zones.id[at]; }

  // ---- colours and legend
  function isCore(at) { return zones.decided[at] === "core"; }
  function colourOf(at) {
    if (state.layer === "areas") { return zones.area[at] < 0 ? data.no_area : areas.colour[zones.area[at]]; }
    if (state.layer === "firmness") { return data.firm_colours[zones.firm[at]] || data.no_area; }
    var value = zones.margin[at], hit = value === null ? null : parts.classOf(data.margin_classes, value);
    return hit ? hit[1] : isCore(at) ? CORE : data.no_area;
  }
  function restyle() {
    drawn.forEach(function (layer, at) {
      if (layer) { layer.setStyle({ color: isPoint(zones.shape[at]) ? "#1f2933" : "#ffffff", weight: 0.8, fillColor: colourOf(at), fillOpacity: 0.9 }); }
    });
    chosen.clearLayers();
    var at = zones.id.indexOf(state.zone), shape = at < 0 ? null : zones.shape[at];
    if (shape) {
      var look = { pane: "chosen", color: "#c51b8a", weight: 4, fill: false, interactive: false, radius: 11 };
      chosen.addLayer(isPoint(shape) ? L.circleMarker(ring(shape)[0], look) : L.polygon(polygon(shape), look));
    }
  }
  var legend = L.control({ position: "bottomleft" });
  legend.onAdd = function () { this.box = make("div", { "class": "legend" }); return this.box; };
  legend.addTo(map);
  function drawLegend() {
    var box = legend.box;
    box.textContent = "";
    box.appendChild(make("b", {}, [word("layer_" + state.layer)]));
    if (state.layer === "areas") {
      if (areas.id.length === 1) { box.appendChild(swatch(areas.colour[0], areas.name[0])); }
      if (areas.id.length > 1) { box.appendChild(make("div", { "class": "many" }, areas.colour.filter(function (c, at) { return areas.colour.indexOf(c) === at; }).slice(0, 5).map(function (colour) { return swatch(colour, ""); }).concat([make("span", {}, [word("each_area")])]))); }
      if (areas.shape.some(Boolean)) { box.appendChild(swatch("#1f2933", word("area_border"), true)); }
    }
    if (state.layer === "margin") { data.margin_classes.slice().reverse().forEach(function (c) { box.appendChild(swatch(c[1], marginWords(c))); }); }
    if (state.layer === "firmness") { Object.keys(data.firm_colours).forEach(function (kind) { box.appendChild(swatch(data.firm_colours[kind], text("firm", kind))); }); }
    var without = zones.id.map(function (id, at) { return at; }).filter(function (at) { return state.layer === "areas" ? zones.area[at] < 0 : zones[state.layer][at] === null; });
    if (state.layer === "margin" && without.some(isCore)) { box.appendChild(swatch(CORE, word("core_itself"))); }
    var grey = without.some(function (at) { return state.layer !== "margin" || !isCore(at); });
    if (grey) { box.appendChild(swatch(data.no_area, word(state.layer === "areas" ? "no_area" : "no_number"))); }
  }
  function marginWords(c) {
    var unit = data.units[zones.decided[zones.margin.findIndex(function (m) { return m !== null; })]] || "";
    var said = parts.rangeOf(c, unit, true) + (unit && unit !== "share" ? " " + text("unit", unit) : "");
    if (c[3] === null) { return said + " — " + word("well_in"); }
    if (c[2] === null) { return said + " — " + word("well_out"); }
    return c[2] < 0 && c[3] > 0 ? said + " — " + word("at_threshold") : said;
  }

  // ---- panel
  var box = document.getElementById("controls");
  function section(key, title, children, open) { // a part that opens and shuts, and stays as it was left
    var part = make("details", { id: key }, [make("summary", {}, [title])]);
    part.open = key in shut ? !shut[key] : open;
    part.ontoggle = function () { shut[key] = !part.open; if (part.open) { children(part); part.filled = true; } };
    if (part.open) { children(part); }
    return part;
  }
  function once(build) { return function (part) { if (part.children.length < 2) { build(part); } }; }
  function drawPanel() {
    var held = document.activeElement && document.activeElement.id;
    document.documentElement.lang = state.language;
    document.title = data.title;
    box.textContent = "";
    box.appendChild(parts.languageButton(function (v) { set({ language: v }); }));
    box.appendChild(make("p", { "class": "method" }, [make("b", {}, [text("method", data.method)]), " ", parts.badge(data.status)]));
    if (data.hypothesis) { box.appendChild(make("p", { id: "hypothesis", "class": "hypothesis" }, [word(data.hypothesis)])); }
    box.appendChild(make("p", { "class": "verdict" }, [verdict()]));
    if (data.texts.method_about[data.method]) { box.appendChild(make("p", { "class": "about" }, [text("method_about", data.method)])); }
    box.appendChild(parts.buttons(LAYERS.map(function (id) { return [id, word("layer_" + id)]; }), state.layer, function (v) { set({ layer: v }); }));
    box.appendChild(make("p", { "class": "about" }, [word("about_" + state.layer)]));
    box.appendChild(search());
    box.appendChild(card());
    if (data.notes.length) { box.appendChild(section("notes", word("notes"), once(function (part) { data.notes.forEach(function (one) { part.appendChild(make("p", { "class": "note" }, [one])); }); }), true)); }
    if (areas.id.length) { box.appendChild(section("area_table", word("layer_areas") + ": " + areas.id.length, once(areaTable), true)); }
    box.appendChild(section("parameters", word("parameters"), once(function (part) {
      part.appendChild(make("table", { "class": "numbers" }, data.parameters.map(function (p) { return make("tr", {}, [make("td", {}, [text("parameter", p[0])]), make("td", {}, [typeof p[1] === "number" ? said(p[0], p[1]) : plain(p[1])])]); })));
    }), false));
    box.appendChild(section("why_table", word("why_table"), once(whyTable), false));
    if (data.sources.length) { box.appendChild(section("sources", word("sources"), once(function (part) { data.sources.forEach(function (one) { part.appendChild(make("p", { "class": "source" }, [one])); }); }), false)); }
    if (held && document.getElementById(held)) { document.getElementById(held).focus(); }
  }
  function verdict() {
    var inside = zones.area.filter(function (a) { return a >= 0; }).length;
    var key = areas.id.length === 0 ? "verdict_none" : areas.id.length === 1 ? "verdict_one" : inside === zones.id.length ? "verdict_all" : "verdict_many";
    return parts.filled(word(key), { areas: number(areas.id.length), inside: number(inside), zones: number(zones.id.length), area: areas.name[0] || "" });
  }
  function plain(value) {
    if (typeof value === "number") { return number(value); }
    return value === null ? "–" : value === true || value === false ? word(value ? "yes" : "no") : String(value);
  }

  // ---- search and the chosen zone
  function folded(name) { return name.toLocaleLowerCase().replace(/ё/g, "е"); }
  function found() {
    var asked = folded(query.trim());
    if (!asked) { return []; }
    var hits = zones.id.map(function (id, at) { return at; }).filter(function (at) { return folded(zones.name[at]).indexOf(asked) >= 0 || folded(zones.id[at]) === asked; });
    return hits.sort(function (a, b) { return folded(zones.name[a]).indexOf(asked) - folded(zones.name[b]).indexOf(asked) || a - b; }).slice(0, MOST_FOUND);
  }
  function search() {
    var list = make("div", { id: "found" }), input = make("input", { id: "search", type: "search", autocomplete: "off", placeholder: word("search") });
    function show() {
      list.textContent = "";
      found().forEach(function (at) {
        list.appendChild(make("button", { onclick: function () { choose(at); } }, [zones.name[at], make("small", {}, [" " + idOf(at)])]));
      });
      if (query.trim() && !list.firstChild) { list.appendChild(make("small", {}, [word("nothing_found")])); }
    }
    input.value = query;
    input.oninput = function () { query = input.value; show(); };
    input.onkeydown = function (event) { if (event.key === "Enter" && found().length) { choose(found()[0]); } };
    show();
    return make("div", {}, [make("label", { "for": "search" }, [word("search"), input]), list]);
  }
  function choose(at) {
    query = "";
    if (drawn[at]) { map.fitBounds(drawn[at].getBounds ? drawn[at].getBounds() : L.latLngBounds([drawn[at].getLatLng()]), { maxZoom: Math.max(map.getZoom(), 10), animate: false, padding: [80, 80] }); }
    set({ zone: zones.id[at] });
  }
  function card() {
    var at = zones.id.indexOf(state.zone);
    if (at < 0) { return make("p", { id: "card", "class": "card empty" }, [word("choose_zone")]); }
    return make("div", { id: "card", "class": "card " + (zones.area[at] >= 0 ? "in" : "out") }, [zoneTip(at)]);
  }

  // ---- tables
  function cells(kind, columns, rows) { // columns: key, title, value (to sort), words (to show); a click on a title sorts
    var by = sorted[kind], own = columns.filter(function (c) { return c.key === by[0]; })[0] || columns[1] || columns[0];
    var ordered = rows.slice().sort(function (a, b) {
      var x = own.value(a), y = own.value(b);
      if (x === null || y === null) { return x === y ? a - b : x === null ? 1 : -1; }
      return (typeof x === "string" ? x.localeCompare(y, state.language) : x - y) * by[1] || a - b;
    });
    var heads = columns.map(function (c) {
      var mine = c.key === own.key, mark = mine ? (by[1] > 0 ? " ▲" : " ▼") : "";
      return make("th", { "aria-sort": mine ? (by[1] > 0 ? "ascending" : "descending") : "none" }, [make("button", { onclick: function () { sorted[kind] = [c.key, mine ? -by[1] : c.text ? 1 : -1]; drawPanel(); } }, [c.title + mark])]);
    });
    return make("table", { "class": "numbers sortable" }, [make("thead", {}, [make("tr", {}, heads)]), make("tbody", {}, ordered.map(function (row) {
      return make("tr", {}, columns.map(function (c) { return make("td", {}, [c.words(row)]); }));
    }))]);
  }
  function areaTable(part) {
    var columns = [{ key: "name", title: word("area"), text: true, value: function (at) { return areas.name[at]; }, words: function (at) {
      var mark = make("i", { "class": "dot" });
      mark.style.background = areas.colour[at];
      return make("button", { "class": "link", onclick: function () { frame(at); } }, [mark, areas.name[at]]);
    } }];
    areas.columns.forEach(function (name, number_) {
      if (name === "internal_count") { return; }
      columns.push({ key: name, title: text("column", name), value: function (at) { var v = areas.values[number_][at]; return v === true ? 1 : v === false ? 0 : v; }, words: function (at) { return said(name, areas.values[number_][at]); } });
    });
    part.appendChild(make("div", { "class": "wide" }, [cells("areas", columns, areas.id.map(function (id, at) { return at; }))]));
  }
  function said(name, value) {
    if (value === true || value === false) { return value ? "✓" : "✗"; }
    if (typeof value !== "number") { return value === null ? "–" : value; }
    return /_share$/.test(name) ? number(value, "share") : /_count$/.test(name) ? number(value, "persons") : /_min$/.test(name) ? parts.measured(value, "min") : number(value);
  }
  function frame(area) {
    var own = L.featureGroup(drawn.filter(function (layer) { return layer && zones.area[layer.zone] === area; }));
    if (own.getLayers().length) { map.fitBounds(own.getBounds(), { padding: [40, 40], maxZoom: 12, animate: false }); }
  }
  function whyTable(part) {
    function plainColumn(key, unit, signed) {
      return { key: key, title: word(key), value: function (at) { return zones[key][at]; }, words: function (at) { return zones[key][at] === null ? "–" : unit ? number(zones[key][at], unit) : parts.measured(zones[key][at], unitOf(at), signed); } };
    }
    var columns = [
      { key: "zone", title: word("zone"), text: true, value: function (at) { return zones.name[at]; }, words: function (at) { return make("button", { "class": "link", onclick: function () { choose(at); } }, [zones.name[at]]); } },
      { key: "area", title: word("area"), text: true, value: areaOf, words: areaOf },
      { key: "decided", title: word("decided_by"), text: true, value: function (at) { return text("decided", zones.decided[at]); }, words: function (at) { return text("decided", zones.decided[at]); } },
      plainColumn("value"), plainColumn("threshold"), plainColumn("margin", "", true)
    ];
    if (zones.firmness) { columns.push(plainColumn("firmness", "share")); }
    part.appendChild(make("div", { "class": "wide" }, [cells("why", columns, zones.id.map(function (id, at) { return at; }))]));
  }

  // ---- state, address, start
  function readAddress() {
    parts.addressed().forEach(function (pair) {
      if (pair[0] === "language" && (pair[1] === "ru" || pair[1] === "en")) { state.language = pair[1]; }
      if (pair[0] === "layer" && LAYERS.indexOf(pair[1]) >= 0) { state.layer = pair[1]; }
      if (pair[0] === "zone" && zones.id.indexOf(pair[1]) >= 0) { state.zone = pair[1]; }
    });
  }
  function set(change) {
    Object.keys(change).forEach(function (key) { state[key] = change[key]; });
    parts.writeAddress();
    restyle(); drawPanel(); drawLegend();
  }
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  if (all.getLayers().length) { parts.printable(map, function () { return all.getBounds(); }); }
  window.addEventListener("hashchange", function () { readAddress(); restyle(); drawPanel(); drawLegend(); });
  fit();
  restyle(); drawPanel(); drawLegend(); placeNames();
  map.on("zoomend", placeNames);
  setTimeout(function () { map.invalidateSize(); fit(); document.body.setAttribute("data-ready", "true"); }, 0);
})();
