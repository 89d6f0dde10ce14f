"""Labour market areas of small worlds, solved by hand."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from agglo.commuting.flows import Flows, flows_from_frame, flows_from_table
from agglo.errors import FlowError
from agglo.territory.delineation import Delineation
from agglo.territory.dissolution import labour_market_labels
from agglo.territory.labour_markets import labour_market_areas
from agglo.territory.validity import STANDARDS, Standard, validity, validity_of_areas

TOWNS = Standard(
    min_size_count=50,
    min_self_containment_share=0.7,
    target_size_count=100,
    target_self_containment_share=0.8,
)
ISTAT, UK = STANDARDS["istat"], STANDARDS["uk_2007"]
CAPPED = 0.8 / 0.7
"""Validity of whatever is as large and as self-contained as one can ask."""


def flows_of(rows: dict[str, dict[str, float]], *, outside: tuple[str, ...] = ()) -> Flows:
    """Make flows of rows by home; what is not named is 0."""
    table = [(home, work, n) for home, row in rows.items() for work, n in row.items()]
    zones = [zone for zone in rows if zone not in outside]
    return flows_from_table(
        pd.DataFrame(table, columns=["live", "work", "n"]), zones, outside=outside
    )


def areas(flows: Flows, standard: Standard = TOWNS, **choices: object) -> Delineation:
    return labour_market_areas(flows, **asdict(standard), **choices)  # type: ignore[arg-type]


def farm_and_towns() -> Flows:
    """Make a farm that is closer to the town (link .12413) than to the port (.01471)."""
    return flows_of(
        {
            "town": {"town": 90, "farm": 10},
            "farm": {"town": 8, "farm": 2},
            "port": {"farm": 5, "port": 95},
        }
    )


def town_at_its_limit(farm_to_beyond: float) -> Flows:
    """Make a town of validity 1.143, of which any newcomer takes some.

    The town has 100 residents and 100 jobs, 80 of them the same people. The farm's residents
    mostly work outside.
    """
    return flows_of(
        {
            "town": {"town": 80, "beyond": 20},
            "farm": {"farm": 2, "town": 4, "beyond": farm_to_beyond},
            "beyond": {"town": 16, "farm": 10},
        },
        outside=("beyond",),
    )


@pytest.mark.parametrize(
    ("standard", "counts", "expected"),
    [
        (ISTAT, (28895, 34742, 26868), 1.124944),
        (UK, (3500, 3500, 0.75 * 3500), 1.0),
        (UK, (3500, 3500, 0.70 * 3500), 0.93333),
        (UK, (25000, 25000, 0.667 * 25000), 1.0),
        (UK, (1e6, 1e6, 0.667e6), 1.0),
        (UK, (25000, 25000, 0.66 * 25000), 0.66 / 0.667),
        (UK, (1000, 1000, 1000), 1.0),
        (UK, (90000, 90000, 90000), 1.0),
        (UK, (0, 0, 0), 0.0),
        (UK, (10, 0, 0), 0.0),
    ],
)
def test_validity_is_that_of_the_published_vectors(
    standard: Standard, counts: tuple[float, float, float], expected: float
) -> None:
    assert validity(*counts, standard=standard)[0] == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize(
    ("residents", "share", "expected"),
    [(25000, 0.66, 0.98995), (10000, 0.72, 0.99626), (1000, 0.9, 0.98547)],
)
def test_validity_at_two_thirds_and_three_quarters(
    residents: float, share: float, expected: float
) -> None:
    standard = Standard(
        min_size_count=3500,
        min_self_containment_share=0.6667,
        target_size_count=25000,
        target_self_containment_share=0.75,
    )
    found = validity(residents, residents, share * residents, standard=standard)
    assert found[0] == pytest.approx(expected, abs=5e-6)


def test_the_self_containment_asked_for_is_a_hyperbola_of_size() -> None:
    middle = (UK.min_size_count + UK.target_size_count) / 2
    asked = 0.667 / (1 - (1 - 0.667 / 0.75) / 2)
    assert asked == pytest.approx(0.70607, abs=1e-5)
    at, below = validity(
        [middle] * 2, [middle] * 2, [asked * middle, 0.999 * asked * middle], standard=UK
    )
    assert at == pytest.approx(1)
    assert below < 1


def test_what_is_exactly_enough_is_valid_however_computers_round() -> None:
    for standard in STANDARDS.values():
        least, target = standard.min_size_count, standard.target_size_count
        low, high = standard.min_self_containment_share, standard.target_self_containment_share
        found = validity(
            [least, target], [least, target], [least * high, target * low], standard=standard
        )
        assert found.tolist() == [1.0, 1.0]


def test_the_smaller_of_supply_and_demand_side_counts() -> None:
    assert validity(200, 100, 90, standard=TOWNS)[0] == pytest.approx(0.45 / 0.7)
    assert validity(100, 200, 90, standard=TOWNS)[0] == pytest.approx(0.45 / 0.7)


def test_a_farm_joins_the_town_it_is_closest_to_and_every_zone_says_why() -> None:
    found = areas(farm_and_towns())
    assert found.method == "lma"
    assert found.status == "observed"
    assert found.parameters["target_size_count"] == 100
    assert found.areas.index.name == "zone_id"
    assert found.areas["area_id"].to_dict() == {"town": "town", "farm": "town", "port": "port"}
    assert found.areas["decided_by"].tolist() == ["link_share", "link_share", "validity"]
    to_town = 8**2 / (10 * 98) + 10**2 / (100 * 17)
    to_port = 5**2 / (100 * 17)
    np.testing.assert_allclose(found.areas["value"], [to_town, to_town, CAPPED])
    np.testing.assert_allclose(found.areas["threshold"], [0, to_port, 1])
    np.testing.assert_allclose(
        found.areas["margin"], found.areas["value"] - found.areas["threshold"]
    )
    assert found.notes == ("1 area of one zone: port",)


def test_the_table_of_areas_shows_size_jobs_and_validity() -> None:
    flows = farm_and_towns()
    table = validity_of_areas(areas(flows), flows, standard=TOWNS)
    assert table.index.tolist() == ["town", "port"]
    assert table["zones_count"].tolist() == [2, 1]
    assert table["size_count"].tolist() == [110, 100]
    assert table["jobs_count"].tolist() == [115, 95]
    assert table["internal_count"].tolist() == [110, 95]
    np.testing.assert_allclose(table["self_containment_share"], [110 / 115, 0.95])
    np.testing.assert_allclose(table["validity"], [CAPPED, CAPPED])
    assert table["is_valid"].tolist() == [True, True]


def test_a_zone_that_would_lower_the_validity_waits_on_the_reserve_list() -> None:
    flows = town_at_its_limit(14)
    found = areas(flows, keep_reserve=True)
    assert found.areas["area_id"].tolist() == ["town", ""]
    with_farm = 86 / 120 / 0.7
    why = found.areas.loc["farm"]
    assert why["decided_by"] == "validity"
    assert (why["value"], why["threshold"]) == (pytest.approx(with_farm), pytest.approx(CAPPED))
    assert why["margin"] == pytest.approx(with_farm - CAPPED)
    assert "1 zone on the reserve list at the end, in no area: farm" in found.notes
    emptied = areas(flows)
    assert emptied.areas["area_id"].tolist() == ["town", "town"]
    assert emptied.areas.loc["farm", "decided_by"] == "link_share"
    assert emptied.notes == (
        "1 zone on the reserve list, then given to the area of the strongest link: farm",
    )


def test_the_reserve_list_is_gone_through_again_until_nothing_changes() -> None:
    """The yard is linked to the farm only, comes before it, and has to wait for it."""
    flows = flows_of(
        {
            "town": {"town": 80, "beyond": 20},
            "farm": {"farm": 2, "town": 4, "beyond": 14},
            "yard": {"yard": 2, "farm": 3, "beyond": 6},
            "beyond": {"town": 16, "farm": 10, "yard": 4},
        },
        outside=("beyond",),
    )
    waiting = areas(flows, keep_reserve=True).areas
    assert waiting["area_id"].tolist() == ["town", "", ""]
    assert waiting["decided_by"].tolist()[1:] == ["validity", "links_count"]
    assert areas(flows).areas["area_id"].tolist() == ["town"] * 3


def test_an_area_that_the_reserve_list_spoils_is_named_with_its_validity() -> None:
    flows = town_at_its_limit(54)
    found = areas(flows)
    assert found.areas["area_id"].tolist() == ["town", "town"]
    below = 86 / 160 / 0.7
    assert validity_of_areas(found, flows, standard=TOWNS)["validity"]["town"] == pytest.approx(
        below
    )
    assert found.notes[-1].startswith("1 area below validity 1")
    assert found.notes[-1].endswith(": town (0.768)")


def test_outside_places_count_as_homes_and_workplaces_and_are_in_no_area() -> None:
    flows = town_at_its_limit(14)
    found = areas(flows)
    assert found.areas.index.tolist() == ["town", "farm"]
    table = validity_of_areas(found, flows, standard=TOWNS)
    assert table["size_count"].tolist() == [80 + 20 + 2 + 4 + 14]
    assert table["jobs_count"].tolist() == [80 + 4 + 16 + 2 + 10]


def test_a_zone_whose_only_links_lead_outside_is_judged_by_itself() -> None:
    large = {"town": {"town": 90, "beyond": 10}, "beyond": {"town": 5}}
    assert areas(flows_of(large, outside=("beyond",))).areas["area_id"].tolist() == ["town"]
    small = {"town": {"town": 9, "beyond": 10}, "beyond": {"town": 5}}
    found = areas(flows_of(small, outside=("beyond",)))
    assert found.areas["area_id"].tolist() == [""]
    assert found.areas.loc["town", ["decided_by", "value", "threshold"]].tolist() == [
        "links_count", 0.0, 1.0,
    ]  # fmt: skip


def test_zones_without_residents_jobs_or_links_are_dropped_again_and_again() -> None:
    """The mill's only workers live in the hamlet, which has no jobs and goes first."""
    flows = flows_of(
        {
            "town": {"town": 90, "farm": 10},
            "farm": {"town": 8, "farm": 2},
            "hamlet": {"mill": 5, "town": 5},
            "mill": {"town": 3},
            "works": {},
            "island": {"island": 1000},
        }
    )
    flows = flows_from_table(
        pd.concat([pd.DataFrame({"live": ["farm"], "work": ["works"], "n": [7]}), _table(flows)]),
        flows.inside,
    )
    found = areas(flows)
    assert found.areas["area_id"].tolist() == ["town", "town", "", "", "", ""]
    assert found.areas["decided_by"].tolist()[2:] == [
        "jobs_count", "jobs_count", "residents_count", "links_count",
    ]  # fmt: skip
    assert found.areas["margin"].tolist()[2:] == [-1] * 4
    assert found.notes[0].startswith("4 zones left out")
    assert found.notes[0].endswith(": hamlet, island, mill, works")
    table = validity_of_areas(found, flows, standard=TOWNS)
    # neither the 8 who come from the hamlet and the mill nor the 7 who go to the works
    assert table.loc["town", ["size_count", "jobs_count", "internal_count"]].tolist() == [110] * 3


