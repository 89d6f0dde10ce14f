"""The boundary of the agglomeration in every scenario: who is in, why, and how firmly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.cases import region_sha256
from agglo.commuting.flows import Flows, flows_from_frame
from agglo.indicators.case import Case, arrays, flow_status
from agglo.parameters import Assumption
from agglo.parts import NOTHING_KEPT
from agglo.perturbed import drawn_car_minutes, drawn_flows, drawn_rules, draws_of
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.stages import Stages
from agglo.tables import weakest_status
from agglo.territory.contiguity import Bools
from agglo.territory.definitions import (
    URBAN,
    delineations,
    memberships,
    official_rows,
)
from agglo.territory.delineation import Delineation
from agglo.territory.firmness import Spreads
from agglo.territory.members import members, seats_of
from agglo.territory.rules import Centres, Rules
from agglo.territory.urban_zones import urban_delineation
from agglo.transport.topology import Floats

HALF = 0.5
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Who is in the agglomeration in one scenario, by every definition."""

    zones: pd.DataFrame
    """One row per definition and zone: ``definition``, ``zone_id``, ``municipality_id``,
    ``is_in``, ``area_id``, ``decided_by``, ``value``, ``threshold``, ``margin``, ``unit``,
    ``firmness_share`` (share of perturbed runs inside, nan where nothing was drawn), ``change``
    ('enters', 'leaves' or '' against the baseline), ``status``."""

    municipalities: pd.DataFrame
    """The same columns without ``zone_id``: a municipality is in if more than half of its
    residents live in zones that are; ``value`` is their share."""


def boundaries(
    cases: Mapping[str, Case],
    assumptions: Mapping[str, Assumption],
    *,
    rules: Rules,
    spreads: Spreads,
    holds_flows: Mapping[str, bool],
    progress: Progress | None = None,
    stages: Stages = NOTHING_KEPT,
) -> dict[str, Boundary]:
    """Draw the boundary in every scenario, and in perturbed runs of each.

    Baseline and scenarios are perturbed alike (common random numbers): thresholds, minutes,
    workers and jobs of every zone within their ranges, the decay of the gravity model. Flows are
    modelled anew in each run, so firmness speaks of the model's inputs, not of its form.

    Parameters
    ----------
    cases
        By scenario, the baseline among them.
    holds_flows
        By scenario, whether people keep the trips of the baseline (a shock of a day).
    progress
        Called with (what, done, of).
    stages
        How firm the boundaries were in earlier runs.
    """
    base = cases[BASELINE]
    centres = centres_of(base.region)
    urban = urban_delineation(base.region)
    shares = _kept_firmness(
        cases,
        assumptions,
        centres,
        rules,
        spreads,
        holds_flows=holds_flows,
        progress=progress,
        stages=stages,
    )
    zones = {
        name: _with_firmness(_zone_rows(case, centres, rules, urban), shares[name], "zone_id")
        for name, case in cases.items()
    }
    towns = {
        name: _municipality_rows(rows, cases[name].region, shares[name])
        for name, rows in zones.items()
    }
    return {
        name: Boundary(
            zones=_with_change(zones[name], zones[BASELINE], "zone_id"),
            municipalities=_with_change(towns[name], towns[BASELINE], "municipality_id"),
        )
        for name in cases
    }


def centres_of(region: Region) -> Centres:
    """Name the core, its zones and what competes with it outside.

    The core is the municipality of that role; without one, or where it is the whole region, the
    zone with most jobs. The big core is the outside zone with most jobs.
    """
    zones, municipalities = region["zones"], region["municipalities"]
    inside = zones[zones["kind"] != "outside"]
    core_ids = municipalities.index[municipalities["role"] == "core"]
    own = inside[inside["municipality_id"].isin(core_ids)]
    if len(own) in (0, len(inside)):
        own = inside.loc[[inside["jobs_count"].idxmax()]]
    outside = zones[(zones["kind"] == "outside") & (zones["jobs_count"] > 0)]
    return Centres(
        core=str(own["jobs_count"].idxmax()),
        cores=tuple(own.index),
        rivals=tuple(outside.index),
        big_core=str(outside["jobs_count"].idxmax()) if len(outside) else "",
    )


def flows_from_case(case: Case) -> Flows:
    """Take the flows of a case as one value with its status: the weakest of the homes inside."""
    zones = case.region["zones"]
    return flows_from_frame(
        case.flows,
        outside=zones.index[zones["kind"] == "outside"],
        status=weakest_status(*flow_status(case)[case.inside]),
    )


def drawn_like(flows: Flows, persons: Floats) -> Flows:
    """Put other persons, in the same order of places, into flows; residents are sums of rows."""
    return replace(flows, counts=sparse.csr_array(persons), residents_count=persons.sum(axis=1))


def _zone_rows(
    case: Case, centres: Centres, rules: Rules, urban: Delineation | None
) -> pd.DataFrame:
    """List the memberships of a case, the official composition first."""
    region = case.region
    flows = flows_from_case(case)
    found = delineations(
        flows,
        case.travel.minutes["car"],
        centres=centres,
        rules=rules,
        minutes_status=weakest_status("modelled", *region["links"]["status"]),
    )
    if urban is not None:
        found[URBAN] = replace(urban, areas=urban.areas.loc[flows.inside])
    home = region["zones"]["municipality_id"]
    roles = region["municipalities"]["role"]
    members = home.index[home.isin(roles.index[roles != "context"])]
    official = official_rows(flows.inside, members, status="observed")
    rows = pd.concat([official, memberships(found, flows, centres=centres)], ignore_index=True)
    rows.insert(2, "municipality_id", rows["zone_id"].map(home))
    return rows


