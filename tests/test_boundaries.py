"""The boundary in every scenario: who is in, why, how firmly, and who enters or leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agglo.boundaries import Boundary, boundaries, centres_of, flows_from_case
from agglo.cases import cases_from_network
from agglo.indicators.case import Case
from agglo.parameters import Assumption
from agglo.perturbed import drawn_flows, drawn_margins, draws_of
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.scenarios.receipts import changed_region
from agglo.territory.definitions import delineations, memberships
from agglo.territory.firmness import Spreads
from agglo.territory.members import answers_to, members, seats_of
from agglo.territory.rules import Rules
from agglo.transport.network import network_from_regions
from tests import worlds

RULES = Rules(min_size_count=50, target_size_count=500)
STILL = Spreads(draws_count=2, threshold_share=0, minutes_share=0)
FEW = Spreads(draws_count=20)


def assumptions(spread: float = 0.0) -> dict[str, Assumption]:
    own = worlds.parameters()
    return {
        name: Assumption(name=name, value=value, low=value * (1 - spread),
                         high=min(value * (1 + spread), 1.0 if name.endswith("_share") else np.inf),
                         status="assumed", source="test")
        for name, value in ((one, getattr(own, one)) for one in own.__dataclass_fields__)
    }  # fmt: skip


def cases_of(region: Region, *scenarios: Scenario) -> dict[str, Case]:
    listed = [worlds.scenario(name=BASELINE), *scenarios]
    regions = {one.name: changed_region(region, one) for one in listed}
    network = network_from_regions(regions, worlds.parameters())
    return cases_from_network(listed, network, worlds.parameters(), needs=())[1]


def drawn(
    region: Region, *scenarios: Scenario, spreads: Spreads = STILL, spread: float = 0.0
) -> dict[str, Boundary]:
    holds = {one.name: one.horizon == "day" for one in scenarios}
    return boundaries(
        cases_of(region, *scenarios),
        assumptions(spread),
        rules=RULES,
        spreads=spreads,
        holds_flows={BASELINE: False, **holds},
    )


def column(boundary: Boundary, definition: str, name: str) -> dict[str, object]:
    rows = boundary.zones[boundary.zones["definition"] == definition]
    return dict(zip(rows["zone_id"], rows[name], strict=True))


def still_zones(region: Region) -> Region:
    """Give workers and jobs no range."""
    zones = region["zones"].copy()
    for what in ("workers", "jobs"):
        for end in ("low", "high"):
            zones[f"{what}_{end}_count"] = zones[f"{what}_count"]
    return region.with_tables(zones=zones)


def test_the_isochrone_holds_the_towns_within_its_minutes() -> None:
    # t0 is the core: the others are 10, 20 … minutes and 2 more away
    found = drawn(worlds.line_of_towns(10))[BASELINE]
    minutes = column(found, "isochrone_60", "value")
    assert minutes["t5"] == pytest.approx(52)
    inside = column(found, "isochrone_60", "is_in")
    assert [zone for zone, is_in in inside.items() if is_in] == ["t0", "t1", "t2", "t3", "t4", "t5"]
    assert column(found, "isochrone_60", "margin")["t6"] == pytest.approx(-2)
    assert all(column(found, "isochrone_90", "is_in")[f"t{i}"] for i in range(9))


def test_every_zone_inside_stands_once_in_every_definition() -> None:
    region = worlds.grid()
    rows = drawn(region)[BASELINE].zones
    counted = rows.groupby("definition")["zone_id"].agg(["size", "nunique"])
    assert (counted == 9).all(axis=None)
    assert set(counted.index) == {
        "official", "fua", "threshold", "lma", "dominant", "communities",
        "communities_without_big_core", "isochrone_60", "isochrone_90",
    }  # fmt: skip


def test_the_core_is_in_by_every_definition_and_always() -> None:
    rows = drawn(worlds.grid(), spreads=FEW, spread=0.3)[BASELINE].zones
    core = centres_of(worlds.grid()).core
    own = rows[rows["zone_id"] == core]
    assert own["is_in"].all()
    assert (own["firmness_share"].dropna() == 1).all()


def test_margins_say_on_which_side_of_this_agglomeration_a_zone_lies() -> None:
    tables = worlds.tables_of(
        {
            **{f"t{i}": worlds.Place(x_km=10 * i, municipality=f"m{i}") for i in range(8)},
            "away": worlds.Place(x_km=80, workers=0, jobs=300, is_outside=True),
        },
        {f"r{i}": (f"t{i}", f"t{i + 1}" if i < 7 else "away", 10.0, 60.0) for i in range(8)},
    )
    tables["zones"].loc[tables["zones"]["zone_id"] != "away", "jobs_count"] = 62.5
    tables["zones"]["jobs_low_count"] = 0.9 * tables["zones"]["jobs_count"]
    rows = drawn(worlds.region_of(tables))[BASELINE].zones
    known = rows.dropna(subset=["margin"])
    strict = known[known["definition"].isin(["fua", "threshold", "isochrone_60", "isochrone_90"])]
    assert (strict["is_in"] == (strict["margin"] >= 0)).all()
    fua = rows[rows["definition"] == "fua"].set_index("zone_id")
    assert fua["decided_by"]["t7"] == "share_to_rival"
    assert fua["area_id"]["t7"] == "away"
    assert fua["value"]["t7"] < fua["threshold"]["t7"]
    others = known[~known["is_in"]]
    assert (others["margin"] <= 0).all()


def test_without_perturbation_a_zone_is_in_always_or_never() -> None:
    rows = drawn(still_zones(worlds.line_of_towns(10)))[BASELINE].zones
    known = rows[rows["definition"] != "official"]
    assert (known["firmness_share"] == known["is_in"].astype(float)).all()


def test_the_official_boundary_has_no_firmness_and_no_number() -> None:
    rows = drawn(worlds.grid(), spreads=FEW)[BASELINE].zones
    official = rows[rows["definition"] == "official"]
    assert official["is_in"].all()
    assert official[["firmness_share", "value", "margin"]].isna().all(axis=None)
    assert set(official["status"]) == {"observed"}


def test_a_zone_near_the_limit_is_less_firm_than_one_far_within() -> None:
    rows = drawn(worlds.line_of_towns(10), spreads=Spreads(draws_count=60))[BASELINE]
    firm = column(rows, "isochrone_60", "firmness_share")
    assert firm["t1"] == 1
    assert 0 < firm["t5"] < 1
    assert firm["t9"] == 0
    ordered = [firm[f"t{i}"] for i in range(10)]
    assert ordered == sorted(ordered, reverse=True)


def test_who_enters_by_a_faster_road_is_named_with_the_number() -> None:
    faster = worlds.scenario(worlds.change("set_speed", link="r5", speed_kmh=120.0), name="faster")
    found = drawn(worlds.line_of_towns(10), faster)
    changed = found["faster"].zones
    changed = changed[(changed["change"] != "") & changed["definition"].str.startswith("isochrone")]
    assert changed[["definition", "zone_id", "change"]].to_numpy().tolist() == [
        ["isochrone_60", "t6", "enters"], ["isochrone_90", "t9", "enters"]
    ]  # fmt: skip
    assert changed["value"].tolist() == pytest.approx([57, 87])
    assert (found[BASELINE].zones["change"] == "").all()


def test_who_leaves_when_a_bridge_closes_is_named() -> None:
    region = worlds.two_banks()
    closed = worlds.scenario(worlds.change("close_link", link="bridge"), name="closed")
    rules = replace(RULES, within_min=(20.0,))
    found = boundaries(
        cases_of(region, closed), assumptions(), rules=rules, spreads=STILL,
        holds_flows={BASELINE: False, "closed": False},
    )  # fmt: skip
    assert column(found["closed"], "isochrone_20", "change") == {"east": "leaves", "west": ""}
    towns = found["closed"].municipalities
    towns = towns[towns["definition"] == "isochrone_20"].set_index("municipality_id")
    assert towns["change"].to_dict() == {"left": "", "right": "leaves"}


def test_in_a_shock_of_a_day_people_keep_their_trips() -> None:
    closed = worlds.change("close_link", link="bridge")
    day = worlds.scenario(closed, name="day", horizon="day")
    year = worlds.scenario(closed, name="year")
    found = drawn(worlds.two_banks(), day, year, spreads=FEW)
    share = {name: column(one, "fua", "value")["east"] for name, one in found.items()}
    assert share["day"] == share[BASELINE]
    assert share["year"] < share[BASELINE]
    assert column(found["day"], "fua", "firmness_share") == column(
        found[BASELINE], "fua", "firmness_share"
    )


def test_a_municipality_is_in_with_more_than_half_of_its_residents() -> None:
    # along one road: a and b are 12 and 22 minutes away, c 32
    places = {
        "core": worlds.Place(x_km=0),
        **{name: worlds.Place(x_km=10 * (i + 1), municipality="n") for i, name in enumerate("abc")},
    }
    names = list(places)
    roads = {f"r{i}": (names[i], names[i + 1], 10.0, 60.0) for i in range(3)}
    found = boundaries(
        cases_of(worlds.region_of(worlds.tables_of(places, roads))),
        assumptions(),
        rules=replace(RULES, within_min=(15.0, 25.0)),
        spreads=STILL,
        holds_flows={BASELINE: False},
    )[BASELINE]
    towns = found.municipalities.set_index(["definition", "municipality_id"])
    assert towns["value"][("isochrone_25", "n")] == pytest.approx(2 / 3)
    assert towns["is_in"][("isochrone_25", "n")]
    assert towns["value"][("isochrone_15", "n")] == pytest.approx(1 / 3)
    assert not towns["is_in"][("isochrone_15", "n")]
    assert towns["firmness_share"][("isochrone_25", "n")] == 1
    assert set(towns["decided_by"]) == {"residents_inside_share"}


def test_scenarios_do_not_change_what_the_baseline_draws() -> None:
    slower = worlds.scenario(worlds.change("set_speed", link="r0", speed_kmh=20.0), name="slower")
    alone = drawn(worlds.line_of_towns(4), spreads=FEW, spread=0.2)
    beside = drawn(worlds.line_of_towns(4), slower, spreads=FEW, spread=0.2)
    pd.testing.assert_frame_equal(alone[BASELINE].zones, beside[BASELINE].zones)


def test_the_order_of_rows_of_every_table_does_not_matter() -> None:
    tables = worlds.two_banks_tables()
    one = drawn(worlds.region_of(tables), spreads=FEW, spread=0.2)
    other = drawn(worlds.region_of(worlds.shuffled(tables, 3)), spreads=FEW, spread=0.2)
    pd.testing.assert_frame_equal(one[BASELINE].zones, other[BASELINE].zones)


def test_drawn_flows_meet_the_drawn_workers_of_every_zone() -> None:
    cases = cases_of(worlds.grid())
    draws = draws_of(worlds.grid(), assumptions(0.2), FEW)
    workers, _ = drawn_margins(worlds.grid(), draws)
    ((_, flows),) = drawn_flows(cases, draws, holds_flows={})
    inside = (worlds.grid()["zones"]["kind"] != "outside").to_numpy()
    assert flows.sum(axis=2)[:, inside] == pytest.approx(workers[:, inside])
    assert len({round(one, 6) for one in workers[:, 0]}) > 10


def test_without_spreads_the_drawn_flows_are_those_of_the_case() -> None:
    region = still_zones(worlds.line_of_towns(4))
    cases = cases_of(region)
    draws = draws_of(region, assumptions(), STILL)
    ((_, flows),) = drawn_flows(cases, draws, holds_flows={})
    assert flows[1] == pytest.approx(cases[BASELINE].flows.to_numpy(), abs=1e-6)


def test_jobs_inside_never_exceed_the_workers_who_can_hold_them() -> None:
    region = worlds.line_of_towns(4)
    zones = region["zones"].assign(jobs_high_count=region["zones"]["jobs_count"] * 5)
    region = region.with_tables(zones=zones)
    workers, jobs = drawn_margins(region, draws_of(region, assumptions(), FEW))
    assert jobs.sum(axis=1) == pytest.approx(workers.sum(axis=1))
    assert (jobs >= 0).all()


def test_the_core_is_the_zone_of_the_core_municipality_with_most_jobs() -> None:
    found = centres_of(worlds.grid())
    assert (found.core, found.cores) == ("c00", ("c00", "c01", "c02"))
    assert (found.rivals, found.big_core) == (("away",), "away")


def test_a_region_without_a_core_municipality_takes_the_zone_with_most_jobs() -> None:
    region = worlds.two_banks()
    municipalities = region.geo("municipalities").assign(role="member")
    found = centres_of(region.with_tables(municipalities=municipalities))
    assert (found.core, found.cores) == ("west", ("west",))


def test_a_core_that_is_the_whole_region_is_its_zone_with_most_jobs() -> None:
    places = {"a": worlds.Place(x_km=0), "b": worlds.Place(x_km=10, jobs=120)}
    places["away"] = worlds.Place(x_km=20, workers=20, jobs=0, is_outside=True)
    roads = {"r": ("a", "b", 10.0, 60.0), "s": ("b", "away", 10.0, 60.0)}
    found = centres_of(worlds.region_of(worlds.tables_of(places, roads)))
    assert found.cores == ("b",)
    assert found.big_core == ""


def test_the_flows_of_a_case_keep_the_outside_and_their_status() -> None:
    case = cases_of(worlds.two_banks())[BASELINE]
    flows = flows_from_case(case)
    assert list(flows.inside) == ["east", "west"]
    assert flows.status == "assumed"


def test_who_answers_to_a_vassal_of_the_core_answers_to_the_core() -> None:
    # core → moscow, town → core, farm → town; other and moscow answer to nobody
    above = np.array([4, 0, 1, -1, -1])
    assert answers_to(above, 0).tolist() == [True, True, True, False, False]


def test_the_quick_way_finds_the_same_members_as_the_one_with_reasons() -> None:
    for region in (worlds.grid(), worlds.line_of_towns(8), worlds.two_banks(), worlds.island()):
        case = cases_of(region)[BASELINE]
        flows, centres = flows_from_case(case), centres_of(region)
        minutes = case.travel.minutes["car"]
        found = delineations(flows, minutes, centres=centres, rules=RULES)
        slow = memberships(found, flows, centres=centres)
        square = minutes.loc[flows.places, flows.places].to_numpy()
        quick = members(flows, square, centres=centres, rules=RULES, seats=seats_of(flows, centres))
        assert set(quick) == set(slow["definition"])
        for definition, rows in slow.groupby("definition"):
            if not str(definition).startswith("communities"):
                assert quick[str(definition)].tolist() == rows["is_in"].tolist(), definition


@pytest.mark.parametrize(
    "wrong",
    [{"commuting_share": 0.0}, {"commuting_share": 1.2}, {"within_min": ()},
     {"within_min": (-1.0,)}, {"target_size_count": float("inf")}, {"resolution": float("nan")}],
)  # fmt: skip
def test_thresholds_that_no_rule_can_have_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Rules(**wrong)  # type: ignore[arg-type]