def _table(flows: Flows) -> pd.DataFrame:
    pairs = flows.counts.tocoo()
    return pd.DataFrame(
        {"live": flows.places[pairs.row], "work": flows.places[pairs.col], "n": pairs.data}
    )


def test_of_equally_invalid_clusters_the_lowest_is_dissolved_first() -> None:
    """Each could take the other: the one that is left names the cluster."""
    counts = np.array([[30.0, 30], [30, 30]])
    assert labour_market_labels(counts, standard=TOWNS).tolist() == [1, 1]


@pytest.mark.parametrize("ids", [["9", "10", "11"], ["a11", "a10", "a9"]])
def test_of_equal_links_the_highest_id_wins_as_a_number_where_all_are(ids: list[str]) -> None:
    low, middle, high = ids
    text_order = sorted(ids, key=lambda one: (len(one), one) if ids[0] == "9" else one)
    farm, *towns = text_order
    rows = {town: {town: 95, farm: 5} for town in towns}
    rows[farm] = {farm: 2, **dict.fromkeys(towns, 4)}
    flows = flows_of({one: rows[one] for one in (middle, high, low)})
    found = areas(flows, keep_reserve=True)
    assert found.areas["area_id"].to_dict() == {
        farm: max(towns, key=text_order.index), **{town: town for town in towns},
    }  # fmt: skip


