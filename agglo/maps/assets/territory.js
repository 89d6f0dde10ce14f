/* The territory on the meeting map: who is in by which definition, how firmly, and why. */
(function () {
  "use strict";
  var page = AGGLO_PAGE, data = page.data.territory, state = page.state, map = page.map, parts = page.parts;
  if (!data) { return; }
  var text = parts.text, word = parts.word, number = parts.number, make = parts.make, swatch = parts.swatch;
  var ALL = "all", LEVELS = ["zones", "municipalities"], KINDS = Object.keys(data.firm_colours), BORDER = "#1f2933", NOBODY = "#d9d9d9", MOST_MOVED = 5;
  var METHODS = data.definitions.filter(function (one) { return one !== data.official; });
  var FIELDS = ["isIn", "area", "decided", "value", "threshold", "margin", "unit", "firmness", "change"];

  // ---- who is in
  function definition() { return state.definition || ALL; }
  function level() { return state.level || LEVELS[0]; }
  function row(wanted, id, scenario) { // one membership by names; null where there is none
    var raw = (data[level()][scenario || state.scenario][wanted] || {})[id];
    if (!raw) { return null; }
    var found = {};
    FIELDS.forEach(function (name, at) { found[name] = raw[at] === "inf" ? Infinity : raw[at] === "-inf" ? -Infinity : raw[at]; });
    return found;
  }
  function kindOf(one) { // in or out, and how many runs agree
    var agree = one.firmness === null ? 1 : one.isIn ? one.firmness : 1 - one.firmness;
    var firm = Object.keys(data.firm_shares).filter(function (key) { return agree >= data.firm_shares[key] - 1e-9; })[0] || "disputed";
    return (one.isIn ? "in_" : "out_") + firm;
  }
  function countOf(id) { return METHODS.filter(function (one) { var own = row(one, id); return own && own.isIn; }).length; }
  function places() { return Object.keys(data[level()][state.scenario][data.definitions[0]]); }
  function byId(collection, key) {
    var found = {};
    collection.features.forEach(function (f) { found[f.properties[key]] = f.properties; });
    return found;
  }
  var KNOWN = { zones: byId(page.data.zones, "zone_id"), municipalities: byId(page.data.municipalities, "municipality_id") };
  function nameOf(id) { return parts.nameOf(KNOWN[level()][id]); }
  function areaName(id) { return KNOWN.zones[id] ? parts.nameOf(KNOWN.zones[id]) : id; }
  function definitionName(id) {
    if (id === ALL) { return word("all_definitions"); }
    var minutes = id.match(/^isochrone_(.+)$/);
    return minutes ? parts.filled(text("definition", "isochrone"), { minutes: minutes[1] }) : text("definition", id);
  }
  function aboutOf(id) {
    var key = id === ALL ? ALL : id.replace(/^isochrone_.+$/, "isochrone"), known = page.data.texts.definition_about || {};
    return known[key] ? text("definition_about", key) : "";
  }
  function elsewhere(one) { return one.isIn || !one.area ? "" : areaName(one.area); } // the other centre it belongs to
  function reason(one) {
    var side = one.isIn ? word("in") : elsewhere(one) ? parts.filled(word("out_belongs"), { area: elsewhere(one) }) : word("out");
    return parts.reason(side, one.decided, one.value, one.threshold, one.margin, one.unit);
  }
  function changes() { // who enters and leaves in this scenario, by the definition shown or by each
    var wanted = definition() === ALL ? data.definitions : [definition()], found = [];
    wanted.forEach(function (one) {
      places().forEach(function (id) {
        var own = row(one, id);
        if (own && own.change) { found.push({ id: id, definition: one, row: own }); }
      });
    });
    return found;
  }

  // ---- the map
  map.createPane("territory").style.zIndex = 401;
  var outline = L.geoJSON(data.outline, { pane: "members", interactive: false, style: { color: "#000", weight: 3, dashArray: "2 7", fill: false } });
  var members = L.geoJSON(page.data.municipalities, {
    pane: "territory",
    filter: function (f) { return !!data.municipalities[page.data.scenarios[0].id][data.definitions[0]][f.properties.municipality_id]; },
    onEachFeature: function (f, layer) { parts.tip(layer, function () { return tip(f.properties); }); }
  });
  function look(id) {
    var isAll = definition() === ALL, own = isAll ? null : row(definition(), id);
    if (isAll) { return { fillColor: parts.classOf(data.count_classes, countOf(id))[1], fillOpacity: 0.88, color: "#4d4d4d", weight: 1, dashArray: null }; }
    if (!own) { return { fillColor: NOBODY, fillOpacity: 0.5, color: "#777", weight: 0.8, dashArray: null }; }
    var moved = data.change_colours[own.change];
    return { fillColor: data.firm_colours[kindOf(own)], fillOpacity: 0.88, color: moved || BORDER, weight: moved ? 5 : 1, dashArray: moved ? "9 6" : null };
  }
  function restyle(on) {
    if (!on) { outline.remove(); members.remove(); return; }
    var whole = level() === "municipalities";
    outline.addTo(map);
    if (whole) { members.addTo(map); } else { members.remove(); }
    page.zones.eachLayer(function (layer) {
      layer.setStyle(whole ? { fillOpacity: 0, weight: 0 } : look(layer.feature.properties.zone_id));
      var own = whole || definition() === ALL ? null : row(definition(), layer.feature.properties.zone_id);
      if (own && own.change && layer.bringToFront) { layer.bringToFront(); }
    });
    page.zones.eachLayer(function (layer) { if (layer.getLatLng) { layer.bringToFront(); } });
    members.eachLayer(function (layer) {
      var own = row(definition(), layer.feature.properties.municipality_id);
      layer.setStyle(look(layer.feature.properties.municipality_id));
      if (own && own.change && layer._map) { layer.bringToFront(); }
    });
  }
  function tip(p) {
    var id = level() === "zones" ? p.zone_id : p.municipality_id, rows;
    if (definition() === ALL) {
      rows = data.definitions.map(function (one) { var own = row(one, id); return own ? [definitionName(one), make("b", {}, [mark(own)])] : null; });
    } else {
      var own = row(definition(), id);
      if (!own) { return parts.table(parts.nameOf(p), [[word("no_data"), ""]]); }
      rows = [[word("why"), reason(own)], own.firmness === null ? null : [word("inside_runs"), number(own.firmness, "share")], own.change ? [word("against_baseline"), word(own.change)] : null, [word("status"), parts.badge(data.status[definition()])]];
    }
    return parts.table(parts.nameOf(p), rows);
  }
  function mark(own) { return own.isIn ? "✓" : "✗"; }

  // ---- legend
  function legend(box) {
    box.appendChild(make("b", {}, [definitionName(definition())]));
    if (definition() === ALL) {
      data.count_classes.slice().reverse().forEach(function (c) { box.appendChild(swatch(c[1], c[0])); });
      box.appendChild(make("p", { "class": "note" }, [word("count_note")]));
    } else {
      KINDS.forEach(function (kind) { box.appendChild(swatch(data.firm_colours[kind], text("firm", kind))); });
      var moved = changes();
      Object.keys(data.change_colours).forEach(function (kind) {
        if (moved.some(function (one) { return one.row.change === kind; })) { box.appendChild(swatch(data.change_colours[kind], word(kind), true)); }
      });
    }
    box.appendChild(swatch("#000", word("official_border"), "line dots"));
  }

  // ---- panel
  function panel(box) {
    box.appendChild(parts.select("definition", word("definition"), [[ALL, word("all_definitions")]].concat(data.definitions.map(function (one) { return [one, definitionName(one)]; })), definition(), function (v) { page.set({ definition: v }); }));
    if (aboutOf(definition())) { box.appendChild(make("p", { "class": "about" }, [aboutOf(definition())])); }
    var shown = definition() === ALL ? METHODS : [definition()], doubtful = shown.map(function (one) { return data.status[one]; }).filter(function (s) { return s !== "observed"; });
    if (doubtful.length) { box.appendChild(make("p", { id: "hypothesis", "class": "hypothesis" }, [word(doubtful.indexOf("assumed") >= 0 ? "hypothesis_both" : "hypothesis_modelled")])); }
    box.appendChild(parts.buttons(LEVELS.map(function (one) { return [one, word(one)]; }), level(), function (v) { page.set({ level: v }); }));
    box.appendChild(make("p", { "class": "verdict" }, [verdict()]));
    if (state.scenario !== "baseline") { drawChanges(box); }
    box.appendChild(make("h2", {}, [word("why_here")]));
    box.appendChild(make("button", { id: "sheet_open", "class": "plain", onclick: openSheet }, [word("whole_table")]));
    box.appendChild(definition() === ALL ? matrix() : whyTable());
    if (page.portrait) { page.portrait(box); }
  }
  function verdict() {
    var all = places(), isAll = definition() === ALL;
    var inside = all.filter(function (id) { var own = isAll ? null : row(definition(), id); return isAll ? countOf(id) === METHODS.length : own && own.isIn; });
    var never = isAll ? all.filter(function (id) { return countOf(id) === 0; }).length : 0;
    return parts.filled(word(isAll ? "verdict_all_definitions" : "verdict_inside"), {
      inside: number(inside.length), places: number(all.length), never: number(never), disputed: number(all.length - inside.length - never),
      methods: number(METHODS.length), people: number(peopleShare(inside), "share"), level: word("of_" + level())
    });
  }
  function peopleShare(inside) {
    var people = page.data.zone_values[state.scenario].population_count, all = 0, own = 0;
    page.data.zones.features.forEach(function (f) {
      var p = f.properties, count = people[p.zone_id] || 0;
      if (p.kind === "outside") { return; }
      all += count;
      if (inside.indexOf(level() === "zones" ? p.zone_id : p.municipality_id) >= 0) { own += count; }
    });
    return all ? own / all : null;
  }
  function drawChanges(box) {
    var found = changes();
    box.appendChild(make("h2", {}, [word("who_moves")]));
    if (!found.length) { box.appendChild(make("p", { "class": "about" }, [word("nobody_moves")])); }
    found.slice(0, MOST_MOVED).forEach(function (one) { box.appendChild(moved(one)); });
    if (found.length > MOST_MOVED) {
      box.appendChild(make("details", { id: "more_moved" }, [make("summary", {}, [parts.filled(word("more_of_them"), { count: number(found.length - MOST_MOVED) })])].concat(found.slice(MOST_MOVED).map(moved))));
    }
  }
  function moved(one) {
    var of = definition() === ALL ? " (" + definitionName(one.definition) + ")" : "", before = row(one.definition, one.id, "baseline");
    var item = make("div", { "class": "receipt moved" }, [make("b", {}, [nameOf(one.id)]), " — " + word(one.row.change) + of + ". ", reason(one.row)]);
    item.style.borderColor = data.change_colours[one.row.change];
    if (before && before.value !== null && one.row.value !== null) { item.appendChild(make("small", {}, [" " + parts.filled(word("was_before"), { value: parts.measured(before.value, before.unit) })])); }
    return item;
  }
  function coloured(own, children) { // a cell in the colour of the map
    var cell = make("td", { "class": "kind" }, children), kind = kindOf(own);
    cell.style.background = data.firm_colours[kind];
    if (/firmly$/.test(kind)) { cell.style.color = "#fff"; }
    return cell;
  }
  function ordered() { // those who are in by most definitions first
    var counts = {};
    places().forEach(function (id) { counts[id] = countOf(id); });
    return places().sort(function (a, b) { return counts[b] - counts[a] || nameOf(a).localeCompare(nameOf(b), state.language); });
  }
  function numbered(value, own, signed) { return value === null ? "–" : parts.measured(value, own.unit, signed); }
  function whyTable() {
    var heads = ["", "", word("value"), word("threshold"), word("margin"), word("runs_short")].map(function (title) { return make("th", {}, [title]); });
    var rows = ordered().map(function (id) {
      var own = row(definition(), id);
      if (!own) { return make("tr", {}, [make("td", {}, [nameOf(id)])]); }
      var line = make("tr", {}, [make("td", {}, [nameOf(id)]), coloured(own, [mark(own)])].concat([numbered(own.value, own), numbered(own.threshold, own), numbered(own.margin, own, true), own.firmness === null ? "–" : number(own.firmness, "share")].map(function (said) { return make("td", {}, [said]); })));
      line.title = reason(own);
      return line;
    });
    return make("div", { "class": "wide" }, [make("table", { id: "why", "class": "numbers small" }, [make("tr", {}, heads)].concat(rows))]);
  }
  function matrix() {
    var heads = [make("th")].concat(data.definitions.map(function (one) { return make("th", { "class": "turned" }, [make("button", { "class": "link", onclick: function () { page.set({ definition: one }); } }, [definitionName(one)])]); }));
    var rows = ordered().map(function (id) {
      return make("tr", {}, [make("td", {}, [nameOf(id)])].concat(data.definitions.map(function (one) {
        var own = row(one, id), cell = own ? coloured(own, [mark(own)]) : make("td", {}, ["–"]);
        if (own) { cell.title = definitionName(one) + ". " + reason(own); }
        return cell;
      })));
    });
    return make("div", { "class": "wide" }, [make("table", { id: "why", "class": "numbers matrix" }, [make("tr", {}, heads)].concat(rows))]);
  }

  // ---- the whole table on a sheet of its own, also on paper
  var sheet = null;
  function openSheet() {
    if (!sheet) { sheet = make("div", { id: "sheet", role: "dialog" }); document.body.appendChild(sheet); }
    drawSheet();
    document.body.classList.add("sheet");
    document.getElementById("sheet_close").focus();
  }
  function closeSheet() { document.body.classList.remove("sheet"); if (document.getElementById("sheet_open")) { document.getElementById("sheet_open").focus(); } }
  function drawSheet() {
    sheet.textContent = "";
    var tools = make("div", { "class": "tools" }, [make("button", { id: "sheet_print", "class": "plain", onclick: function () { window.print(); } }, [word("print")]), make("button", { id: "sheet_close", "class": "plain", onclick: closeSheet }, [word("close")])]);
    var heads = [make("th", {}, [word(level())])].concat(data.definitions.map(function (one) { return make("th", {}, [definitionName(one)]); }));
    var rows = ordered().map(function (id) {
      return make("tr", {}, [make("td", {}, [nameOf(id)])].concat(data.definitions.map(function (one) { var own = row(one, id); return own ? cellOf(own) : make("td", {}, ["–"]); })));
    });
    sheet.appendChild(tools);
    sheet.appendChild(make("h1", {}, [page.data.title[state.language] + ": " + word("why_sheet")]));
    sheet.appendChild(make("p", {}, [word("scenario") + ": " + page.scenario(state.scenario).title[state.language] + ". " + word("sheet_note")]));
    sheet.appendChild(make("div", { "class": "key" }, KINDS.map(function (kind) { return swatch(data.firm_colours[kind], text("firm", kind)); })));
    sheet.appendChild(make("table", { "class": "numbers" }, [make("thead", {}, [make("tr", {}, heads)]), make("tbody", {}, rows)]));
  }
  function cellOf(own) {
    var lines = [make("b", {}, [mark(own) + (elsewhere(own) ? " → " + elsewhere(own) : "") + (own.change ? " " + word(own.change) : "")])];
    if (own.value === null) { lines.push(make("div", {}, [text("decided", own.decided)])); } else {
      lines.push(make("div", {}, [numbered(own.value, own) + (own.threshold === null ? "" : " / " + numbered(own.threshold, own))]));
    }
    var margin = own.margin === null ? "" : numbered(own.margin, own, true), runs = own.firmness === null ? "" : number(own.firmness, "share");
    if (margin || runs) { lines.push(make("div", {}, [margin + (margin && runs ? " · " : "") + (runs ? runs : "")])); }
    return coloured(own, lines);
  }
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") { closeSheet(); } });

  // ---- address and start
  function read(key, value) {
    if (key === "view" && value === "territory") { state.view = value; }
    if (key === "definition" && (value === ALL || data.definitions.indexOf(value) >= 0)) { state.definition = value; }
    if (key === "level" && LEVELS.indexOf(value) >= 0) { state.level = value; }
  }
  page.add({ id: "territory", read: read, restyle: restyle, tip: tip, legend: legend, panel: panel });
})();
