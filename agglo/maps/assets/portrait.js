/* The portrait below the territory: how centres share the agglomeration, whom it answers to, what is claimed of it. */
(function () {
  "use strict";
  var page = AGGLO_PAGE, data = (page.data.territory || {}).portrait, state = page.state, parts = page.parts;
  if (!data) { return; }
  var text = parts.text, word = parts.word, filled = parts.filled, make = parts.make, badge = parts.badge;
  var BASE = page.data.scenarios[0].id, WHOLE = "all", NONE = "\u2013", SUBJECTS = ["population", "jobs", "inflows"];
  var READINGS = [["core_share"], ["slope", "two_city"]]; // the views of each reading: they stand side by side, one never decides for the other
  var VIEWS = READINGS[0].concat(READINGS[1]), AT_LEAST = ["slope"]; // a slope is held against the least, other views against the most
  var MARKS = { no_hypertrophy: "\u2713", polycentric: "\u2713", met: "\u2713", holds: "\u2713", hypertrophy: "\u2717", monocentric: "\u2717", not_met: "\u2717", does_not_hold: "\u2717", not_defined: "?", cannot_be_tested: "?", unknown: "?" };
  var isOpen = { portrait_structure: true }; // only the first is unfolded, until the reader says otherwise

  // ---- names, numbers, verdicts
  var NAMES = {};
  [["municipalities", "municipality_id"], ["zones", "zone_id"]].forEach(function (kind) {
    page.data[kind[0]].features.forEach(function (f) { NAMES[f.properties[kind[1]]] = f.properties; });
  });
  function nameOf(id) { return Object.prototype.hasOwnProperty.call(NAMES, id) ? parts.nameOf(NAMES[id]) : id; }
  function named(ids) { return ids.map(nameOf).join(", "); }
  function figure(value, unit) { // a number, or what stands for none
    if (value === null || value === undefined) { return NONE; }
    return value === "inf" ? "\u221e" : value === "-inf" ? "\u2212\u221e" : parts.number(value, unit);
  }
  function verdict(key, group) { // a mark and a word: never a colour alone
    var mark = MARKS[key] ? MARKS[key] + "\u00a0" : "";
    return make("b", { "class": "said" + (MARKS[key] === "\u2713" ? " yes" : MARKS[key] === "\u2717" ? " no" : "") }, [mark + text(group || "portrait_verdict", key)]);
  }
  function unitOf(measure) { return /_share$/.test(measure) ? "share" : ""; }
  function was(own, base) { // what it said in the baseline, where that reads differently
    return base === undefined || base === own ? null : make("small", { "class": "was" }, [filled(word("portrait_was"), { value: base })]);
  }
  function cell(tag, children, kind) { return make(tag, kind ? { "class": kind } : {}, children.filter(Boolean)); }
  function table(id, heads, rows) {
    var head = heads ? [make("tr", {}, heads.map(function (one) { return make("th", {}, [one]); }))] : [];
    return make("table", { id: id, "class": "numbers small" }, head.concat(rows));
  }
  function find(rows, keys) { // the first row that begins with these keys
    return (rows || []).filter(function (row) { return keys.every(function (key, at) { return row[at] === key; }); })[0];
  }
  function section(id, children) {
    var node = make("details", { id: id, "class": "portrait" }, [make("summary", {}, [word(id)])].concat(children.filter(Boolean)));
    node.open = !!isOpen[id];
    node.ontoggle = function () { isOpen[id] = node.open; };
    return node;
  }
  function note(own, base, keys) { // what the numbers of a scenario are held against, or that it moves none of them
    var still = keys.every(function (key) { return JSON.stringify(own[key]) === JSON.stringify(base[key]); });
    return state.scenario === BASE ? null : make("p", { "class": "about" }, [word(still ? "portrait_same" : "portrait_was_note")]);
  }

  // ---- 1. is there no hypertrophied centre? both readings side by side
  function structure(own, base) {
    var subjects = SUBJECTS.filter(function (one) { return find(own.readings, [one]); }), children = [note(own, base, ["readings", "shares", "flows", "development", "conditions"])];
    if (subjects.length) {
      children.push(make("p", { "class": "about" }, [word("portrait_readings_note")]), readings(own, base, subjects), shares(own, base, subjects));
    } else { children.push(make("p", { "class": "about" }, [word("portrait_one_centre")])); }
    children.push(tie(own, base), development(own, base), conditions(own, base));
    return section("portrait_structure", children);
  }
  function readings(own, base, subjects) {
    var first = make("tr", {}, [make("th")].concat(READINGS.map(function (views, at) { return make("th", { colspan: views.length, "class": "reading" + (at ? " apart" : "") }, [text("portrait_reading", String(at + 1))]); })));
    var heads = make("tr", {}, [make("th")].concat(VIEWS.map(function (view) { return make("th", { "class": view === READINGS[1][0] ? "apart" : "" }, [text("portrait_view", view)]); })));
    var rows = subjects.map(function (subject) {
      var status = find(own.readings, [subject])[6];
      return make("tr", {}, [make("td", {}, [text("portrait_subject", subject), make("br"), badge(status)])].concat(VIEWS.map(function (view) { return reading(find(own.readings, [subject, view]), find(base.readings, [subject, view]), view); })));
    });
    return table("portrait_readings", null, [first, heads].concat(rows));
  }
  function reading(row, before, view) { // value, limit, verdict
    if (!row) { return make("td", {}, [NONE]); }
    var said = figure(row[3]), limit = (AT_LEAST.indexOf(view) >= 0 ? "\u2265\u00a0" : "\u2264\u00a0") + figure(row[4]);
    var old = before && figure(before[3]) + (before[5] === row[5] ? "" : ", " + text("portrait_verdict", before[5]));
    return cell("td", [make("span", { "class": "figure" }, [said]), make("small", {}, [" (" + limit + ")"]), make("br"), verdict(row[5]), old === undefined ? null : was(said, old)], view === READINGS[1][0] ? "apart" : "");
  }
  function shares(own, base, subjects) {
    var keys = ["primacy_share", "effective_centres"];
    return table("portrait_shares", [""].concat(keys.map(function (key) { return text("portrait_measure", key); })), subjects.map(function (subject) {
      return make("tr", {}, [make("td", {}, [text("portrait_subject", subject)])].concat(keys.map(function (key) { return value(own.shares, base.shares, [subject, key], 2, unitOf(key)); })));
    }));
  }
  function value(own, base, keys, at, unit) { // a cell with a number, and what it was
    var row = find(own, keys), before = find(base, keys), said = figure(row && row[at], unit);
    return cell("td", [said, before ? was(said, figure(before[at], unit)) : null]);
  }
  function tie(own, base) {
    if (!own.flows.length) { return null; }
    return table("portrait_flows", [text("portrait_subject", "flows"), ""], own.flows.map(function (row) {
      return make("tr", {}, [make("td", {}, [text("portrait_measure", row[1]), " ", badge(row[3])]), value(own.flows, base.flows, [row[0], row[1]], 2, "share")]);
    }));
  }
  function development(own, base) {
    if (!own.development.length) { return null; }
    return table("portrait_development", [word("portrait_coefficient"), "K", text("portrait_measure", "class")], own.development.map(function (row) {
      return make("tr", {}, [make("td", {}, [text("portrait_development", row[0]), " ", badge(row[3])]), value(own.development, base.development, [row[0]], 1, ""), make("td", {}, [make("b", {}, [text("portrait_class", row[2])])])]);
    }));
  }
  function conditions(own, base) {
    if (!own.conditions.length) { return null; }
    return table("portrait_conditions", [word("portrait_conditions"), "", ""], own.conditions.map(function (row) {
      var before = find(base.conditions, [row[0]]), unit = /^core_population/.test(row[0]) ? "persons" : "", said = figure(row[1], unit);
      return make("tr", {}, [make("td", {}, [text("portrait_condition", row[0]), " ", badge(row[4])]),
        cell("td", [make("span", { "class": "figure" }, [said]), make("small", {}, [" (\u2265\u00a0" + figure(row[2], unit) + ")"]), before ? was(said, figure(before[1], unit)) : null]), make("td", {}, [verdict(row[3])])]);
    }));
  }

  // ---- 2. of what order is it? whom it answers to
  function order(own, base) {
    var whole = find(own.order, [WHOLE]);
    if (!whole) { return null; }
    var before = find(base.order, [WHOLE]), line = figure(whole[4], "share"), big = nameOf(whole[1]);
    var isOver = whole[2] !== null && whole[2] >= whole[4] - 1e-9;
    var lines = [
      filled(word(isOver ? "order_over" : "order_under"), { place: big, share: figure(whole[2], "share"), line: line }),
      filled(word("order_core"), { share: figure(whole[3], "share") }),
      filled(word(whole[5].length > 1 ? "order_chain" : "order_no_chain"), { chain: whole[5].map(nameOf).join(" \u2192 ") })
    ].map(function (said) { return make("div", {}, [said]); });
    var now = figure(whole[2], "share") + ", " + text("portrait_order", whole[6]), old = before ? figure(before[2], "share") + ", " + text("portrait_order", before[6]) : undefined;
    lines.push(cell("div", [verdict(whole[6], "portrait_order"), " \u2014 " + text("portrait_order_about", whole[6]) + " ", badge(whole[7]), was(now, old)]));
    var rows = own.order.filter(function (row) { return row[0] !== WHOLE; }).map(function (row) {
      var past = find(base.order, [row[0]]);
      return make("tr", {}, [cell("td", [nameOf(row[0])]), value(own.order, base.order, [row[0]], 2, "share"), value(own.order, base.order, [row[0]], 3, "share"),
        cell("td", [verdict(row[6], "portrait_order"), past ? was(row[6], past[6] === row[6] ? row[6] : text("portrait_order", past[6])) : null])]);
    });
    return section("portrait_order", [note(own, base, ["order"]), make("div", { id: "order_whole", "class": "verdict" }, lines),
      table("portrait_zones", [word("zone"), filled(word("order_to"), { place: big }), word("order_to_core"), word("order_verdict")], rows)]);
  }

  // ---- 3. what sources say, of the baseline
  function claims() {
    if (!data.claims.length) { return null; }
    var counts = {}, groups = [];
    data.claims.forEach(function (claim) {
      counts[claim.verdict] = (counts[claim.verdict] || 0) + 1;
      var said = claim[state.language] || claim.en || claim.ru, known = groups.filter(function (group) { return group.said === said; })[0];
      if (known) { known.claims.push(claim); } else { groups.push({ said: said, claims: [claim] }); }
    });
    var summary = filled(word("claims_counted"), { all: String(data.claims.length), holds: String(counts.holds || 0), fails: String(counts.does_not_hold || 0), open: String(counts.cannot_be_tested || 0) });
    return section("portrait_claims", [make("p", { "class": "about" }, [summary + (state.scenario === BASE ? "" : " " + word("claims_of_baseline"))])].concat(groups.map(function (group) {
      return make("div", { "class": "claim" }, [make("b", {}, [filled(word("claim_quoted"), { said: group.said })])].concat(group.claims.map(finding)));
    })));
  }
  function finding(claim) {
    var years = claim.years.join("\u2013"), details = [word("claim_who") + ": " + claim.who + "."];
    if (claim.source) { details.push(word("claim_data") + ": " + claim.source.split("; ").map(function (one) { return text("claim_source", one); }).join("; ") + "."); }
    if (claim.against.length) { details.push(word("claim_against") + ": " + named(claim.against) + "."); }
    var children = [verdict(claim.verdict)];
    if (claim.verdict === "cannot_be_tested") {
      children.push(": " + text("claim_reason", claim.reason) + (claim.lacking ? " (" + lacking(claim.lacking) + ")" : "") + ". ");
    } else {
      children.push(": " + measured(claim) + (years ? "; " + years + ". " : ". "), badge(claim.status));
    }
    return make("div", { "class": "finding", "data-claim": claim.id }, children.concat([make("br"), make("small", {}, [details.join(" ")])]));
  }
  function lacking(note) { // ids, perhaps with a year behind them
    return note.split(", ").map(function (one) {
      var at = one.lastIndexOf(" "), year = at > 0 && /^\d{4}$/.test(one.slice(at + 1)) ? one.slice(at) : "";
      return year ? nameOf(one.slice(0, at)) + year : claimed(nameOf(one));
    }).join(", ");
  }
  function claimed(key) { return (page.data.texts.portrait_measure || {})[key] ? text("portrait_measure", key) : key; }
  function measured(claim) { // what was measured, what came out, what was claimed
    var isGrowth = claim.test === "growth_except", what = text("claim_test", claim.test), group = claim.test === "order_is" ? "portrait_order" : "portrait_class";
    if (claim.test === "centre_measure_between") { what = text("portrait_measure", claim.measure); }
    if (claim.test === "development_between") { what += ", " + text("portrait_development", claim.measure); }
    var said = what + " " + (isGrowth && claim.figure > 0 ? "+" : "") + figure(claim.figure, claim.unit), wanted = limits(claim);
    if (claim.found) { said += ", " + text(group, claim.found); }
    if (claim.wanted) { wanted = text(group, claim.wanted); }
    return said + (wanted ? " (" + filled(word("claim_wanted"), { limits: wanted }) + ")" : "");
  }
  function limits(claim) {
    var low = claim.low === null ? "" : figure(claim.low, claim.unit), high = claim.high === null ? "" : figure(claim.high, claim.unit);
    return low && high ? low + " \u2026 " + high : low ? "\u2265\u00a0" + low : high ? "\u2264\u00a0" + high : "";
  }

  page.portrait = function (box) { // the view of the territory draws it below its table
    var own = data.scenarios[state.scenario], base = data.scenarios[BASE];
    if (own) { box.appendChild(make("h2", {}, [word("portrait")])); }
    (own ? [structure(own, base), order(own, base), claims()] : [claims()]).forEach(function (part) { if (part) { box.appendChild(part); } });
  };
})();