def test_links_are_equal_however_computers_round() -> None:
    """7²/(20 · 98) = 8²/(20 · 128), but not in floating point."""
    counts = np.array([[5.0, 8, 7], [0, 120, 0], [0, 0, 91]])
    assert labour_market_labels(counts, standard=TOWNS).tolist() == [2, 1, 2]


def test_a_cluster_is_dissolved_completely_before_another_is_looked_at() -> None:
    """Who looks for the worst cluster anew after each zone keeps 1 and 2 as an area."""
    counts = np.array(
        [
            [90, 0, 0, 0, 0, 0],
            [5, 20, 0, 10, 0, 0],
            [0, 10, 20, 0, 0, 0],
            [0, 0, 0, 40, 20, 0],
            [20, 0, 0, 10, 10, 0],
            [5, 10, 0, 10, 5, 20],
        ],
        dtype=float,
    )
    found = labour_market_labels(counts, standard=TOWNS, keep_reserve=True)
    assert found.tolist() == [0, 3, 3, 3, 3, 3]


def test_zones_that_no_area_is_linked_to_are_left_over() -> None:
    """The two hamlets know only each other, and are too small together."""
    flows = flows_of(
        {
            "town": {"town": 95, "port": 5},
            "port": {"town": 5, "port": 95},
            "hamlet": {"hamlet": 5, "cot": 5, "beyond": 1},
            "cot": {"cot": 5, "hamlet": 5, "beyond": 1},
            "beyond": {},
        },
        outside=("beyond",),
    )
    found = areas(flows)
    assert found.areas["area_id"].tolist() == ["town", "port", "", ""]
    assert found.areas["decided_by"].tolist()[2:] == ["links_count"] * 2
    assert "2 zones on the reserve list at the end, in no area: cot, hamlet" in found.notes