def _municipality_rows(rows: pd.DataFrame, region: Region, shares: pd.DataFrame) -> pd.DataFrame:
    """Join zones to municipalities: in where more than half of the residents live in zones in."""
    people = rows["zone_id"].map(region["zones"]["population_count"])
    by = rows.assign(people=people, inside=people.where(rows["is_in"], 0.0))
    keys = ["definition", "municipality_id"]
    sums = by.groupby(keys, sort=False).agg(
        people=("people", "sum"), inside=("inside", "sum"), status=("status", "first")
    )
    value = (sums["inside"] / sums["people"])[sums["people"] > 0]
    table = pd.DataFrame(
        {
            "is_in": value > HALF,
            "area_id": "",
            "decided_by": "residents_inside_share",
            "value": value,
            "threshold": HALF,
            "margin": value - HALF,
            "unit": "share",
            "status": sums["status"][value.index],
        }
    )
    return _with_firmness(table.reset_index(), shares, "municipality_id")


def _with_firmness(rows: pd.DataFrame, shares: pd.DataFrame, key: str) -> pd.DataFrame:
    own = shares[shares["kind"] == key].set_index(["definition", "id"])["firmness_share"]
    pairs = pd.MultiIndex.from_frame(rows[["definition", key]])
    return rows.assign(firmness_share=own.reindex(pairs).to_numpy())


def _with_change(rows: pd.DataFrame, base: pd.DataFrame, key: str) -> pd.DataFrame:
    before = base.set_index(["definition", key])["is_in"]
    pairs = pd.MultiIndex.from_frame(rows[["definition", key]])
    was_in = before.reindex(pairs, fill_value=False).to_numpy(dtype=bool)
    change = np.where(
        rows["is_in"] & ~was_in, "enters", np.where(~rows["is_in"] & was_in, "leaves", "")
    )
    ordered = rows.assign(change=change)
    return ordered[[name for name in ordered if name != "status"] + ["status"]]


def _kept_firmness(
    cases: Mapping[str, Case],
    assumptions: Mapping[str, Assumption],
    centres: Centres,
    rules: Rules,
    spreads: Spreads,
    *,
    holds_flows: Mapping[str, bool],
    progress: Progress | None,
    stages: Stages,
) -> dict[str, pd.DataFrame]:
    """Take what earlier runs found, and perturb only the other scenarios."""
    base = cases[BASELINE]
    asked = {
        name: (
            [region_sha256(one.region, stages) for one in (base, case)],
            [(arrays(one.travel.minutes), one.flows.to_numpy()) for one in (base, case)],
            (assumptions, rules, spreads, holds_flows[name]),
        )
        for name, case in cases.items()
    }
    kept = {name: stages.read_frame("firmness", inputs) for name, inputs in asked.items()}
    shares = {name: own for name, own in kept.items() if own is not None}
    missing = [name for name in cases if name not in shares]
    if missing:
        found = _firmness(
            {name: cases[name] for name in dict.fromkeys([BASELINE, *missing])},
            assumptions,
            centres,
            rules,
            spreads,
            holds_flows=holds_flows,
            progress=progress,
        )
        for name in missing:
            shares[name] = stages.kept_frame("firmness", asked[name], found[name])
    return shares


def _firmness(
    cases: Mapping[str, Case],
    assumptions: Mapping[str, Assumption],
    centres: Centres,
    rules: Rules,
    spreads: Spreads,
    *,
    holds_flows: Mapping[str, bool],
    progress: Progress | None,
) -> dict[str, pd.DataFrame]:
    """Share of runs inside, by scenario, definition, and zone or municipality."""
    draws = draws_of(cases[BASELINE].region, assumptions, spreads)
    shares = {}
    stacks = drawn_flows(cases, draws, holds_flows=holds_flows)
    for done, (name, stacked) in enumerate(stacks):
        if progress:
            progress(f"boundary of {name}", done, len(cases))
        case = cases[name]
        like = flows_from_case(case)
        order = case.flows.index.get_indexer(like.places)
        seats = seats_of(like, centres)
        minutes = drawn_car_minutes(case, draws)
        runs: dict[str, list[Bools]] = {}
        for draw in range(spreads.draws_count):
            found = members(
                drawn_like(like, stacked[draw][np.ix_(order, order)]),
                minutes[draw][np.ix_(order, order)],
                centres=centres,
                rules=drawn_rules(rules, draws, draw),
                seats=seats,
                seed=draw,
            )
            for definition, is_in in found.items():
                runs.setdefault(definition, []).append(is_in)
        stacked_runs = {definition: np.array(own) for definition, own in runs.items()}
        shares[name] = _shares(stacked_runs, like.inside, case.region)
    return shares


def _shares(runs: Mapping[str, Bools], inside: pd.Index, region: Region) -> pd.DataFrame:
    """Share of runs in which a zone, and a municipality by its residents, is in.

    Parameters
    ----------
    runs
        By definition, draws × zones inside.
    """
    people = region["zones"].loc[inside, "population_count"].to_numpy(dtype=float)
    home = region["zones"].loc[inside, "municipality_id"]
    named = home != ""
    codes, towns = pd.factorize(home[named])
    joins = np.zeros((len(inside), len(towns)))
    joins[np.flatnonzero(named), codes] = people[named.to_numpy()]
    pieces = []
    for definition, is_in in runs.items():
        by_town = (is_in @ joins) > HALF * joins.sum(axis=0)
        for kind, ids, own in (
            ("zone_id", inside, is_in),
            ("municipality_id", towns, by_town),
        ):
            pieces.append(
                pd.DataFrame(
                    {
                        "definition": definition,
                        "id": ids,
                        "firmness_share": own.mean(axis=0),
                        "kind": kind,
                    }
                )
            )
    return pd.concat(pieces, ignore_index=True)
