/* Rasters on a map: cells with swipe, figures by place, scatters. A view of the meeting map (AGGLO_PAGE), or a page of its own (IMAGERY). */
(function () {
  "use strict";
  var page = typeof AGGLO_PAGE === "undefined" ? ownPage() : AGGLO_PAGE, data = page.data.imagery;
  if (!data) { return; }
  var state = page.state, map = page.map, parts = page.parts;
  var text = parts.text, number = parts.number, make = parts.make, swatch = parts.swatch;
  var CELLS = "cells", PLACES = "places", STEP = 2, WIDE_STEP = 10, FULL = 80, GREY = "#d9d9d9", HATCH = "url(#agglo_coarse)";

  // ---- what is shown
  function word(key) { return text("imagery", key); }
  function known(id) { return data.rasters.filter(function (one) { return one.id === id; })[0]; }
  function raster() { return known(state.raster) || data.rasters[0]; }
  function other() { var found = known(state["with"]); return found && found !== raster() ? found : null; }
  function opacity() { return state.opacity === undefined ? FULL : Number(state.opacity); }
  function split() { return state.split === undefined ? 50 : Number(state.split); }
  function figuresOf(one) { return data.figures.filter(function (figure) { return !one || figure.layer === one.id; }); }
  function figures() { return figuresOf(raster()); }
  function figure() { return figures().filter(function (one) { return one.id === state.measure; })[0] || figures()[0]; }
  function mode() { return state.show === PLACES && figure() && places.length ? PLACES : data.rasters.length ? CELLS : figure() && places.length ? PLACES : CELLS; }

  // ---- words
  function said(both) { return both[state.language] || both.en || both.ru || ""; }
  function sentence(both) { var line = said(both); return line.charAt(0).toUpperCase() + line.slice(1); }
  function unitText(unit) { return (page.data.texts.raster_unit || {})[unit] ? text("raster_unit", unit) : text("unit", unit); }
  function withUnit(value, unit, signed) { return number(value, unit, signed) + (value === null || !unit || unit === "share" ? "" : "\u00a0" + unitText(unit)); }
  function metres(side) { // cells are not square on the ground: two digits are all there is to say
    var far = side >= 999.5, shown = far ? side / 1000 : side;
    return shown.toLocaleString(state.language, { maximumSignificantDigits: 2 }) + "\u00a0" + word(far ? "km" : "m");
  }
  function titleOf(one) { return said(one.title) + (one.epoch && said(one.title).indexOf(one.epoch) < 0 ? ", " + one.epoch : ""); }
  function measureOf(one) {
    var group = ["raster_measure", "indicator"].filter(function (name) { return (page.data.texts[name] || {})[one.measure]; })[0];
    return group ? text(group, one.measure) : one.measure;
  }
  function cellsOf(cells) { return cells === null ? "–" : cells.toLocaleString(state.language, cells < 10 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 }); }
  function tooCoarse(cells) { return parts.filled(word("too_coarse"), { cells: cellsOf(cells) }); }

  // ---- panes: the two pictures, then the places
  var panes = ["raster_a", "raster_b"].map(function (name) { var pane = map.createPane(name); pane.style.zIndex = 401; pane.style.pointerEvents = "none"; return pane; });
  var borders = map.createPane("raster_places");
  borders.style.zIndex = 402;
  var pictures = {}, shownPictures = [null, null], fillPattern = null;
  function picture(one, pane) {
    var key = pane + " " + one.id;
    if (!pictures[key]) { pictures[key] = L.imageOverlay(one.picture, one.bounds, { pane: pane, className: "cells", interactive: false, alt: said(one.title) }); }
    return pictures[key];
  }
  function drawPictures(on) {
    [raster(), other()].forEach(function (one, at) {
      var wanted = on && one && mode() === CELLS ? picture(one, at ? "raster_b" : "raster_a") : null;
      if (shownPictures[at] !== wanted) {
        if (shownPictures[at]) { shownPictures[at].remove(); }
        if (wanted) { wanted.addTo(map); }
        shownPictures[at] = wanted;
      }
    });
    panes.forEach(function (pane) { pane.style.opacity = opacity() / 100; });
    drawDivider();
  }

  // ---- places: ours, or the municipalities of the meeting map
  function ring(steps) {
    var points = [], x = 0, y = 0;
    for (var at = 0; at < steps.length; at += 2) { x += steps[at]; y += steps[at + 1]; points.push([y / 1e5, x / 1e5]); }
    return points;
  }
  var places = [];
  if (data.places) {
    data.places.id.forEach(function (id, at) {
      var shape = data.places.shape[at];
      if (!shape) { return; }
      var layer = typeof shape[0] === "number" ? L.circleMarker(ring(shape)[0], { pane: "raster_places", radius: 7 }) : L.polygon(shape.map(function (part) { return part.map(ring); }), { pane: "raster_places" });
      places.push({ id: id, name_ru: data.places.name_ru[at], name_en: data.places.name_en[at], layer: layer });
    });
  } else if (page.data.municipalities) {
    L.geoJSON(page.data.municipalities, { pane: "raster_places" }).eachLayer(function (layer) {
      var p = layer.feature.properties;
      places.push({ id: p.municipality_id, name_ru: p.name_ru, name_en: p.name_en, layer: layer, beyond: p.role === "context" });
    });
  }
  var placed = L.featureGroup(places.map(function (one) { one.layer.place = one.id; return parts.tip(one.layer, function () { return placeTip(one); }); }));
  function lookOf(id) {
    if (mode() === CELLS) { return { color: "#fff", weight: 1.6, fillOpacity: 0, fillColor: "#fff", dashArray: null }; }
    var row = figure().rows[id];
    if (!row || row[0] === null) { return { color: "#777", weight: 0.8, fillColor: GREY, fillOpacity: 0.6, dashArray: null }; }
    if (row[2]) { return { color: "#777", weight: 1, fillColor: HATCH, fillOpacity: 1, dashArray: "4 3" }; }
    var hit = parts.classOf(figure().classes, row[0]);
    return { color: "#8a8f98", weight: 1.2, fillColor: hit ? hit[1] : GREY, fillOpacity: 0.88, dashArray: null };
  }
  function pattern() { // grey lines for what is too coarse; part of the document, so that every path finds it
    if (fillPattern) { return; }
    fillPattern = svg("svg", { width: 0, height: 0, "aria-hidden": "true", style: "position:absolute" }, [svg("defs", {}, [svg("pattern", { id: "agglo_coarse", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, [svg("rect", { width: 7, height: 7, fill: "#f4f6f8" }), svg("rect", { width: 2.5, height: 7, fill: "#9aa5b1" })])])]);
    document.body.appendChild(fillPattern);
  }
  function restyle(on) {
    drawPictures(on);
    if (!on) { placed.remove(); return; }
    pattern();
    borders.style.filter = mode() === CELLS ? "drop-shadow(0 0 1px #000) drop-shadow(0 0 1px #000)" : ""; // seen on light and dark cells alike; fillings would darken
    placed.addTo(map);
    places.forEach(function (one) { one.layer.setStyle(lookOf(one.id)); });
    if (page.zones) { page.zones.eachLayer(function (layer) { layer.setStyle({ fillOpacity: 0, weight: 0 }); }); }
  }
  function placeTip(one) {
    var rows = [];
    figures().forEach(function (own) {
      var row = own.rows[one.id];
      if (row) { rows.push([measureOf(own) + (own.epoch ? ", " + own.epoch : ""), make("span", {}, [withUnit(row[0], own.unit) + " ", row[2] ? tooCoarse(row[1]) : parts.badge(own.status)])]); }
    });
    return parts.table(parts.nameOf(one) || one.id, rows.length ? rows : [[word("no_figures"), ""]]);
  }
  function tip(p) { return placeTip({ id: p.municipality_id, name_ru: p.name_ru, name_en: p.name_en }); }

  // ---- swipe: each picture keeps to its side of a line that can be dragged, or moved with the keys
  var left = make("div", { "class": "side left" }), right = make("div", { "class": "side right" });
  var divider = make("div", { id: "swipe", "class": "swipe", role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal" }, [left, right, make("div", { "class": "grip", "aria-hidden": "true" }, ["\u21d4"])]);
  function sideLabel(box, one) {
    box.textContent = "";
    if (one.epoch) { box.appendChild(make("b", {}, [one.epoch])); }
    box.appendChild(document.createTextNode(said(one.title)));
  }
  function drawDivider() {
    var on = !!shownPictures[1], size = map.getSize(), x = size.x * split() / 100;
    panes.forEach(function (pane, at) {
      var corner = map.containerPointToLayerPoint([0, 0]), low = map.containerPointToLayerPoint([size.x, size.y]), middle = map.containerPointToLayerPoint([x, 0]).x;
      pane.style.clip = !on ? "auto" : "rect(" + [corner.y, at ? low.x : middle, low.y, at ? middle : corner.x].map(function (v) { return Math.round(v) + "px"; }).join(",") + ")";
    });
    if (!on) { if (divider.parentNode) { divider.parentNode.removeChild(divider); } return; }
    if (!divider.parentNode) { map.getContainer().appendChild(divider); }
    divider.style.left = x + "px";
    divider.setAttribute("aria-valuenow", String(Math.round(split())));
    divider.setAttribute("aria-label", word("swipe"));
    divider.title = word("swipe");
    sideLabel(left, raster()); sideLabel(right, other());
  }
  function moveDivider(share) { state.split = Math.round(Math.min(100, Math.max(0, share)) * 10) / 10; drawDivider(); }
  L.DomEvent.disableClickPropagation(divider);
  divider.addEventListener("pointerdown", function (event) { event.preventDefault(); divider.setPointerCapture(event.pointerId); divider.focus(); });
  divider.addEventListener("pointermove", function (event) {
    if (divider.hasPointerCapture(event.pointerId)) { moveDivider((event.clientX - map.getContainer().getBoundingClientRect().left) / map.getSize().x * 100); }
  });
  divider.addEventListener("pointerup", parts.writeAddress);
  divider.addEventListener("keydown", function (event) {
    var step = event.shiftKey ? WIDE_STEP : STEP, to = { ArrowLeft: split() - step, ArrowDown: split() - step, ArrowRight: split() + step, ArrowUp: split() + step, PageDown: split() - WIDE_STEP, PageUp: split() + WIDE_STEP, Home: 0, End: 100 }[event.key];
    if (to === undefined) { return; }
    event.preventDefault(); event.stopPropagation();
    moveDivider(to); parts.writeAddress();
  });
  map.on("move zoom zoomend moveend resize viewreset", drawDivider);

  // ---- legend
  function classesLegend(box, one, title) {
    box.appendChild(make("b", {}, [title || titleOf(one)]));
    if (one.kind !== "codes") { unitLine(box, one.unit); }
    one.classes.forEach(function (c, at) { box.appendChild(swatch(c[1], said(c[0]) + endOf(one, at))); });
    box.appendChild(make("small", {}, [parts.filled(word("one_cell"), { side: metres(one.shown_m) })]));
  }
  function unitLine(box, unit) { if (unit && unit !== "share") { box.appendChild(make("small", {}, [unitText(unit)])); } }
  function endOf(one, at) { // what the ends of a row of colours mean, where numbers alone do not tell
    var last = one.classes.length - 1, place = at === 0 ? "low" : at === last ? "high" : "", key = (one.is_change ? "change" : one.role) + "_" + place;
    if (one.kind === "codes" || !last || !place || !(page.data.texts.raster_end || {})[key]) { return ""; }
    return " – " + text("raster_end", key);
  }
  function alike(a, b) { return JSON.stringify(a.classes) === JSON.stringify(b.classes) && a.unit === b.unit; }
  function legend(box) {
    if (mode() === PLACES) {
      box.appendChild(make("b", {}, [measureOf(figure()) + (figure().epoch ? ", " + figure().epoch : "")]));
      unitLine(box, figure().unit);
      figure().classes.forEach(function (c) { box.appendChild(swatch(c[1], said(c[0]))); });
      if (Object.keys(figure().rows).some(function (id) { return figure().rows[id][2]; })) { box.appendChild(swatch("", word("coarse_places"), "hatch")); }
      return;
    }
    if (!raster()) { return; }
    var same = other() && alike(raster(), other());
    classesLegend(box, raster(), same && said(raster().title) === said(other().title) ? said(raster().title) : "");
    if (same) { box.appendChild(make("small", {}, [word("same_colours")])); }
    if (other() && !same) { box.appendChild(make("hr")); classesLegend(box, other()); }
  }

  // ---- panel
  function panel(box) {
    if (!data.rasters.length) { box.appendChild(make("p", { "class": "about", id: "no_rasters" }, [word("no_rasters")])); } else {
      box.appendChild(make("p", { "class": "about" }, [word("about")]));
      box.appendChild(parts.select("raster", word("raster"), data.rasters.map(function (one) { return [one.id, titleOf(one)]; }), raster().id, function (v) { page.set({ raster: v, "with": state["with"] === v ? undefined : state["with"] }); }));
      if (data.rasters.length > 1) {
        box.appendChild(parts.select("with", word("compare"), [["", word("compare_none")]].concat(data.rasters.filter(function (one) { return one !== raster(); }).map(function (one) { return [one.id, titleOf(one)]; })), other() ? other().id : "", function (v) { page.set({ "with": v || undefined, show: v ? undefined : state.show }); }));
      }
      if (figures().length && places.length) {
        box.appendChild(parts.buttons([[CELLS, word("cells")], [PLACES, word("by_place")]], mode(), function (v) { page.set({ show: v === CELLS ? undefined : v }); }));
      }
      if (mode() === CELLS) { box.appendChild(slider()); }
      if (other() && mode() === CELLS) { box.appendChild(make("p", { "class": "note", id: "comparable" }, [word(comparable())])); }
      limits(box);
      facts(box, raster());
    }
    if (figures().length) { table(box); }
    data.scatters.forEach(function (one, at) { scatter(box, one, at); });
    if (data.rasters.length > 1) { list(box); }
  }
  function comparable() {
    var a = raster(), b = other();
    if (a.role !== b.role || a.unit !== b.unit || a.kind !== b.kind) { return "differ_in_kind"; }
    return a.source !== b.source ? "differ_in_source" : "same_kind";
  }
  function slider() { // moves without drawing the panel anew, so that it stays under the finger
    var shown = make("output", { "for": "opacity" }, [opacity() + "\u202f%"]);
    var input = make("input", { id: "opacity", type: "range", min: "0", max: "100", step: "5" });
    input.value = opacity();
    input.oninput = function () { state.opacity = Number(input.value); shown.textContent = opacity() + "\u202f%"; drawPictures(true); };
    input.onchange = parts.writeAddress;
    return make("label", { "class": "range", "for": "opacity" }, [word("opacity"), shown, input]);
  }
  function limits(box) { // of both pictures; what is the same of both is said once
    var two = mode() === CELLS && other() ? [raster(), other()] : [raster()], lines = two.map(limitsOf);
    if (lines[1] && String(lines[0]) === String(lines[1])) { two.pop(); }
    two.forEach(function (one, at) {
      var title = word("limits") + (two.length > 1 ? ": " + titleOf(one) : "");
      box.appendChild(make("div", { "class": "limits" }, [make("b", {}, [title])].concat(lines[at].map(function (line) { return make("div", {}, [line]); }))));
    });
  }
  function limitsOf(one) {
    var lines = [parts.filled(word("cell_limit"), { side: metres(one.resolution_m) })];
    if (one.merged > 1) { lines.push(parts.filled(word("merged"), { side: metres(one.shown_m) })); }
    return lines.concat(sentence(one.note) || []);
  }
  function facts(box, one) {
    var rows = [[word("epoch"), one.epoch || word("no_epoch")], [word("cell"), metres(one.resolution_m)], [word("status"), parts.badge(one.status)], [word("source"), one.source], [word("licence"), one.licence], [word("attribution"), one.attribution]];
    box.appendChild(make("table", { "class": "facts" }, rows.filter(function (row) { return row[1]; }).map(function (row) { return make("tr", {}, [make("td", {}, [row[0]]), make("td", {}, [row[1]])]); })));
  }
  function list(box) {
    box.appendChild(make("details", { id: "all_rasters" }, [make("summary", {}, [word("all_rasters") + ": " + data.rasters.length])].concat(data.rasters.map(function (one) {
      return make("div", { "class": "raster" }, [make("b", {}, [titleOf(one)]), " ", parts.badge(one.status), make("small", {}, [[parts.filled(word("one_cell"), { side: metres(one.resolution_m) }), one.source, one.licence, one.attribution].filter(Boolean).join(" · ")]), make("small", {}, [said(one.note)])]);
    }))));
  }

  // ---- figures by place
  function nameOf(id) {
    var found = places.filter(function (one) { return one.id === id; })[0] || data.names[id];
    return found ? parts.nameOf(found) || id : id;
  }
  function beyond(id) { return places.some(function (one) { return one.id === id && one.beyond; }); }
  function table(box) {
    var shown = figure(), ordered = Object.keys(shown.rows).sort(function (a, b) {
      var x = shown.rows[a], y = shown.rows[b], v = x && x[0] !== null ? x[0] : -Infinity, w = y && y[0] !== null ? y[0] : -Infinity;
      return (b === data.whole) - (a === data.whole) || beyond(a) - beyond(b) || (v === w ? nameOf(a).localeCompare(nameOf(b), state.language) : w - v);
    });
    var unit = shown.unit && shown.unit !== "share" ? unitText(shown.unit) : "";
    var heads = [word("place"), unit ? word("value") + ", " + unit : word("value"), word("cells_count")].map(function (title) { return make("th", {}, [title]); });
    var rows = ordered.map(function (id) {
      return make("tr", { "class": id === data.whole ? "whole" : beyond(id) ? "beyond" : "" }, [make("td", {}, [id === data.whole ? text("word", "whole") : nameOf(id)])].concat(cells(shown, shown.rows[id])));
    });
    box.appendChild(make("h2", {}, [word("figures")]));
    box.appendChild(parts.select("measure", word("measure"), figures().map(function (one) { return [one.id, measureTitle(one)]; }), shown.id, function (v) { page.set({ measure: v }); }));
    box.appendChild(make("table", { id: "figures", "class": "numbers figures" }, [make("thead", {}, [make("tr", {}, heads)]), make("tbody", {}, rows)]));
    box.appendChild(make("p", { "class": "about" }, [word("status") + ": ", parts.badge(shown.status)]));
  }
  function measureTitle(one) { return measureOf(one) + (one.epoch && (!raster() || one.epoch !== raster().epoch) ? ", " + one.epoch : ""); }
  function cells(one, row) { // the number, and of how many cells it is
    if (!row || row[0] === null) { return [make("td", {}, ["–"]), make("td", {}, [row ? cellsOf(row[1]) : "–"])]; }
    var shown = one.unit === "share" && row[0] > 0 && row[0] < 0.0005 ? "< " + number(0.001, "share") : number(row[0], one.unit);
    if (!row[2]) { return [make("td", {}, [shown]), make("td", {}, [cellsOf(row[1])])]; }
    return [make("td", { "class": "coarse" }, [shown]), make("td", { "class": "coarse" }, [tooCoarse(row[1])])];
  }

  // ---- a scatter on logarithmic axes
  function svg(tag, attributes, children) {
    var node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    (children || []).forEach(function (child) { node.appendChild(typeof child === "string" ? document.createTextNode(child) : child); });
    return node;
  }
  function axis(values, from, to) { // logarithmic: a place for each value, and round ticks
    var low = Math.log10(Math.min.apply(null, values)), high = Math.log10(Math.max.apply(null, values)), room = Math.max(0.05, (high - low) * 0.08);
    low -= room; high += room;
    var steps = high - low > 2.5 ? [1] : high - low > 1 ? [1, 3] : [1, 2, 3, 5, 7], ticks = [];
    for (var power = Math.floor(low); power <= high; power += 1) {
      steps.forEach(function (step) { var at = step * Math.pow(10, power); if (Math.log10(at) >= low && Math.log10(at) <= high) { ticks.push(at); } });
    }
    return { at: function (v) { return from + (Math.log10(v) - low) / (high - low) * (to - from); }, ticks: ticks };
  }
  function scatter(box, one, at) {
    var W = 400, H = 320, EDGE = 66, used = one.rows.filter(function (row) { return row.x > 0 && row.y > 0; });
    box.appendChild(make("h2", {}, [said(one.title) || word("scatter")]));
    if (!used.length) { box.appendChild(make("p", { "class": "about" }, [word("no_scatter")])); return; }
    var fitted = used.filter(function (row) { return row.expected > 0; }).sort(function (a, b) { return a.x - b.x; });
    var x = axis(used.map(function (row) { return row.x; }), EDGE, W - 10), y = axis(used.map(function (row) { return row.y; }).concat(fitted.map(function (row) { return row.expected; })), H - 40, 10);
    var node = svg("svg", { id: "scatter_" + at, "class": "scatter", viewBox: "0 0 " + W + " " + H, role: "img", "aria-label": said(one.x) + " — " + said(one.y) });
    x.ticks.forEach(function (v) { node.appendChild(svg("line", { "class": "grid", x1: x.at(v), x2: x.at(v), y1: 10, y2: H - 40 })); node.appendChild(svg("text", { x: x.at(v), y: H - 26, "text-anchor": "middle" }, [number(v)])); });
    y.ticks.forEach(function (v) { node.appendChild(svg("line", { "class": "grid", x1: EDGE, x2: W - 10, y1: y.at(v), y2: y.at(v) })); node.appendChild(svg("text", { x: EDGE - 5, y: y.at(v) + 4, "text-anchor": "end" }, [number(v)])); });
    node.appendChild(svg("line", { "class": "axis", x1: EDGE, x2: W - 10, y1: H - 40, y2: H - 40 })); node.appendChild(svg("line", { "class": "axis", x1: EDGE, x2: EDGE, y1: 10, y2: H - 40 }));
    node.appendChild(svg("text", { x: (EDGE + W - 10) / 2, y: H - 8, "text-anchor": "middle" }, [said(one.x)]));
    node.appendChild(svg("text", { transform: "translate(12," + (H - 30) / 2 + ") rotate(-90)", "text-anchor": "middle" }, [said(one.y)]));
    if (fitted.length > 1) { node.appendChild(svg("polyline", { "class": "line", points: fitted.map(function (row) { return x.at(row.x) + "," + y.at(row.expected); }).join(" ") })); }
    used.forEach(function (row) { node.appendChild(svg("circle", { cx: x.at(row.x), cy: y.at(row.y), r: row.is_outlier ? 5.5 : 4, "class": row.is_outlier ? "outlier" : "" }, [svg("title", {}, [pointName(row) + ": " + number(row.x) + " — " + number(row.y)])])); });
    labels(node, used.filter(function (row) { return row.is_outlier; }), x, y, EDGE, W);
    box.appendChild(node);
    var outliers = used.filter(function (row) { return row.is_outlier; });
    box.appendChild(make("p", { "class": "about" }, [fitted.length > 1 ? word("line") + " " : "", outliers.length || fitted.length < 2 ? "" : word("no_outliers")]));
    outliers.forEach(function (row) {
      var more = row.y >= row.expected;
      box.appendChild(make("p", { "class": "about outlier" }, [make("b", {}, [pointName(row)]), " — " + parts.filled(word(more ? "more_than_expected" : "less_than_expected"), { times: (more ? row.y / row.expected : row.expected / row.y).toLocaleString(state.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }), what: said(one.y) })]));
    });
    if (said(one.note)) { box.appendChild(make("p", { "class": "note" }, [said(one.note)])); }
  }
  function pointName(row) { return parts.nameOf(row) || row.place; }
  function labels(node, rows, x, y, EDGE, W) { // beside the point, on the side with room; one above the other rather than over each other
    var taken = [];
    rows.slice().sort(function (a, b) { return y.at(a.y) - y.at(b.y); }).forEach(function (row) {
      var name = pointName(row), width = name.length * 6.6, toLeft = x.at(row.x) + 9 + width > W, from = toLeft ? Math.max(EDGE + 2, x.at(row.x) - 9 - width) : x.at(row.x) + 9, line = y.at(row.y) + 4;
      while (taken.some(function (t) { return Math.abs(t[2] - line) < 12 && from < t[1] && from + width > t[0]; })) { line += 12; }
      taken.push([from, from + width, line]);
      node.appendChild(svg("text", { "class": "outlier", x: from, y: line }, [name]));
    });
  }

  // ---- address and start
  function within(value) { return value !== "" && Number(value) >= 0 && Number(value) <= 100; }
  function read(key, value) {
    if (key === "view" && value === "imagery") { state.view = value; }
    if ((key === "raster" || key === "with") && known(value)) { state[key] = value; }
    if ((key === "opacity" || key === "split") && within(value)) { state[key] = Number(value); }
    if (key === "show" && value === PLACES) { state.show = value; }
    if (key === "measure" && data.figures.some(function (one) { return one.id === value; })) { state.measure = value; }
  }
  page.add({ id: "imagery", read: read, restyle: restyle, tip: tip, legend: legend, panel: panel, bounds: bounds, places: places });
  function bounds() {
    var box = L.latLngBounds([]);
    if (placed.getLayers().length) { return placed.getBounds(); }
    data.rasters.forEach(function (one) { box.extend(one.bounds); });
    return box.isValid() ? box : null;
  }

  // ---- a page of its own: the same words as the meeting map has for its views
  function ownPage() {
    var own = { imagery: IMAGERY, texts: IMAGERY.texts }, shown = { language: "ru", view: "imagery" }, helpers = agglo_parts(own, shown), extra = null;
    var leaflet = window.IMAGERY_MAP = L.map("map", { zoomSnap: 0.25 });
    var names = L.layerGroup([]), box = document.getElementById("controls");
    leaflet.createPane("names").style.zIndex = 410;
    leaflet.getPane("names").style.pointerEvents = "none";
    leaflet.attributionControl.setPrefix("Leaflet");
    leaflet.attributionControl.addAttribution(helpers.make("span", {}, [IMAGERY.attribution]).innerHTML);
    var control = L.control({ position: "bottomleft" });
    control.onAdd = function () { this.box = helpers.make("div", { "class": "legend" }); return this.box; };
    control.addTo(leaflet);
    function draw() {
      var held = document.activeElement && document.activeElement.id, opened = Array.from(box.querySelectorAll("details[open]"), function (part) { return part.id; });
      document.documentElement.lang = shown.language;
      extra.restyle(true);
      control.box.textContent = "";
      extra.legend(control.box);
      control.box.style.display = control.box.firstChild ? "" : "none";
      box.textContent = "";
      box.appendChild(helpers.languageButton(function (v) { set({ language: v }); }));
      extra.panel(box);
      if (IMAGERY.sources.length) {
        box.appendChild(helpers.make("details", { id: "sources" }, [helpers.make("summary", {}, [helpers.word("sources")])].concat(IMAGERY.sources.map(function (one) { return helpers.make("p", { "class": "source" }, [one]); }))));
      }
      opened.forEach(function (id) { if (document.getElementById(id)) { document.getElementById(id).open = true; } });
      if (held && document.getElementById(held)) { document.getElementById(held).focus(); }
      placeNames();
    }
    function placeNames() {
      helpers.placeNames(leaflet, names, extra.places.map(function (one) {
        return { point: one.layer.getBounds ? one.layer.getBounds().getCenter() : one.layer.getLatLng(), name: helpers.nameOf(one), kind: "town", middle: !!one.layer.getBounds };
      }).filter(function (one) { return one.name; }), { town: 7.6 });
    }
    function set(change) {
      Object.keys(change).forEach(function (key) { shown[key] = change[key]; });
      helpers.writeAddress();
      draw();
    }
    function readAddress() {
      helpers.addressed().forEach(function (pair) {
        if (pair[0] === "language" && (pair[1] === "ru" || pair[1] === "en")) { shown.language = pair[1]; }
        extra.read(pair[0], pair[1]);
      });
    }
    function add(view) {
      extra = view;
      var box_ = extra.bounds();
      function fit() { if (box_) { leaflet.fitBounds(box_, { padding: [12, 12], animate: false }); } else { leaflet.setView([0, 0], 2); } }
      readAddress(); fit(); names.addTo(leaflet); draw();
      L.control.scale({ imperial: false, position: "bottomright" }).addTo(leaflet);
      leaflet.on("zoomend", placeNames);
      if (box_) { helpers.printable(leaflet, extra.bounds); }
      window.addEventListener("hashchange", function () { readAddress(); draw(); });
      setTimeout(function () { leaflet.invalidateSize(); fit(); document.body.setAttribute("data-ready", "true"); }, 0);
    }
    return { data: own, map: leaflet, state: shown, parts: helpers, set: set, add: add };
  }
})();