def test_one_zone_alone_exchanges_nobody_and_is_dropped() -> None:
    found = areas(flows_of({"town": {"town": 500}}))
    assert found.areas["area_id"].tolist() == [""]
    assert found.areas["decided_by"].tolist() == ["links_count"]


def test_zones_without_any_commuter_are_in_no_area() -> None:
    found = areas(flows_of({"a": {}, "b": {}}))
    assert found.areas["area_id"].tolist() == ["", ""]
    assert found.areas["decided_by"].tolist() == ["residents_count"] * 2
    assert labour_market_labels(np.zeros((2, 2)), standard=TOWNS).tolist() == [-1, -1]


def test_flows_too_small_to_be_squared_still_link() -> None:
    counts = np.array(
        [[10, 1e-170, 1e-170, 5], [0, 95, 5, 0], [0, 5, 95, 0], [5, 0, 0, 0]], dtype=float
    )
    found = labour_market_labels(
        counts, standard=TOWNS, is_outside=np.array([False, False, False, True])
    )
    assert found.tolist() == [2, 1, 2, -1]


def test_parts_of_persons_that_add_up_inexactly_are_wholly_self_contained() -> None:
    """Nobody crosses the border of the three, who are fewer than the least size."""
    counts = np.array([[3.6, 0.8, 2.0], [1.1, 0.1, 3.0], [0.3, 1.1, 2.0]])
    assert counts.sum(axis=0).sum() != counts.sum(axis=1).sum()
    assert labour_market_labels(counts, standard=TOWNS).tolist() == [2, 2, 2]


