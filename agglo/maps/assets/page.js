/* The meeting map: draws AGGLO (data) on AGGLO_MAP (folium's Leaflet map). Names only ever become text nodes. */
(function () {
  "use strict";
  var data = AGGLO, map = AGGLO_MAP;
  var state = { language: "ru", scenario: data.scenarios[0].id, indicator: data.shown.indexOf(data.key[0]) < 0 ? data.shown[0] : data.key[0], difference: false };

  // ---- words and numbers
  var extras = [], parts = agglo_parts(data, state), text = parts.text, word = parts.word, nameOf = parts.nameOf, number = parts.number;
  var make = parts.make, badge = parts.badge, table = parts.table, tip = parts.tip, swatch = parts.swatch, select = parts.select, rangeOf = parts.rangeOf;
  readAddress();
  function unitOf(id) { return indicator(id).unit; }
  function indicator(id) { return data.indicators.filter(function (i) { return i.id === id; })[0]; }
  function scenario(id) { return data.scenarios.filter(function (s) { return s.id === id; })[0]; }

  // ---- values and colours
  function column() { return (state.difference ? "change_" : "") + state.indicator; }
  function valueOf(zone) {
    var own = data.zone_values[state.scenario][state.indicator][zone];
    if (!state.difference || own === null) { return own; }
    return own - data.zone_values.baseline[state.indicator][zone];
  }
  function colourOf(style, value) {
    if (value === null || value === undefined) { return style.missing ? style.missing[1] : data.colours.missing; }
    var hit = parts.classOf(style.classes, value);
    return hit ? hit[1] : data.colours.missing;
  }
  function style(name) { return data.styles[state.language][name]; }

  // ---- panes from the ground up
  ["context", "zones", "members", "railways", "links", "flows", "stops", "places", "employers", "names"].forEach(function (pane, n) {
    map.createPane(pane).style.zIndex = 400 + n;
  });
  map.getPane("names").style.pointerEvents = "none";
  map.attributionControl.setPrefix("Leaflet");
  map.attributionControl.addAttribution(make("span", {}, [data.attribution]).innerHTML);

  // ---- layers that no scenario changes
  var context = L.geoJSON(data.municipalities, {
    pane: "context", interactive: true,
    style: function (f) {
      var inside = f.properties.role !== "context";
      return { color: "#a8b0b8", weight: 1, fillColor: inside ? "#ffffff" : "#e6e9ea", fillOpacity: 1 };
    },
    onEachFeature: function (f, layer) { tip(layer, function () { return municipalityTip(f.properties); }); }
  });
  var members = L.geoJSON(data.municipalities, {
    pane: "members", interactive: false,
    filter: function (f) { return f.properties.role !== "context"; },
    style: function (f) { return { color: data.colours[f.properties.role], weight: f.properties.role === "core" ? 3 : 2, fill: false }; }
  });
  var railways = L.layerGroup([
    L.geoJSON(data.railways, { pane: "railways", style: { color: data.colours.rail, weight: 4 }, interactive: false }),
    tipAll(L.geoJSON(data.railways, { pane: "railways", style: { color: "#fff", weight: 2, dashArray: "8 8" } }),
      function (p) { return table(nameOf(p), [[word("status"), badge(p.status)]]); })
  ]);
  var stops = tipAll(L.geoJSON(data.stops, {
    pane: "stops",
    pointToLayer: function (f, point) {
      var train = f.properties.mode === "train";
      return L.circleMarker(point, { pane: "stops", radius: train ? 4.5 : 3, color: "#fff", weight: 1, fillColor: train ? data.colours.rail : data.colours.road, fillOpacity: 1 });
    }
  }), function (p) {
    return table(nameOf(p), [[text("word", p.mode), ""], p.km !== null ? [word("km_from_moscow"), number(p.km)] : null, [word("status"), badge(p.status)]]);
  });
  var employers = tipAll(L.geoJSON(data.employers, {
    pane: "employers",
    pointToLayer: function (f, point) { return L.circleMarker(point, { pane: "employers", radius: 4, color: "#5c4300", weight: 1.2, fillColor: data.colours.employer, fillOpacity: 1 }); }
  }), function (p) {
    return table(nameOf(p), [[word("jobs"), p.jobs_count === null ? word("not_published") : number(p.jobs_count) + (p.year ? " (" + p.year + ")" : "")], [word("source"), p.source], [word("status"), badge(p.status)]]);
  });
  function tipAll(layer, build) {
    layer.eachLayer(function (one) { tip(one, function () { return build(one.feature.properties); }); });
    return layer;
  }

  // ---- layers of the scenario
  var zones = L.geoJSON(data.zones, {
    filter: function (f) { return f.properties.kind !== "outside"; },
    pane: "zones",
    pointToLayer: function (f, point) { return L.circleMarker(point, { pane: "places", radius: 8, weight: 1.2, color: "#333", fillOpacity: 0.95 }); },
    style: function () { return { weight: 0.8, color: "#555", fillOpacity: 0.82 }; },
    onEachFeature: function (f, layer) {
      tip(layer, function () { return shown() ? shown().tip(f.properties) : zoneTip(f.properties); });
    }
  });
  var links = L.geoJSON(data.links, { pane: "links", style: {},
    onEachFeature: function (f, layer) { tip(layer, function () { return linkTip(f.properties); }); } });
  var critical = L.geoJSON(data.links, { pane: "links", style: {},
    onEachFeature: function (f, layer) { tip(layer, function () { return linkTip(f.properties); }); } });
  var flows = L.layerGroup([]), names = L.layerGroup([]);

  var WIDTHS = { motorway: 3.5, trunk: 3.5, primary: 2.4 };
  function municipalityTip(p) {
    var rows = [];
    [["population", /^population_(\d+)_count$/], ["net_migration", /^net_migration_(\d+)_count$/], ["wage", /^wage_(\d+)_rub$/]].forEach(function (kind) {
      Object.keys(p).forEach(function (key) {
        var hit = key.match(kind[1]);
        if (hit && p[key] !== null) { rows.push([word(kind[0]) + " " + hit[1], number(p[key])]); }
      });
    });
    rows.push(rows.length ? [word("status"), badge(p.status)] : [word("no_data"), ""]);
    return table(nameOf(p), rows);
  }
  function zoneTip(p) {
    var values = data.zone_values[state.scenario], base = data.zone_values.baseline;
    var unit = unitOf(state.indicator), own = values[state.indicator][p.zone_id];
    var change = own === null ? null : own - base[state.indicator][p.zone_id];
    function counted(what, status) {
      var id = what + "_count", same = values[id][p.zone_id] === base[id][p.zone_id];
      return [word(what), make("span", {}, [number(values[id][p.zone_id], "persons"), " ", badge(same ? data[status] : "assumed")])];
    }
    var scenarioStatus = scenario(state.scenario).status[state.indicator] || "assumed";
    return table(nameOf(p) + " (" + text("kind", p.kind) + ")", [
      [text("indicator", state.indicator), number(own, unit) + " " + (unit === "share" ? "" : text("unit", unit))],
      state.scenario === "baseline" ? null : [word("difference"), number(change, unit, true)],
      [word("status"), badge(scenarioStatus)],
      counted("population", "population_status"), counted("workers", "work_status"), counted("jobs", "work_status")
    ]);
  }
  function linkTip(p) {
    var v = data.link_values[state.scenario];
    return table(nameOf(p), [
      v.is_open[p.link_id] ? null : [word("closed"), "×"],
      v.is_changed[p.link_id] ? [word("changed"), "✓"] : null,
      [word("speed"), number(v.speed_kmh[p.link_id])],
      [word("length"), number(p.length_km)],
      [text("indicator", "link_loss_person_min"), number(v.link_loss_person_min[p.link_id])],
      [word("status"), badge(p.status)]
    ]);
  }

  function restyle() {
    var look = style(column()), lost = style("link_loss_person_min"), v = data.link_values[state.scenario];
    zones.eachLayer(function (layer) {
      var isPoint = !!layer.getLatLng;
      layer.setStyle({ fillColor: colourOf(look, valueOf(layer.feature.properties.zone_id)), fillOpacity: isPoint ? 0.95 : 0.82, color: isPoint ? "#333" : "#555", weight: isPoint ? 1.2 : 0.8, dashArray: null });
    });
    function hide(layer, there) { // a link of another scenario is not there at all
      if (layer.getElement()) { layer.getElement().style.display = there ? "" : "none"; }
      return !there;
    }
    links.eachLayer(function (layer) {
      var p = layer.feature.properties, id = p.link_id;
      if (hide(layer, id in v.is_open)) { return; }
      var open = v.is_open[id], changed = open && v.is_changed[id], width = WIDTHS[p["class"]] || 1.5;
      layer.setStyle({ color: !open ? data.colours.closed : changed ? "#1a9641" : data.colours.road, weight: changed ? width + 2 : open ? width : 4, opacity: 0.9, dashArray: open ? null : "6 7" });
    });
    critical.eachLayer(function (layer) {
      var id = layer.feature.properties.link_id, loss = v.link_loss_person_min[id] || 0;
      if (hide(layer, id in v.is_open)) { return; }
      layer.setStyle({ color: loss > 0 ? colourOf(lost, loss) : "#9e9e9e", weight: loss > 0 ? 5 : 1.5, opacity: 0.95 });
    });
    flows.clearLayers();
    (data.flows[state.scenario] || []).forEach(function (flow) {
      var line = L.polyline(flow[3], { pane: "flows", color: data.colours.flow, opacity: 0.55, weight: Math.max(1, Math.sqrt(flow[2]) / 7) });
      flows.addLayer(tip(line, function () {
        return table(nameOf(zone(flow[0])) + " → " + nameOf(zone(flow[1])), [[word("commuters"), number(flow[2])], [word("status"), badge(data.flow_status)]]);
      }));
    });
    labels = [];
    data.zones.features.forEach(function (f) {
      var p = f.properties;
      if (p.kind === "remainder") { return; }
      label([p.lat, p.lon], nameOf(p), p.kind);
    });
    context.eachLayer(function (layer) {
      var p = layer.feature.properties;
      if (p.role === "member") { label(layer.getBounds().getCenter(), nameOf(p), "district"); }
    });
    roadNames();
    placeNames();
    extras.forEach(function (extra) { extra.restyle(extra.id === state.view); });
  }
  var labels = [];
  function label(point, name, kind) { labels.push({ point: L.latLng(point), name: name, kind: kind, middle: kind === "district" }); }
  var SIZES = { city: 9.6, town: 7.6, outside: 7.2, village: 6.8, district: 8.6, road: 7 }; // the weightiest first
  function placeNames() { parts.placeNames(map, names, labels, SIZES); }
  map.on("zoomend", placeNames);
  function roadNames() { // the stretch of each numbered road nearest to the middle carries its number
    var best = {}, centre = members.getBounds().getCenter();
    links.eachLayer(function (layer) {
      var p = layer.feature.properties, middle = layer.getBounds().getCenter();
      var apart = middle.distanceTo(centre);
      if (/\d/.test(p.road) && p.length_km >= 7 && apart < 45000 && !(best[p.road] && best[p.road].apart <= apart)) { best[p.road] = { apart: apart, line: layer.getLatLngs() }; }
    });
    Object.keys(best).forEach(function (road) {
      var line = best[road].line, shown = state.language === "ru" ? road.replace(/^M-?/, "М-").replace(/^A/, "А") : road;
      label(line[Math.floor(line.length / 2)], "\u00a0" + shown + "\u00a0", "road");
    });
  }
  function zone(id) {
    return data.zones.features.filter(function (f) { return f.properties.zone_id === id; })[0].properties;
  }

  // ---- legend, layer control, panel
  var legend = L.control({ position: "bottomleft" });
  legend.onAdd = function () { this.box = make("div", { "class": "legend" }); return this.box; };
  legend.addTo(map);
  function drawLegend() {
    var look = style(column()), box = legend.box;
    box.textContent = "";
    if (shown()) { shown().legend(box); } else if (map.hasLayer(zones)) {
      box.appendChild(make("b", {}, [look.name]));
      look.classes.forEach(function (c) { box.appendChild(swatch(c[1], rangeOf(c, unitOf(state.indicator), state.difference), false)); });
      var inside = data.zones.features.filter(function (f) { return f.properties.kind !== "outside"; });
      if (look.missing && inside.some(function (f) { return valueOf(f.properties.zone_id) === null; })) { box.appendChild(swatch(look.missing[1], look.missing[0], false)); }
    }
    if (map.hasLayer(critical)) {
      var lost = style("link_loss_person_min");
      box.appendChild(make("hr"));
      box.appendChild(make("b", {}, [lost.name]));
      lost.classes.forEach(function (c) { box.appendChild(swatch(c[1], rangeOf(c, "person-min/day"), true)); });
      box.appendChild(make("p", { "class": "note" }, [word("loss_caveat")]));
    }
    if (map.hasLayer(links)) {
      var v = data.link_values[state.scenario];
      box.appendChild(make("hr"));
      var part = data.links_shown < data.links_all ? " (" + data.links_shown + " / " + data.links_all + ")" : "";
      box.appendChild(swatch(data.colours.road, word("links") + part, true));
      if (some(v.is_changed)) { box.appendChild(swatch("#1a9641", word("links") + ": " + word("changed"), true)); }
      if (some(v.is_open, true)) { box.appendChild(swatch(data.colours.closed, word("links") + ": " + word("closed"), true)); }
    }
    if (map.hasLayer(railways)) { box.appendChild(swatch(data.colours.rail, word("railways"), true)); }
    if (map.hasLayer(stops)) {
      box.appendChild(swatch(data.colours.rail, word("train"), "dot"));
      box.appendChild(swatch(data.colours.road, word("bus"), "dot"));
    }
    if (map.hasLayer(employers)) { box.appendChild(swatch(data.colours.employer, word("employers"), "dot")); }
    if (map.hasLayer(flows)) { box.appendChild(swatch(data.colours.flow, word("flows"), true)); }
  }
  function some(values, none) { return Object.keys(values).some(function (k) { return none ? !values[k] : values[k]; }); }
  var control = null;
  function drawControl() {
    if (control) { control.remove(); }
    control = L.control.layers(null, null, { collapsed: window.innerWidth < 1200, position: "topright" });
    [[zones, "zones"], [names, "places"], [links, "links"], [critical, "criticality"], [railways, "railways"], [stops, "stops"], [employers, "employers"], [flows, "flows"], [members, "municipalities"]].forEach(function (pair) {
      control.addOverlay(pair[0], make("span", {}, [word(pair[1])]).innerHTML);
    });
    control.addTo(map);
  }
  function drawPanel() {
    var own = scenario(state.scenario), base = scenario("baseline"), box = document.getElementById("controls");
    var held = document.activeElement && document.activeElement.id, opened = Array.from(box.querySelectorAll("details[open]"), function (part) { return part.id; });
    document.documentElement.lang = state.language;
    document.title = data.title[state.language];
    document.getElementById("title").textContent = data.title[state.language];
    document.getElementById("caveat").textContent = word("caveat");
    box.textContent = "";
    box.appendChild(parts.languageButton(function (v) { set({ language: v }); }));
    box.appendChild(select("scenario", word("scenario"), data.scenarios.map(function (s) { return [s.id, s.title[state.language]]; }), state.scenario, function (v) { set({ scenario: v, difference: v === "baseline" ? false : state.difference }); }));
    box.appendChild(make("p", { "class": "about" }, [own.description[state.language]]));
    if (extras.length) {
      box.appendChild(parts.buttons([["indicators", word("indicators")]].concat(extras.map(function (extra) { return [extra.id, word(extra.id)]; })), state.view || "indicators", function (v) { set({ view: v === "indicators" ? undefined : v }); }));
    }
    if (shown()) { shown().panel(box); } else { drawIndicators(box, own, base); }
    drawSources(box);
    opened.forEach(function (id) { if (document.getElementById(id)) { document.getElementById(id).open = true; } });
    if (held && document.getElementById(held)) { document.getElementById(held).focus(); }
  }
  function drawIndicators(box, own, base) {
    box.appendChild(select("indicator", word("indicator"), data.shown.map(function (i) { return [i, text("indicator", i)]; }), state.indicator, function (v) { set({ indicator: v }); }));
    if (state.scenario !== "baseline") {
      box.appendChild(make("div", { "class": "switch", role: "group" }, [false, true].map(function (on) {
        return make("button", { id: on ? "difference" : "levels", "aria-pressed": String(state.difference === on), onclick: function () { set({ difference: on }); } }, [word(on ? "difference" : "levels")]);
      })));
    }
    box.appendChild(make("p", { "class": "about" }, [text("about", state.indicator)]));
    if (state.scenario !== "baseline") { box.appendChild(verdict(own)); }
    if (own.horizon === "day") { box.appendChild(make("p", { "class": "note" }, [word("shock_note")])); }
    box.appendChild(make("h2", {}, [word("whole")]));
    box.appendChild(numbers(own, base, data.key));
    box.appendChild(make("details", { id: "all_indicators" }, [make("summary", {}, [word("all_indicators")]), numbers(own, base, data.indicators.map(function (i) { return i.id; }).filter(function (id) { return data.key.indexOf(id) < 0; }))]));
    var worst = own.worst;
    box.appendChild(make("p", { "class": "about" }, [make("b", {}, [word("worst_link") + ": "]), worst[state.language] + " — " + number(worst.loss) + " " + text("unit", "person-min/day") + (worst.unserved ? ", " + number(worst.unserved) + " " + word("cut_off") : "")]));
    own.cut_off.forEach(function (cut, n) {
      if (n === 0) { box.appendChild(make("p", { "class": "about" }, [make("b", {}, [word("cut_places") + ":"])])); }
      box.appendChild(make("p", { "class": "about" }, [cut["places_" + state.language] + " (" + number(cut.people) + " " + word("people") + ") — " + cut[state.language]]));
    });
    box.appendChild(make("p", { "class": "note" }, [word("loss_caveat")]));
    box.appendChild(make("h2", {}, [word("goals")]));
    data.goals.forEach(function (g) { box.appendChild(goal(g, own)); });
    box.appendChild(make("h2", {}, [word("receipts")]));
    if (!own.receipts.length) { box.appendChild(make("p", { "class": "about" }, [word("nothing_changes")])); }
    own.receipts.forEach(function (r) {
      var what = r.column ? ", " + text("column", r.column) + ": " + said(r.before) + " → " + said(r.after) : ": " + word("added");
      box.appendChild(make("div", { "class": "receipt" }, [r[state.language] + what + " ", make("span", { "class": "badge" }, [word(r.basis)]), make("br"), make("small", {}, [r.why[state.language]])]));
    });
  }
  function drawSources(box) {
    var sources = make("details", { id: "sources" }, [make("summary", {}, [word("sources")])]);
    data.sources.forEach(function (s) {
      var said = [s.title[state.language], s.source, s.licence, s.attribution, s.date].filter(Boolean).join(". ");
      sources.appendChild(make("div", { "class": "source" }, [badge(s.status), " ", said, make("br"), make("small", {}, [s.note])]));
    });
    sources.appendChild(make("p", { "class": "source" }, [word("inputs") + " " + data.inputs]));
    box.appendChild(sources);
  }
  function said(value) {
    if (value === "True" || value === "False") { return word(value === "True" ? "yes" : "no"); }
    return value === "" ? "–" : isNaN(value) ? value : number(Number(value));
  }
  function verdict(own) { // better or worse only where the whole range is on one side of the baseline
    var kinds = { better: [], worse: [], unclear: [] };
    data.goals.forEach(function (g) {
      var score = own.scores[g.id];
      kinds[score[1] > 50.5 ? "better" : score[2] < 49.5 ? "worse" : "unclear"].push(g[state.language]);
    });
    return make("div", { "class": "verdict" }, Object.keys(kinds).filter(function (k) { return kinds[k].length; }).map(function (k) {
      return make("div", {}, [make("b", {}, [word("is_" + k) + ": "]), kinds[k].join(", ")]);
    }));
  }
  function goal(g, own) {
    var score = own.scores[g.id], bar = make("div", { "class": "bar" + (score[0] < 50 ? " down" : "") });
    var fill = make("i"), middle = make("u"), range = make("s");
    fill.style.left = Math.min(50, score[0]) + "%"; fill.style.width = Math.abs(score[0] - 50) + "%";
    middle.style.left = "50%";
    range.style.left = score[1] + "%"; range.style.width = Math.max(0.5, score[2] - score[1]) + "%";
    [fill, range, middle].forEach(function (n) { bar.appendChild(n); });
    return make("div", { "class": "goal" + (g.headline ? " headline" : "") }, [make("span", {}, [g[state.language]]), make("b", {}, [number(score[0])]), bar,
      make("small", {}, own.id === "baseline" ? [] : [number(score[1]) + " … " + number(score[2]) + " " + word("range")])]);
  }
  function numbers(own, base, keys) {
    var same = own.id === "baseline", rows = [make("tr", {}, [make("th", {}, [word("indicator")]), make("th", {}, [word("value")])].concat(same ? [] : [make("th", {}, ["Δ"])]))];
    keys.forEach(function (id) {
      var i = indicator(id);
      if (!(id in own.whole) || own.whole[id] === null) { return; }
      var change = own.whole[id] - base.whole[id], turned = change * i.better, cells = [];
      var still = Math.abs(change) <= 1e-3 * Math.abs(base.whole[id]);
      cells.push(make("td", {}, [text("indicator", id), " ", badge(own.status[id])]));
      cells.push(make("td", {}, [number(own.whole[id], i.unit) + (i.unit === "share" ? "" : " " + text("unit", i.unit))]));
      if (!same) { cells.push(make("td", { "class": still ? "" : turned > 0 ? "better" : turned < 0 ? "worse" : "" }, [still ? "0" : number(change, i.unit, true)])); }
      rows.push(make("tr", {}, cells));
    });
    return make("table", { "class": "numbers" }, rows);
  }

  // ---- other scripts add views of their own: each draws with our parts, and is told of every change
  function shown() { return extras.filter(function (extra) { return extra.id === state.view; })[0]; }
  window.AGGLO_PAGE = {
    data: data, map: map, state: state, parts: parts, zones: zones, scenario: scenario, set: set,
    add: function (extra) { extras.push(extra); readAddress(); restyle(); drawPanel(); drawLegend(); }
  };

  // ---- state, address, start
  function readAddress() {
    parts.addressed().forEach(function (pair) {
      if (pair[0] === "language" && (pair[1] === "ru" || pair[1] === "en")) { state.language = pair[1]; }
      if (pair[0] === "scenario" && data.scenarios.some(function (s) { return s.id === pair[1]; })) { state.scenario = pair[1]; }
      if (pair[0] === "indicator" && data.shown.indexOf(pair[1]) >= 0) { state.indicator = pair[1]; }
      if (pair[0] === "difference") { state.difference = pair[1] === "true"; }
      extras.forEach(function (extra) { extra.read(pair[0], pair[1]); });
    });
    if (state.scenario === "baseline") { state.difference = false; }
  }
  function set(change) {
    var turned = change.language && change.language !== state.language;
    Object.keys(change).forEach(function (key) { state[key] = change[key]; });
    parts.writeAddress();
    if (turned) { drawControl(); }
    restyle(); drawPanel(); drawLegend();
  }
  [context, zones, members, links, railways, stops, names].forEach(function (layer) { layer.addTo(map); });
  map.on("overlayadd", function () { restyle(); drawLegend(); });
  map.on("overlayremove", drawLegend);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  parts.printable(map, function () { return members.getBounds(); });
  drawControl(); restyle(); drawPanel(); drawLegend();
  window.addEventListener("hashchange", function () { readAddress(); drawControl(); restyle(); drawPanel(); drawLegend(); });
  setTimeout(function () { map.invalidateSize(); map.fitBounds(members.getBounds(), { paddingTopLeft: [70, 8], paddingBottomRight: [8, 8], animate: false }); document.body.setAttribute("data-ready", "true"); }, 0);
})();
