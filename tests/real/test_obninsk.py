"""The built-in region: what must hold of it whatever the assumptions."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from agglo.indicators.case import straight_km
from agglo.indicators.registry import INDICATORS
from agglo.run import Result
from agglo.tables import STATUSES
from tests.rastered import WITHOUT_RASTER

Results = dict[str, Result]
MEMBERS = {
    "mo_obninsk": 125_376,
    "mo_borovsky": 76_097,
    "mo_zhukovsky": 62_370,
    "mo_maloyaroslavetsky": 68_702,
}
"""Census 2021, Rosstat, volume 1, table 5."""


def whole(result: Result, indicator: str) -> float:
    rows = result.indicators
    chosen = rows[(rows["indicator"] == indicator) & (rows["place_id"] == "all")]
    return float(chosen["value"].iloc[0])


def score(result: Result, goal: str) -> float:
    return float(result.scores.set_index("goal").loc[goal, "score"])


def test_the_zones_hold_the_people_of_the_census(results: Results) -> None:
    zones = results["baseline"].case.region["zones"]
    inside = zones[zones["kind"] != "outside"]
    people = inside.groupby("municipality_id")["population_count"].sum()
    assert people.to_dict() == MEMBERS
    assert people.sum() == 332_545


def test_the_scenarios_of_the_workspace_all_run(results: Results) -> None:
    assert next(iter(results)) == "baseline"
    assert {"m3-upgrade", "m3-closed", "monocentric-growth", "vorsino-growth"} <= set(results)


def test_flows_of_a_year_are_workers_by_row_and_jobs_by_column(results: Results) -> None:
    checked = 0
    for result in results.values():
        if result.scenario.horizon != "year":
            continue
        case = result.case
        zones = case.region["zones"].loc[case.inside]
        np.testing.assert_allclose(
            case.flows.loc[case.inside].sum(axis=1), zones["workers_count"], rtol=1e-6
        )
        np.testing.assert_allclose(case.flows[case.inside].sum(), zones["jobs_count"], rtol=1e-6)
        assert (case.flows >= 0).all(axis=None)
        checked += 1
    assert checked >= 6


def test_nobody_travels_from_outside_to_outside(results: Results) -> None:
    case = results["baseline"].case
    outside = case.flows.index.difference(case.inside)
    assert len(outside) == 4
    assert case.flows.loc[outside, outside].to_numpy().sum() == 0


def test_the_layers_balance_without_scaling_the_outside(results: Results) -> None:
    assert results["baseline"].closing_factor == pytest.approx(1.0, abs=1e-9)


def test_growth_of_the_core_alone_is_the_least_multi_focus(results: Results) -> None:
    scores = {name: score(result, "multi_focus") for name, result in results.items()}
    assert min(scores, key=scores.__getitem__) == "monocentric-growth"
    assert scores["monocentric-growth"] < 50 < scores["polycentric-housing"]


def test_a_closed_m3_costs_people_minutes(results: Results) -> None:
    closed = results["m3-closed"]
    assert whole(closed, "extra_person_min") > 0
    assert whole(closed, "unserved_count") == 0
    pd.testing.assert_frame_equal(closed.case.flows, results["baseline"].case.flows)
    before = results["baseline"].case.travel.minutes["car"]
    longer = closed.case.travel.minutes["car"] - before
    assert (longer > 30).any(axis=None)
    people = results["baseline"].case.flows
    assert (
        people.where(longer > 0, 0).to_numpy().sum() > people.where(longer < 0, 0).to_numpy().sum()
    )


def test_a_quicker_m3_costs_nobody_minutes(results: Results) -> None:
    upgrade = results["m3-upgrade"]
    assert whole(upgrade, "extra_person_min") < 0
    shorter = results["baseline"].case.travel.minutes["car"] - upgrade.case.travel.minutes["car"]
    assert (shorter > 10).any(axis=None)


def test_more_trains_cost_nobody_minutes(results: Results) -> None:
    trains, base = results["clock-face-rail"].case, results["baseline"].case
    now, before = trains.travel.minutes["transit"], base.travel.minutes["transit"]
    # two minutes are those of the express that stops at Vorsino
    assert (now <= before + 2 + 1e-9).all(axis=None)
    assert (now < before - 1).any(axis=None)
    quicker = base.travel.minutes["car"] - trains.travel.minutes["car"]
    assert float((base.flows * quicker).to_numpy().sum()) > 0
    assert (trains.waits["peak"].p90_min <= base.waits["peak"].p90_min + 1e-3).all(axis=None)


def test_the_baseline_scores_fifty_without_a_range(results: Results) -> None:
    scores = results["baseline"].scores
    assert len(scores) >= 3
    assert (scores[["score", "low", "high"]] == 50).all(axis=None)


def test_every_score_lies_in_its_range(results: Results) -> None:
    scores = pd.concat([result.scores for result in results.values()])
    assert scores[["score", "low", "high"]].notna().all(axis=None)
    assert (scores["low"] <= scores["score"]).all()
    assert (scores["score"] <= scores["high"]).all()
    assert scores["score"].between(0, 100).all()


def test_every_indicator_is_a_number_with_unit_and_status(results: Results) -> None:
    for result in results.values():
        rows = result.indicators
        assert set(rows["indicator"]) == set(INDICATORS) - WITHOUT_RASTER
        known = rows["value"].dropna()
        assert np.isfinite(known).all()
        assert len(known) > 0.95 * len(rows)
        assert (rows["unit"] != "").all()
        assert rows["status"].isin(STATUSES).all()
        assert not rows.duplicated(["place_id", "indicator"]).any()


def test_shares_lie_between_none_and_all(results: Results) -> None:
    for result in results.values():
        rows = result.indicators
        shares = rows[(rows["unit"] == "share") & (rows["indicator"] != "worst_link_loss_share")]
        own = shares[shares["indicator"] != "joint_saving_share"]["value"].dropna()
        assert own.between(0, 1 + 1e-9).all()


def test_roads_between_towns_are_up_to_three_fifths_longer_than_straight(
    results: Results,
) -> None:
    case = results["baseline"].case
    links, zones = case.region["links"], case.region["zones"]
    roads = nx.Graph()
    for link in links.itertuples():
        known = roads.get_edge_data(link.from_id, link.to_id, {"km": np.inf})["km"]
        roads.add_edge(link.from_id, link.to_id, km=min(link.length_km, known))
    towns = [
        zone for zone in case.inside if zone in roads and zones.loc[zone, "kind"] != "remainder"
    ]
    straight = straight_km(case.region)
    ratios = [
        nx.shortest_path_length(roads, a, b, weight="km") / straight.loc[a, b]
        for i, a in enumerate(towns)
        for b in towns[:i]
    ]
    assert len(towns) >= 10
    assert min(ratios) >= 1.0
    assert max(ratios) <= 1.6


def test_every_zone_inside_is_reached_by_car_from_every_other(results: Results) -> None:
    case = results["baseline"].case
    minutes = case.travel.minutes["car"].loc[case.inside, case.inside]
    assert len(minutes) == 15
    assert np.isfinite(minutes).all(axis=None)
    assert (minutes > 0).all(axis=None)


def test_a_trip_through_a_town_is_no_short_cut(results: Results) -> None:
    """A zone that is joined to several nodes spans them: through it there may be one."""
    case = results["baseline"].case
    connectors = case.region["connectors"]
    joints = connectors.loc[connectors["mode"] == "car", "zone_id"].value_counts()
    towns = joints.index[joints == 1]
    minutes = case.travel.minutes["car"].to_numpy().copy()
    np.fill_diagonal(minutes, 0)
    via = case.travel.minutes["car"].columns.isin(towns)
    through = (minutes[:, via, None] + minutes[None, via, :]).min(axis=1)
    assert via.sum() >= 10
    assert (minutes <= through + 1e-9).all()


def test_every_change_leaves_a_receipt(results: Results) -> None:
    for result in results.values():
        numbers = set(range(1, len(result.scenario.steps) + 1))
        assert set(result.receipts["change"]) == numbers
        assert (result.receipts["before"] != result.receipts["after"]).all()


def test_the_core_is_the_largest_centre_and_reaches_most_jobs(results: Results) -> None:
    rows = results["baseline"].indicators
    jobs = rows[(rows["indicator"] == "jobs_by_decay") & (rows["place_id"] != "all")]
    assert jobs.loc[jobs["value"].idxmax(), "place_id"] == "obninsk"
    assert whole(results["baseline"], "population_primacy") == pytest.approx(
        125_376 / 262_560, abs=1e-3
    )