def test_employed_residents_without_a_known_workplace_do_not_count_and_are_named() -> None:
    flows = farm_and_towns()
    more = pd.Series({"town": 400, "farm": 10, "port": 100})
    frame = pd.DataFrame(flows.counts.toarray(), index=flows.places, columns=flows.places)
    found = areas(flows_from_frame(frame, residents_count=more))
    assert found.areas.to_dict() == areas(flows).areas.to_dict()
    assert found.notes[0].startswith("300 employed residents without a known workplace")


def test_ids_may_hold_any_letter_and_quotes() -> None:
    names = {"town": "Обнинск", "farm": "д. \"Верховье\", 'малое'", "port": " "}
    rows = {
        names["town"]: {names["town"]: 90.0, names["farm"]: 10.0},
        names["farm"]: {names["town"]: 8.0, names["farm"]: 2.0},
        names["port"]: {names["farm"]: 5.0, names["port"]: 95.0},
    }
    found = areas(flows_of(rows))
    assert found.areas["area_id"].tolist() == [names["town"], names["town"], names["port"]]


def test_an_area_in_pieces_is_mended_where_neighbours_are_given() -> None:
    """The farm belongs to the town by its links, and touches only the port."""
    flows = farm_and_towns()
    touching = sparse.csr_array(np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], dtype=bool))
    found = areas(flows, neighbours=touching)
    assert found.areas["area_id"].tolist() == ["town", "port", "port"]
    assert any("farm" in note and "cut off" in note for note in found.notes)
    assert "1 area of one zone: town" in found.notes


def test_many_names_are_cut_short() -> None:
    rows = {f"z{at:02}": {f"z{at:02}": 95.0, f"z{(at + 1) % 12:02}": 5.0} for at in range(12)}
    found = areas(flows_of(rows))
    assert found.notes == (
        "12 areas of one zone: z00, z01, z02, z03, z04, z05, z06, z07, z08, z09 and 2 more",
    )


def test_arguments_stay_as_they_are() -> None:
    counts = sparse.csr_array(np.array([[90.0, 10, 0], [8, 2, 0], [0, 5, 95]])[:, ::-1])
    unsorted = sparse.csr_array(
        (counts.data.copy(), counts.indices[::-1].copy(), counts.indptr.copy()), shape=(3, 3)
    )
    before = [part.copy() for part in (unsorted.data, unsorted.indices, unsorted.indptr)]
    labour_market_labels(unsorted, standard=TOWNS)
    for one, other in zip(before, (unsorted.data, unsorted.indices, unsorted.indptr), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"min_size_count": 0}, "min_size_count"),
        ({"min_size_count": -5}, "min_size_count"),
        ({"min_size_count": 100}, "got 100 and 100"),
        ({"target_size_count": float("nan")}, "target_size_count"),
        ({"target_size_count": float("inf")}, "target_size_count"),
        ({"min_self_containment_share": 0}, "min_self_containment_share"),
        ({"min_self_containment_share": 0.9}, "got 0.9 and 0.8"),
        ({"target_self_containment_share": 75}, "at most 1; got 0.7 and 75"),
        ({"min_self_containment_share": float("nan")}, "min_self_containment_share"),
    ],
)
def test_a_standard_without_room_between_least_and_target_is_one_clear_error(
    changed: dict[str, float], says: str
) -> None:
    with pytest.raises(FlowError, match=says):
        labour_market_areas(farm_and_towns(), **{**asdict(TOWNS), **changed})
