"""Timed connections: what a change of line costs where one vehicle waits for the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import pytest

from agglo.errors import NetworkError
from agglo.region import Region
from agglo.transport.network import network_from_regions
from agglo.transport.skims import skim
from agglo.transport.spread import transit_spread
from agglo.transport.topology import node_numbers
from agglo.transport.transfers import timed_arcs
from tests import worlds
from tests.networks import arcs_of

DOOR, BOARDING, WAIT, RUN = 5.0, 2.0, 10.0, 10.0
"""Minutes to a stop, of a boarding, of half a headway, from one stop to the next."""

KEY = ["from_line_id", "to_line_id", "from_stop_id", "to_stop_id"]
APART_KM, WALK = 0.3, 3.0
USUAL = DOOR + 2 * (WAIT + BOARDING + RUN) + DOOR


@cache
def untimed() -> Region:
    """Lines 'first' a – b – e and 'second' d – b – c cross at b; 'third' starts 300 m away.

    10 minutes from stop to stop, every 20 minutes; by car nothing matters.
    """
    places = {
        "a": worlds.Place(x_km=0),
        "b": worlds.Place(x_km=10),
        "e": worlds.Place(x_km=20),
        "c": worlds.Place(x_km=10, y_km=10),
        "d": worlds.Place(x_km=10, y_km=-10),
        "near": worlds.Place(x_km=10 + APART_KM),
        "f": worlds.Place(x_km=20, y_km=5),
    }
    served = {
        "first": worlds.Line(places=("a", "b", "e"), run_min=(RUN, RUN)),
        "second": worlds.Line(places=("d", "b", "c"), run_min=(RUN, RUN)),
        "third": worlds.Line(places=("near", "f"), run_min=(RUN,)),
    }
    roads = {"r": ("a", "b", 10.0, 60.0)}
    return worlds.region_of(worlds.tables_of(places, roads, served))


def crossing(
    timed: Sequence[tuple[str, str, str, str, float]] = (),
    *,
    lines: Mapping[str, Mapping[str, object]] | None = None,
    lots: Sequence[tuple[str, str]] = (),
) -> Region:
    """Time connections, change columns of lines and give stops a car park at a node."""
    changed = untimed()["lines"].copy()
    for line, columns in (lines or {}).items():
        for column, value in columns.items():
            changed.loc[line, column] = value
    agreed = pd.DataFrame(
        [(*row, "assumed") for row in timed], columns=[*KEY, "wait_min", "status"]
    )
    parked = {"mode": "park_ride", "length_km": 1.0, "speed_kmh": 60.0, "parking_min": 4.0}
    parks = [{"stop_id": stop, "node_id": node, **parked} for stop, node in lots]
    return untimed().with_tables(
        lines=changed,
        transfers=agreed.set_index(KEY, drop=False),
        interchanges=pd.DataFrame(parks) if parks else untimed()["interchanges"],
    )


def minutes(region: Region, start: str, end: str, mode: str = "transit", **changed: float) -> float:
    network = network_from_regions({"own": region}, worlds.parameters(**changed))
    metric = network.arcs["own"][f"{mode}_min"].to_numpy(dtype=float)
    return float(skim(network.topology, metric, [f"from:{start}"], [f"to:{end}"])[0, 0])


AT_B = ("first", "second", "stop_b", "stop_b", 3.0)


def test_a_change_waits_as_agreed_and_not_half_the_headway() -> None:
    assert minutes(crossing(), "a", "c") == pytest.approx(USUAL, abs=1e-3)
    assert minutes(crossing([AT_B]), "a", "c") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)


@pytest.mark.parametrize("start", ["a", "e"])
@pytest.mark.parametrize("end", ["c", "d"])
def test_both_lines_are_timed_in_each_direction(start: str, end: str) -> None:
    region = crossing([AT_B])
    assert minutes(region, start, end) == pytest.approx(USUAL - WAIT + 3, abs=1e-3)
    assert minutes(region, end, start) == pytest.approx(USUAL, abs=1e-3)


def test_a_wait_of_nothing_still_costs_the_boarding() -> None:
    timed = ("first", "second", "stop_b", "stop_b", 0.0)
    assert minutes(crossing([timed]), "a", "c") == pytest.approx(USUAL - WAIT, abs=1e-3)


def test_a_longer_wait_than_the_usual_one_is_nobodys_way() -> None:
    timed = ("first", "second", "stop_b", "stop_b", 19.0)
    assert minutes(crossing([timed]), "a", "c") == minutes(crossing(), "a", "c")


def test_who_starts_where_the_lines_meet_waits_as_usual() -> None:
    """A frequent line whose passengers are waited for is no quicker way onto the other one."""
    lines = {"first": {"headway_min": 2.0}, "second": {"headway_min": 60.0}}
    region = crossing([AT_B], lines=lines)
    assert minutes(region, "b", "c") == pytest.approx(DOOR + 20 + BOARDING + RUN + DOOR, abs=1e-3)
    came = DOOR + (1 + BOARDING + RUN) + (3 + BOARDING + RUN) + DOOR
    assert minutes(region, "a", "c") == pytest.approx(came, abs=1e-3)


def test_between_two_stops_the_walk_is_added() -> None:
    usual = USUAL + WALK
    timed = ("first", "third", "stop_b", "stop_near", 4.0)
    assert minutes(crossing(), "a", "f") == pytest.approx(usual, abs=1e-2)
    assert minutes(crossing([timed]), "a", "f") == pytest.approx(usual - WAIT + 4, abs=1e-2)
    slow = minutes(crossing([timed]), "a", "f", walk_speed_kmh=3.0)
    assert slow == pytest.approx(usual - WAIT + 4 + WALK, abs=1e-2)


def test_a_one_way_line_is_timed_only_the_way_it_runs() -> None:
    lines = {"second": {"both_ways": False}}
    region = crossing([AT_B], lines=lines)
    assert minutes(region, "a", "c") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)
    assert np.isinf(minutes(region, "a", "d"))
    turned = crossing([AT_B], lines={"first": {"both_ways": False}})
    assert minutes(turned, "a", "c") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)
    assert np.isinf(minutes(turned, "e", "c"))


@pytest.mark.parametrize(
    ("headways", "wanted"),
    [
        ({"first": 30.0, "second": 40.0}, DOOR + (15 + 2 + 10) + (3 + 2 + 10) + DOOR),
        ({"first": 30.0}, np.inf),
        ({"second": 30.0}, np.inf),
    ],
)
def test_off_peak_it_holds_where_both_lines_run(
    headways: Mapping[str, float], wanted: float
) -> None:
    lines = {line: {"headway_off_peak_min": minutes} for line, minutes in headways.items()}
    got = minutes(crossing([AT_B], lines=lines), "a", "c", "transit_off_peak")
    assert got == pytest.approx(wanted, abs=1e-3)


def test_the_leg_to_the_connection_takes_its_own_minutes_off_peak() -> None:
    lines = {line: {"headway_off_peak_min": 20.0} for line in ("first", "second")}
    region = crossing([AT_B], lines=lines)
    calls = region["line_stops"].copy()
    calls.loc[("first", 1), "run_off_peak_min"] = 4.0
    calls.loc[("first", 2), "run_off_peak_min"] = 6.0
    region = region.with_tables(line_stops=calls)
    for start, run_min in (("a", 4), ("e", 6)):
        got = minutes(region, start, "c", "transit_off_peak")
        assert got == pytest.approx(DOOR + (10 + 2 + run_min) + (3 + 2 + 10) + DOOR, abs=1e-3)
        assert minutes(region, start, "c") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)


@pytest.mark.parametrize("lots", [[("stop_a", "a")], [("stop_b", "b")]])
def test_who_parked_connects_too_if_he_came_on_the_line(lots: list[tuple[str, str]]) -> None:
    region = crossing([AT_B], lots=lots)
    car = 1 + (0 if lots[0][1] == "a" else 10) + 5
    one = car + (WAIT + BOARDING + RUN) + DOOR
    two = car + (WAIT + BOARDING + RUN) + (3 + BOARDING + RUN) + DOOR
    wanted = two if lots[0][1] == "a" else one
    assert minutes(region, "a", "c", "park_ride") == pytest.approx(wanted, abs=1e-3)


def test_the_fare_of_the_line_that_is_boarded_is_paid() -> None:
    # 50 roubles at 600 an hour are 5 minutes
    dear = crossing([AT_B], lines={"second": {"fare_change_rub": 50.0}})
    assert minutes(dear, "a", "c") == pytest.approx(USUAL - WAIT + 3 + 5, abs=1e-3)
    first = crossing([AT_B], lines={"first": {"fare_change_rub": 50.0}})
    assert minutes(first, "a", "c") == pytest.approx(USUAL - WAIT + 3 + 5, abs=1e-3)
    cheap = crossing([AT_B], lines={"second": {"fare_change_rub": -40.0}})
    assert minutes(cheap, "a", "c") == pytest.approx(USUAL - WAIT + 3 - 4, abs=1e-3)


def test_a_fare_that_falls_by_more_than_the_connection_costs_is_refused() -> None:
    edge = crossing([AT_B], lines={"second": {"fare_change_rub": -50.0}})
    assert minutes(edge, "a", "c") == pytest.approx(USUAL - WAIT - BOARDING, abs=1e-3)
    cheap = crossing([AT_B], lines={"second": {"fare_change_rub": -51.0}})
    with pytest.raises(NetworkError, match="fare of line 'second' falls by more than its timed"):
        arcs_of(cheap)


def test_a_known_wait_is_not_spread() -> None:
    """The first line's wait is spread over 20 minutes, the second's is 3 minutes in each draw."""
    network = network_from_regions({"own": crossing([AT_B])}, worlds.parameters())
    start, end = (node_numbers(network.topology, [name]) for name in ("from:a", "to:c"))
    usual = network_from_regions({"own": crossing()}, worlds.parameters())
    got = transit_spread(network.topology, network.arcs["own"], start, end)
    assert got.p90_min[0, 0] <= DOOR + (18 + 2 + 10) + (3 + 2 + 10) + DOOR + 1e-3
    assert got.median_min[0, 0] <= DOOR + (10 + 2 + 10) + (3 + 2 + 10) + DOOR + 1e-3
    ready = DOOR + 2 * (BOARDING + RUN) + DOOR
    assert got.median_min[0, 0] - got.wait_median_min[0, 0] == pytest.approx(ready, abs=1e-3)
    start, end = (node_numbers(usual.topology, [name]) for name in ("from:a", "to:c"))
    before = transit_spread(usual.topology, usual.arcs["own"], start, end)
    assert got.p90_min[0, 0] < before.p90_min[0, 0]
    assert got.median_min[0, 0] < before.median_min[0, 0]


def test_the_columns_of_waits_hold_the_agreed_wait_and_no_phase() -> None:
    lines = {line: {"headway_off_peak_min": 30.0} for line in ("first", "second")}
    arcs = timed_arcs(crossing([AT_B], lines=lines), worlds.parameters())
    boards = arcs[arcs["arc_id"].str.startswith("timed:")]
    assert len(boards) == 4
    assert (boards[["wait_min", "wait_off_peak_min"]] == 3).all(axis=None)
    assert (arcs["phase"] == "").all()
    assert set(boards["link_id"]) == {"second"}
    assert set(arcs.loc[~arcs.index.isin(boards.index), "link_id"]) == {"first"}
    peak_only = timed_arcs(crossing([AT_B]), worlds.parameters())
    assert np.isinf(peak_only.loc[peak_only["link_id"] == "second", "wait_off_peak_min"]).all()


def test_without_connections_there_is_no_arc() -> None:
    assert timed_arcs(crossing(), worlds.parameters()).empty


def test_a_connection_where_a_line_starts_or_ends_for_good_joins_nobody() -> None:
    lines = {"first": {"both_ways": False}, "second": {"both_ways": False}}
    from_start = crossing([("first", "third", "stop_a", "stop_near", 1.0)], lines=lines)
    assert timed_arcs(from_start, worlds.parameters()).empty
    to_end = crossing([("first", "second", "stop_b", "stop_c", 1.0)], lines=lines)
    assert timed_arcs(to_end, worlds.parameters()).empty


@pytest.mark.parametrize(
    ("timed", "message"),
    [
        (("first", "second", "stop_c", "stop_b", 1.0), "names line 'first' at stop 'stop_c'"),
        (("first", "second", "stop_b", "stop_a", 1.0), "names line 'second' at stop 'stop_a'"),
    ],
)
def test_a_connection_at_a_stop_that_a_line_passes_by_is_refused(
    timed: tuple[str, str, str, str, float], message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        arcs_of(crossing([timed]))


def test_several_connections_of_one_stop_stand_beside_each_other() -> None:
    timed = [AT_B, ("first", "third", "stop_b", "stop_near", 4.0), ("second", "first", *AT_B[2:])]
    region = crossing(timed)
    assert minutes(region, "a", "c") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)
    assert minutes(region, "a", "f") == pytest.approx(USUAL + WALK - WAIT + 4, abs=1e-2)
    assert minutes(region, "c", "a") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)
    assert not arcs_of(region).index.duplicated().any()


def test_a_line_that_calls_at_a_stop_twice_connects_at_each_call() -> None:
    region = crossing([AT_B])
    calls = region["line_stops"].reset_index(drop=True)
    again = calls[calls["line_id"] == "first"].tail(1).assign(sequence=3, stop_id="stop_b")
    calls = pd.concat([calls, again], ignore_index=True)
    region = region.with_tables(line_stops=calls)
    assert minutes(region, "e", "c") == pytest.approx(USUAL - WAIT + 3, abs=1e-3)
    assert not arcs_of(region).index.duplicated().any()


def test_the_order_of_rows_does_not_matter() -> None:
    timed = [AT_B, ("first", "third", "stop_b", "stop_near", 4.0)]
    first, second = crossing(timed), crossing(timed[::-1])
    mixed = second.with_tables(
        lines=second["lines"][::-1],
        line_stops=second["line_stops"][::-1],
        transfers=second["transfers"][::-1],
        stops=second["stops"][::-1],
    )
    pd.testing.assert_frame_equal(
        timed_arcs(first, worlds.parameters()), timed_arcs(mixed, worlds.parameters())
    )
