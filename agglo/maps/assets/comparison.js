/* Scenarios compared with the baseline, in place of the map: what changes, who is ahead, what would turn that round, for whom. */
(function () {
  "use strict";
  var page = AGGLO_PAGE, data = page.data.comparison, state = page.state, parts = page.parts;
  if (!data) { return; }
  var text = parts.text, number = parts.number, filled = parts.filled, make = parts.make, badge = parts.badge;
  var BASE = page.data.scenarios[0].id, ANY = "any", NONE = "\u2014", GUARDS = ["multi_focus", "environment"];
  var PARTS = ["changes", "card", "ranking", "turn", "who", "package", "money"];
  var MARKS = { better: "\u25b2", worse: "\u25bc", "no clear change": "\u25cb", changed: "\u25c6", unchanged: "=", unknown: "?" };
  var TOUCHED = ["better", "worse", "no clear change"]; // verdicts that say where a goal goes
  var DARK = [8, 48, 107], isOpen = {};

  // ---- words and numbers
  function word(key) { return text("comparison", key); }
  function said(key, values) { return filled(word(key), values); }
  function has(group, key) { return !!(page.data.texts[group] || {})[key]; }
  function titleOf(id) {
    var known = page.scenario(id), own = Object.keys(data.about).map(function (name) { return data.about[name].measures[id]; }).filter(Boolean)[0];
    return known ? known.title[state.language] : own ? own[state.language] : id;
  }
  function goalName(id) {
    var known = page.data.goals.filter(function (goal) { return goal.id === id; })[0];
    return known ? known[state.language] : id ? text("goal", id) : word("weighted");
  }
  function figure(value, unit, signed) { // a number with its unit; what is missing is a dash, never 0
    if (value === null || value === undefined) { return NONE; }
    if (typeof value === "string") { return text("word", "no_way"); }
    return parts.measured(Math.abs(value) < 1e-9 ? 0 : value, unit, signed);
  }
  function plain(value, unit, signed) { return value === null || value === undefined ? NONE : number(Math.abs(value) < 1e-9 ? 0 : value, unit, signed); }
  function span(low, high, unit) { // an interval: the unit once
    return low === null || high === null ? NONE : plain(low) + " \u2026 " + figure(high, unit);
  }
  function unitText(unit) { return unit && unit !== "share" ? text("unit", unit) : ""; }
  function withUnit(id, unit) { return make("span", {}, [text("indicator", id)].concat(unitText(unit) ? [make("br"), small(unitText(unit))] : [])); }
  function between(low, high, unit, signed) { return low === null || high === null ? NONE : limit(low, unit, signed) + " \u2026 " + limit(high, unit, signed); }
  function limit(value, unit, signed) { return typeof value === "string" ? (value === "inf" ? "\u221e" : "\u2212\u221e") : plain(value, unit, signed); }
  function reasonOf(indicator) { // why there is no number
    var known = data.coverage.filter(function (row) { return row[0] === indicator; })[0];
    return known && known[2] ? lower(coverageReason(known[2])) : text("word", "no_data");
  }
  function coverageReason(reason) { // "no data: tables", the names of tables in words
    var hit = reason.match(/^no data: (.+)$/);
    return hit ? said("no_tables", { tables: hit[1].split(", ").map(function (name) { return text("table", name); }).join(", ") }) : reason;
  }
  function weightsName(id) { return data.weights[id] ? data.weights[id][state.language] : text("weights", id); }
  function lower(line) { return line.charAt(0).toLowerCase() + line.slice(1); }
  function verdict(key) { return make("span", { "class": "said " + (key || "unknown").replace(/ /g, "_") }, [make("b", {}, [MARKS[key] || "?"]), "\u00a0" + text("comparison_verdict", key)]); }
  function tags(id) { // what kind of scenario it is, in words
    var about = data.about[id] || {};
    return [about.is_shock ? "shock" : "", about.is_contrast ? "contrast" : ""].filter(Boolean).map(function (kind) { return make("span", { "class": "tag" }, [word("tag_" + kind)]); });
  }

  // ---- elements
  function cell(children, kind) { return make("td", kind ? { "class": kind } : {}, [].concat(children).filter(function (child) { return child !== null && child !== undefined; })); }
  function small(line) { return make("small", {}, [line]); }
  function table(id, heads, rows, kind) {
    return make("table", { id: id, "class": "compared " + (kind || "") }, [make("thead", {}, [make("tr", {}, heads.map(function (head) { return make("th", { scope: "col" }, [head]); }))]), make("tbody", {}, rows)]);
  }
  function note(line, kind) { return make("p", { "class": kind || "hint" }, [line]); }
  function chosenName(id) { return make("button", { "class": "link" + (id === state.scenario ? " chosen" : ""), onclick: function () { page.set({ scenario: id }); } }, [titleOf(id)]); }
  function nameCell(id) { return make("th", { scope: "row" }, [chosenName(id)].concat(tags(id))); }
  function strip(low, high, marks) { // a scale without numbers; each mark: kind, from, to
    function at(value) { return Math.min(100, Math.max(0, high > low ? (value - low) / (high - low) * 100 : 50)); }
    return make("div", { "class": "strip", "aria-hidden": "true" }, marks.filter(function (mark) { return typeof mark[1] === "number" && typeof mark[2] === "number"; }).map(function (mark) {
      var node = make("i", { "class": mark[0] }), from = at(Math.min(mark[1], mark[2])), to = at(Math.max(mark[1], mark[2]));
      node.style.left = from.toFixed(2) + "%";
      if (mark[1] !== mark[2]) { node.style.width = (to - from).toFixed(2) + "%"; }
      return node;
    }));
  }
  function most(values) { return Math.max.apply(null, values.filter(function (value) { return typeof value === "number"; }).map(Math.abs).concat([0])); }
  function folded(id, title, children) {
    var node = make("details", { id: "compare_" + id }, [make("summary", {}, [title])].concat(children));
    node.open = !!isOpen[id];
    node.ontoggle = function () { isOpen[id] = node.open; };
    return node;
  }
  function choices(key, options, value) { // buttons, of which one is pressed
    return make("div", { "class": "choices", role: "group" }, options.map(function (one) {
      return make("button", { id: "compare_" + key + "_" + one[0], "aria-pressed": String(one[0] === value), onclick: function () { var change = {}; change[key] = one[0]; page.set(change); } }, [one[1]]);
    }));
  }
  function pick(held) { // nothing is chosen, or nothing is known of it: offer what is
    var ids = page.data.scenarios.map(function (one) { return one.id; }).filter(function (id) { return held[id]; });
    return [note(word(ids.length ? "choose" : "nothing"), "offer")].concat(ids.length ? [make("div", { "class": "choices" }, ids.map(chosenName))] : []);
  }

  // ---- 1. what changes, in natural units
  function changes(id) {
    if (id === BASE) { return overview(); }
    var rows = data.deltas[id] || [], key = [], rest = {}, counted = {};
    rows.forEach(function (row) {
      var about = data.indicators[row[0]], place = page.data.key.indexOf(about[0]);
      counted[row[5]] = (counted[row[5]] || 0) + 1;
      if (place >= 0) { key[place] = row; } else { (rest[about[1]] = rest[about[1]] || []).push(row); }
    });
    var head = [note(said("changes_counted", { better: String(counted.better || 0), worse: String(counted.worse || 0), unclear: String(counted["no clear change"] || 0) }), "lead")];
    var goals = page.data.goals.map(function (goal) { return goal.id; }), others = Object.keys(rest).sort(function (a, b) { return order(goals, a) - order(goals, b); });
    return head.concat([deltas("compare_key", page.data.key.map(function (name, at) { return key[at] || [name]; }))], others.map(function (goal) {
      return folded("rest_" + goal, said("more_indicators", { goal: goalName(goal), count: String(rest[goal].length) }), [deltas("compare_deltas_" + goal, rest[goal])]);
    }), [note(word("interval_note"))]);
  }
  function order(list, one) { var at = list.indexOf(one); return at < 0 ? list.length : at; }
  function deltas(id, rows) {
    return table(id, ["indicator", "now", "becomes", "change", "", "verdict"].map(function (head) { return head ? word("head_" + head) : ""; }), rows.map(delta), "deltas");
  }
  function delta(row) {
    if (row.length === 1) { return make("tr", { "data-indicator": row[0] }, [cell([text("indicator", row[0])]), cell(NONE), cell(NONE), cell([NONE, make("br"), small(reasonOf(row[0]))]), cell([]), cell([verdict("unknown")])]); }
    var about = data.indicators[row[0]], unit = about[2], size = most([row[2], row[3], row[4]]), isKnown = row[2] !== null;
    var middle = [["axis", 0, 0]].concat(row[3] === null || row[4] === null ? [] : [["range", row[3], row[4]]], isKnown ? [["dot " + row[5].replace(/ /g, "_"), row[2], row[2]]] : []);
    return make("tr", { "data-indicator": about[0] }, [
      cell([text("indicator", about[0]), " ", small(unitText(unit)), " ", row[6] ? badge(row[6]) : null]), cell(level(about[4], unit), "number"), cell(level(row[1], unit), "number"),
      cell(isKnown ? [make("b", {}, [limit(row[2], unit, true)]), make("br"), small(between(row[3], row[4], unit, true))] : [NONE, make("br"), small(reasonOf(about[0]))], isKnown ? "number" : ""),
      cell(isKnown && size ? [strip(-size, size, middle)] : []), cell([verdict(row[5])])
    ]);
  }
  function level(value, unit) { return typeof value === "string" ? text("word", "no_way") : plain(value, unit); }
  function overview() { // all scenarios at once: what each changes of what matters first
    var numbers = page.data.key.map(function (name) { return data.indicators.map(function (about) { return about[0]; }).indexOf(name); }).filter(function (at) { return at >= 0; });
    var rows = page.data.scenarios.filter(function (one) { return data.deltas[one.id]; }).map(function (one) {
      return make("tr", { "data-scenario": one.id }, [nameCell(one.id)].concat(numbers.map(function (at) {
        var row = data.deltas[one.id].filter(function (own) { return own[0] === at; })[0];
        return row && row[2] !== null ? cell([mark(row[5]), make("b", {}, [limit(row[2], data.indicators[at][2], true)])], "kind") : cell([NONE, make("br"), small(reasonOf(data.indicators[at][0]))], "kind");
      })));
    });
    return [note(word("overview"), "lead"), key(), table("compare_overview", [word("head_scenario")].concat(numbers.map(function (at) { return withUnit(data.indicators[at][0], data.indicators[at][2]); })), rows, "overview fixed")];
  }
  function mark(key) { return make("span", { "class": "said " + key.replace(/ /g, "_"), title: text("comparison_verdict", key) }, [make("b", {}, [MARKS[key] || "?"]), " "]); }
  function key() { return make("p", { "class": "key" }, TOUCHED.map(verdict)); }

  // ---- 2. the card: a bar per goal, the headline two first, the guards apart
  function card(id) {
    if (id === BASE) { return goalTable(); }
    var scores = data.scores[id] || {}, kinds = { headline: [], context: [], guard: [] };
    page.data.goals.forEach(function (goal) { kinds[goal.headline ? "headline" : GUARDS.indexOf(goal.id) >= 0 ? "guard" : "context"].push(bar(goal, scores[goal.id])); });
    var bars = Object.keys(kinds).filter(function (kind) { return kinds[kind].length; }).map(function (kind) {
      return make("div", { id: "compare_" + kind, "class": "goals " + kind }, [make("h3", {}, [word("goals_" + kind)])].concat(kinds[kind]));
    });
    return [note(word("card_note"), "lead"), make("div", { "class": "card" }, [make("div", {}, bars), facts(id)])];
  }
  function bar(goal, score) {
    var name = make("span", {}, [goal[state.language]]);
    if (!score || score[0] === null) { return make("div", { "class": "score", "data-goal": goal.id }, [name, make("b", {}, [NONE]), small(word("no_score"))]); }
    var hasRange = score[1] !== null && score[2] !== null;
    var marks = [["fill " + (score[0] < 50 ? "worse" : "better") + (score[3] === "no clear change" || score[3] === "unchanged" ? " weak" : ""), 50, score[0]]].concat(hasRange ? [["range", score[1], score[2]]] : [], [["axis", 50, 50]]);
    return make("div", { "class": "score", "data-goal": goal.id }, [name, make("b", {}, [plain(score[0])]), strip(0, 100, marks), verdict(score[3]), small(hasRange ? span(score[1], score[2]) : "")]);
  }
  function facts(id) {
    var about = data.about[id] || {}, scenario = page.scenario(id), cost = about.cost, bases = Object.keys(about.bases || {});
    var rows = [
      [word("what"), [scenario ? scenario.description[state.language] || NONE : NONE]],
      [word("cost"), cost ? [make("b", {}, [figure(cost[1], "mln RUB")]), " (" + span(cost[0], cost[2], "mln RUB") + ")", cost[3] ? small(" " + cost[3]) : null] : [NONE + " ", small(word("cost_absent"))]],
      [word("basis"), bases.length ? [bases.map(function (basis) { return text("word", basis) + ": " + about.bases[basis]; }).join(", ")] : [NONE]],
      [word("concerns"), about.people === null || about.people === undefined ? [NONE + " ", small(word("people_unknown"))] : [make("b", {}, [said("people_at_least", { people: figure(about.people, "persons") })])]]
    ].map(function (row) { return make("div", {}, [make("dt", {}, [row[0]]), make("dd", {}, row[1].filter(Boolean))]); });
    var warnings = (about.lint || []).map(function (row) { return make("li", {}, ["\u26a0\u00a0" + (state.language === "ru" ? row[2] : row[3])]); });
    return make("div", { id: "compare_facts", "class": "told" }, [make("dl", {}, rows), make("h3", {}, [word("lint")]), warnings.length ? make("ul", {}, warnings) : note(word("no_lint"))]);
  }
  function goalTable() { // every scenario against every goal
    var rows = page.data.scenarios.filter(function (one) { return data.scores[one.id] && one.id !== BASE; }).map(function (one) {
      return make("tr", { "data-scenario": one.id }, [nameCell(one.id)].concat(page.data.goals.map(function (goal) {
        var score = data.scores[one.id][goal.id];
        return score && score[0] !== null ? cell([mark(score[3]), make("b", {}, [plain(score[0])]), make("br"), small(span(score[1], score[2]))], "kind") : cell([NONE], "kind");
      })));
    });
    return [note(word("card_note"), "lead"), key(), table("compare_goals", [word("head_scenario")].concat(page.data.goals.map(function (goal) { return goal[state.language]; })), rows, "overview")];
  }

  // ---- 3. who is ahead: dominance first, then ranks over all weights, then weight sets
  function ranking() {
    var sets = Object.keys(data.ranking), all = data.ranking[ANY] || data.ranking[sets[0]] || [];
    if (!all.length) { return [note(word("nothing"))]; }
    var ranked = all.slice().sort(function (a, b) { return a[1] - b[1]; }), kept = [], beaten = [];
    ranked.forEach(function (row) { (data.dominated[row[0]] && data.dominated[row[0]].length ? beaten : kept).push(row[0]); });
    var children = [
      make("h3", {}, [word("pareto")]),
      make("ul", { id: "compare_pareto" }, kept.map(function (id) { return make("li", { "data-scenario": id }, [chosenName(id)].concat(tags(id))); })),
      beaten.length ? make("ul", { id: "compare_dominated" }, beaten.map(function (id) { return make("li", { "data-scenario": id }, [chosenName(id)].concat(tags(id), [" \u2014 " + said("dominated_by", { names: few(data.dominated[id].map(titleOf)) })])); })) : note(word("none_dominated")),
      make("h3", {}, [word("heat")]), note(word("heat_note")), heat(ranked)
    ];
    return children.concat(byWeights(sets.filter(function (one) { return one !== ANY; }), ranked), shocks());
  }
  function few(names) { return names.slice(0, 2).join(", ") + (names.length > 2 ? " " + said("and_more", { count: String(names.length - 2) }) : ""); }
  function heat(rows) {
    return table("compare_heat", [word("head_place")].concat(rows[0][4].map(function (share, at) { return String(at + 1); }), [word("mean_rank")]), rows.map(function (row) {
      return make("tr", { "data-scenario": row[0] }, [nameCell(row[0])].concat(row[4].map(function (share) {
        var node = cell([percent(share)], "kind"), tint = share || 0;
        node.style.background = "rgb(" + DARK.map(function (tone) { return Math.round(255 - (255 - tone) * tint); }).join(",") + ")";
        if (tint > 0.45) { node.style.color = "#fff"; }
        return node;
      }), [cell([make("b", {}, [plain(row[1])])], "kind")]));
    }), "heat");
  }
  function percent(share) { // tiny shares are said to be tiny, not 0
    return share === null ? NONE : share > 0 && share < 0.005 ? "<\u202f1" : String(Math.round(share * 100));
  }
  function byWeights(sets, ranked) {
    if (!sets.length) { return []; }
    var rows = ranked.map(function (one) {
      return make("tr", { "data-scenario": one[0] }, [nameCell(one[0])].concat(sets.map(function (set) {
        var row = data.ranking[set].filter(function (own) { return own[0] === one[0]; })[0];
        return row ? cell([make("b", {}, [plain(row[3])]), make("br"), small(said("mean_place", { place: plain(row[1]) }))], "kind") : cell([NONE], "kind");
      })));
    });
    return [make("h3", {}, [word("by_weights")]), note(word("by_weights_note")), table("compare_weights", [word("head_scenario")].concat(sets.map(weightsName)), rows, "overview")];
  }
  function shocks() {
    var ids = page.data.scenarios.map(function (one) { return one.id; }).filter(function (id) { return (data.about[id] || {}).is_shock; }), goals = page.data.goals.filter(function (goal) { return goal.headline; });
    if (!ids.length) { return []; }
    return [make("h3", {}, [word("shocks")]), note(word("shocks_note")), make("ul", { id: "compare_shocks" }, ids.map(function (id) {
      return make("li", { "data-scenario": id }, [chosenName(id), ": "].concat(goals.map(function (goal, at) { var score = (data.scores[id] || {})[goal.id]; return (at ? "; " : "") + lower(goal[state.language]) + " " + (score ? plain(score[0]) : NONE); })));
    }))];
  }

  // ---- 4. what would turn it round
  function turn(id) {
    var own = data.tornado[id];
    if (!own) { return pick(data.tornado).concat(turns(id, "")); }
    var listed = page.data.goals.map(function (one) { return one.id; }), goals = Object.keys(own).sort(function (a, b) { return order(listed, a) - order(listed, b); }), goal = goals.indexOf(state.goal) >= 0 ? state.goal : goals[0];
    return [choices("goal", goals.map(function (one) { return [one, goalName(one)]; }), goal)].concat(tornado(own[goal], id, goal), turns(id, goal));
  }
  function assumption(name) { return has("assumption", name) ? text("assumption", name) : name.replace(/_/g, " "); }
  function assumed(name, value) { // the value of an assumption; a group lies between its ends
    if (data.groups.indexOf(name) >= 0 && value !== null) { // from −1 over 0, as assumed, to 1
      var end = value < 0 ? "low" : "high";
      return Math.abs(value) >= 1 ? word(end + "_end") : value === 0 ? word("as_assumed") : said("towards_" + end, { share: number(Math.abs(value), "share") });
    }
    return figure(value, /_share$/.test(name) ? "share" : "");
  }
  function tornado(found, id, goal) {
    var score = ((data.scores[id] || {})[goal] || [null])[0], ends = [];
    if (!found.rows.length) { return [note(word("no_tornado"))]; }
    found.rows.forEach(function (row) { ends.push(row[1], row[2]); });
    ends = ends.concat(score === null ? [] : [score]).filter(function (value) { return value !== null; });
    var low = Math.min.apply(null, ends), high = Math.max.apply(null, ends), middle = score === null ? (low + high) / 2 : score, room = (high - low) * 0.02;
    var rows = found.rows.map(function (row) {
      var about = data.ends[row[0]]; // name, low and high value
      return make("tr", { "data-assumption": about[0] }, [cell([assumption(about[0])]),
        cell([make("span", { "class": "end low" }, [assumed(about[0], about[1])]), " \u2192 ", make("b", {}, [plain(row[1])])]),
        cell([strip(low - room, high + room, [["fill low", middle, row[1] === null ? middle : row[1]], ["fill high", middle, row[2] === null ? middle : row[2]], ["axis", middle, middle]])], "wide"),
        cell([make("span", { "class": "end high" }, [assumed(about[0], about[2])]), " \u2192 ", make("b", {}, [plain(row[2])])])]);
    });
    var more = found.more ? [note(said("more_assumptions", { count: String(found.more), swing: plain(found.swing) }))] : [];
    return [make("h3", {}, [said("tornado", { goal: goalName(goal), score: plain(score) })]), table("compare_tornado", [word("head_assumption"), word("if_low"), "", word("if_high")], rows, "tornado")].concat(more);
  }
  function turns(id, goal) {
    var own = data.break_even[id];
    if (!own) { return []; }
    return [make("h3", {}, [word("turns")])].concat([["", own[""]], [goal, own[goal]]].filter(function (pair, at) { return pair[1] && (!at || goal); }).map(function (pair) {
      var found = pair[1], lines = found.rows.map(function (row) { return make("li", {}, turnsAt(id, row)); });
      return make("div", { "class": "turns", "data-goal": pair[0] }, [make("h4", {}, [goalName(pair[0])]), lines.length ? make("ul", {}, lines) : note(word("nothing_turns"))].concat(found.more ? [note(said("more_turns", { count: String(found.more) }))] : [], found.steady ? [note(said("steady", { count: String(found.steady) }))] : []));
    }));
  }
  function turnsAt(id, row) { // in words: on which side of a value which one is ahead
    var what = data.whats[row[1]], isWeight = page.data.goals.some(function (goal) { return goal.id === what; }), known = { above: "turn_above", below: "turn_below" };
    return [filled(word(known[row[3]] || "turn_level"), { what: isWeight ? said("weight_of", { goal: goalName(what) }) : said("assumption_of", { name: assumption(what) }), value: isWeight ? number(row[2], "share") : assumed(what, row[2]), other: titleOf(row[0]), scenario: titleOf(id) })];
  }

  // ---- 5. who wins, who loses
  function who(id) {
    var rows = data.winners[id];
    if (!rows) { return pick(data.winners); }
    return ["municipality", "wage"].reduce(function (children, group) {
      var own = rows.filter(function (row) { return row[0] === group; });
      return own.length ? children.concat([make("h3", {}, [word("who_" + group)])], group === "municipality" ? [note(said("who_counted", { gain: total(own, 3), lose: total(own, 4), same: total(own, 5) }), "lead")] : [], [diverging(group, own)]) : children;
    }, []).concat([note(word("who_note"))]);
  }
  function total(rows, at) { return plain(rows.reduce(function (sum, row) { return sum + (row[at] || 0); }, 0), "persons"); }
  function placeName(group, id) {
    var known = page.data.municipalities.features.filter(function (f) { return f.properties.municipality_id === id; })[0];
    if (!id) { return word("no_municipality"); }
    return group === "municipality" && known ? parts.nameOf(known.properties) : has("wage_group", id) ? text("wage_group", id) : id;
  }
  function diverging(group, rows) {
    var size = most(rows.map(function (row) { return row[3]; }).concat(rows.map(function (row) { return row[4]; }))), hasWage = rows.some(function (row) { return row[8] !== null; });
    return table("compare_who_" + group, [word("head_" + group), word("lose"), "", word("gain"), word("same"), word("minutes"), word("jobs")], rows.map(function (row) {
      return make("tr", { "data-place": row[1] }, [
        cell([placeName(group, row[1])].concat(hasWage && row[8] !== null ? [make("br"), small(figure(row[8], "RUB/month"))] : [])),
        cell([row[4] ? make("span", { "class": "said worse" }, [make("b", {}, ["\u25bc"]), "\u00a0"]) : null, plain(row[4], "persons")], "number"),
        cell([strip(-size, size, [["fill worse", 0, -(row[4] || 0)], ["fill better", 0, row[3] || 0], ["axis", 0, 0]])], "wide"),
        cell([row[3] ? make("span", { "class": "said better" }, [make("b", {}, ["\u25b2"]), "\u00a0"]) : null, plain(row[3], "persons")], "number"),
        cell(plain(row[5], "persons"), "number"), cell(figure(row[6], "min/day", true), "number"), cell(plain(row[7], "jobs", true), "number")
      ]);
    }), "who");
  }

  // ---- 6. a package and its measures
  function pack(id) {
    var own = data.attribution[id];
    if (!own) { return (id === BASE ? [] : [note(word("no_package"))]).concat(pick(data.attribution)); }
    var targets = Object.keys(own), target = targets.indexOf(state.target) >= 0 ? state.target : targets[0], found = own[target], unit = unitOf(target);
    var ends = [0]; // the scale holds every bar with its error, the interaction too
    found.rows.forEach(function (row) { ends.push(row[2] - (row[3] || 0), row[2] + (row[3] || 0)); });
    ends = ends.concat(found.whole.slice(1).filter(function (value) { return typeof value === "number"; }));
    var low = Math.min.apply(null, ends), high = Math.max.apply(null, ends);
    var rows = found.rows.map(function (row) {
      var isKnown = row[2] !== null, marks = isKnown ? [["fill " + side(row[2], target), 0, row[2]]].concat(row[3] ? [["range", row[2] - row[3], row[2] + row[3]]] : []) : [];
      return make("tr", { "data-measure": row[0] }, [cell([titleOf(row[0])]), cell([make("b", {}, [figure(row[2], unit, true)]), row[3] ? small(" \u00b1\u00a0" + plain(row[3], unit)) : null], "number"), cell([strip(low, high, marks.concat([["axis", 0, 0]]))], "wide"), cell(figure(row[1], unit, true), "number")]);
    });
    [["whole", 1, found.whole[0]], ["interaction", 2, null]].forEach(function (line) {
      var value = found.whole[line[1]], isKnown = typeof value === "number", kind = line[0] === "whole" ? side(value, target) : "together";
      rows.push(make("tr", { id: "compare_" + line[0], "class": "total" }, [cell([word(line[0])]), cell([make("b", {}, [figure(value, unit, true)])], "number"), cell([strip(low, high, (isKnown ? [["fill " + kind, 0, value]] : []).concat([["axis", 0, 0]]))], "wide"), cell(line[0] === "whole" ? figure(line[2], unit, true) : isKnown ? word(synergy(value, target)) : NONE, "number")]));
    });
    var choice = parts.select("compare_target", word("target"), targets.map(function (one) { return [one, targetName(one)]; }), target, function (value) { page.set({ target: value }); });
    return [choice, note(word("package_note"), "lead"), table("compare_shares", [word("head_measure"), word("shapley"), "", word("alone")], rows, "package"), note(found.rows.some(function (row) { return row[3]; }) ? word("error_note") : word("exact_note"))];
  }
  function targetName(id) { return has("indicator", id) ? text("indicator", id) : goalName(id); }
  function known(id) { return page.data.indicators.filter(function (one) { return one.id === id; })[0]; }
  function unitOf(target) { return (known(target) || {}).unit || ""; }
  function side(value, target) { return value * ((known(target) || { better: 1 }).better) < 0 ? "worse" : "better"; }
  function synergy(value, target) { return Math.abs(value) < 1e-9 ? "no_synergy" : side(value, target) === "better" ? "synergy" : "clash"; }

  // ---- 7. money beside the score, data, project cards
  function money() {
    var rows = [], children = [note(word("money_note"), "apart")];
    Object.keys(data.money).forEach(function (id) { data.money[id].forEach(function (row) { rows.push([id].concat(row)); }); });
    rows.map(function (row) { return row[1]; }).filter(function (one, at, all) { return all.indexOf(one) === at; }).forEach(function (effect) {
      var own = rows.filter(function (row) { return row[1] === effect; }), limits = [0], shared = sharedNotes(own);
      own.forEach(function (row) { limits.push(row[2] || 0, row[4] || 0); });
      children.push(make("h3", {}, [text("money_effect", effect)]), note(shared.join("; ")), table("compare_money_" + effect, [word("head_scenario"), word("head_money"), "", word("head_middle"), word("head_status")], own.map(function (row) {
        var isKnown = row[2] !== null && row[4] !== null, left = notesOf(row).filter(function (one) { return shared.indexOf(one) < 0; }).join("; ");
        return make("tr", { "data-scenario": row[0] }, [nameCell(row[0]), cell([make("b", {}, [between(row[2], row[4], undefined, true)])].concat(left ? [make("br"), small(left)] : []), "number"),
          cell(isKnown ? [strip(Math.min.apply(null, limits), Math.max.apply(null, limits), [["fill money", row[2], row[4]]].concat(row[3] === null ? [] : [["dot", row[3], row[3]]], [["axis", 0, 0]]))] : [], "wide"), cell(plain(row[3], undefined, true), "number"), cell(row[5] ? [badge(row[5])] : NONE)]);
      }), "money fixed"));
    });
    return children.concat(rows.length ? [] : [note(word("no_money"))], projects(), coverage());
  }
  function notesOf(row) { return (data.notes[row[6]][state.language === "ru" ? 0 : 1] || "").split("; ").filter(Boolean); }
  function sharedNotes(rows) { // what is said of every sum is said once
    var known = rows.filter(function (row) { return row[2] !== null; });
    return known.length ? notesOf(known[0]).filter(function (one) { return known.every(function (row) { return notesOf(row).indexOf(one) >= 0; }); }) : [];
  }
  var ANSWERS = { yes: "\u2713", no: "\u2717", unknown: "?" };
  function projects() {
    if (!data.cards.length) { return []; }
    return [make("h3", {}, [word("projects")]), make("div", { "class": "projects" }, data.cards.map(project))];
  }
  function project(one) {
    var hasCost = typeof one.cost_mln_rub === "number", lines = [[text("word", "scenario"), one.scenario ? titleOf(one.scenario) : NONE]].concat(["level", "funding", "support"].map(function (key) { return [word("project_" + key), one[key] ? text("project_" + key, one[key]) : NONE]; }));
    lines.push([word("cost"), hasCost ? figure(one.cost_mln_rub, "mln RUB") + (typeof one.cost_low_mln_rub === "number" ? " (" + span(one.cost_low_mln_rub, one.cost_high_mln_rub, "mln RUB") + ")" : "") : NONE + " (" + word("cost_absent") + ")"]);
    lines.push([word("benefit_per_cost"), typeof one.benefit_per_cost === "number" ? plain(one.benefit_per_cost) + " (" + span(one.benefit_per_cost_low, one.benefit_per_cost_high) + ")" : NONE]);
    lines.push([word("project_concerned"), one.concerned ? one.concerned.split(", ").map(function (id) { return placeName("municipality", id); }).join(", ") : NONE], [word("project_effect"), effects(one.scenario)], [text("word", "source"), one.source || NONE]);
    if (one.missing) { lines.push([word("project_missing"), one.missing.split(", ").map(function (key) { return text("project_record", key); }).join(", ")]); }
    return make("div", { "class": "project", "data-project": one.project_id }, [make("b", {}, [parts.nameOf(one)]), " ", badge(one.status), make("ul", {}, data.criteria.map(function (key) {
      return make("li", { "data-criterion": key }, [ANSWERS[one["meets_" + key]] + "\u00a0" + text("criterion", key) + ": " + text("answer", one["meets_" + key])]);
    }))].concat(lines.map(function (line) { return make("div", {}, [make("span", { "class": "term" }, [line[0] + ": "]), line[1]]); })));
  }
  function effects(id) { // the clear changes of its scenario, the better ones first
    var clear = ["better", "worse"].reduce(function (found, kind) { return found.concat((data.deltas[id] || []).filter(function (row) { return row[5] === kind; })); }, []);
    return clear.slice(0, 3).map(function (row) { var about = data.indicators[row[0]]; return MARKS[row[5]] + "\u00a0" + lower(text("indicator", about[0])) + " " + figure(row[2], about[2], true); }).join("; ") || NONE;
  }
  function coverage() {
    var partial = data.coverage.filter(function (row) { return row[1] === null || row[1] < 1 || row[2]; });
    var rows = partial.map(function (row) { return make("tr", { "data-indicator": row[0] }, [cell([text("indicator", row[0])]), cell(figure(row[1], "share"), "number"), cell([row[2] ? coverageReason(row[2]) : ""])]); });
    return [make("h3", {}, [word("coverage")]), note(said("coverage_note", { full: String(data.coverage.length - partial.length), all: String(data.coverage.length) }))].concat(rows.length ? [table("compare_coverage", [word("head_indicator"), word("head_covered"), word("head_reason")], rows)] : []);
  }

  // ---- the sheet in place of the map
  var DRAWN = { changes: changes, card: card, ranking: ranking, turn: turn, who: who, "package": pack, money: money };
  var box = document.body.insertBefore(make("main", { id: "compare_sheet", tabindex: "-1" }), document.getElementById("panel").nextSibling), drawn = "";
  function part() { return state.part || PARTS[0]; }
  function restyle(on) {
    document.body.classList.toggle("comparing", on);
    if (!on) { box.textContent = ""; return; }
    var held = box.contains(document.activeElement) && document.activeElement.id, now = part() + " " + state.scenario, top = now === drawn ? box.scrollTop : 0;
    box.textContent = "";
    head().concat(PARTS.map(section)).concat([foot()]).forEach(function (node) { box.appendChild(node); });
    box.scrollTop = top;
    drawn = now;
    if (held && document.getElementById(held)) { document.getElementById(held).focus(); }
  }
  function head() {
    var id = state.scenario, title = make("h1", {}, [id === BASE ? word("title") : titleOf(id)].concat(tags(id)));
    var tabs = make("div", { id: "compare_parts", role: "group", "aria-label": word("title"), onkeydown: step }, PARTS.map(function (one, at) {
      return make("button", { id: "compare_part_" + one, "aria-pressed": String(one === part()), onclick: function () { page.set({ part: one }); } }, [(at + 1) + ". " + word("part_" + one)]);
    }));
    return [title, id === BASE ? note(word("about"), "lead") : summary(id), tabs];
  }
  function step(event) { // arrows go from part to part
    var turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!turn) { return; }
    event.preventDefault();
    var next = PARTS[(PARTS.indexOf(part()) + turn + PARTS.length) % PARTS.length];
    page.set({ part: next });
    document.getElementById("compare_part_" + next).focus();
  }
  function summary(id) { // ten seconds: which goals go where
    var kinds = {}, told = TOUCHED.concat(["unchanged", "unknown"]);
    page.data.goals.forEach(function (goal) {
      var score = (data.scores[id] || {})[goal.id], key = score && told.indexOf(score[3]) >= 0 ? score[3] : "unknown";
      (kinds[key] = kinds[key] || []).push(goal[state.language]);
    });
    return make("div", { id: "compare_summary", "class": "summary" }, told.filter(function (kind) { return kinds[kind]; }).map(function (kind) { return make("div", {}, [verdict(kind), ": " + kinds[kind].join(", ")]); }));
  }
  function section(one) {
    return make("section", { id: "compare_" + one, "class": one === part() ? "shown" : "" }, [make("h2", {}, [word("title_" + one)])].concat(DRAWN[one](state.scenario)));
  }
  function foot() { return note([said("draws", { draws: number(data.draws, "persons"), seed: String(data.seed) }), text("word", "caveat"), text("word", "inputs") + " " + page.data.inputs].join(" "), "foot"); }
  function panel(target) {
    target.appendChild(make("p", { "class": "about" }, [word("panel_about")]));
    target.appendChild(make("div", { "class": "verdict" }, TOUCHED.map(function (kind) { return make("div", {}, [verdict(kind), " \u2014 " + word("means_" + kind.split(" ")[0])]); })));
    target.appendChild(make("button", { id: "compare_print", "class": "plain", onclick: function () { window.print(); } }, [text("word", "print")]));
  }
  function read(name, value) {
    if (name === "view" && value === "comparison") { state.view = value; }
    if (name === "part" && PARTS.indexOf(value) >= 0) { state.part = value; }
    if (name === "goal" || name === "target") { state[name] = value; }
  }
  page.add({ id: "comparison", read: read, restyle: restyle, tip: function (p) { return parts.table(parts.nameOf(p), []); }, legend: function () {}, panel: panel });
})();
