"""Laws of changes of roads and lines: help lengthens no trip, hindrance shortens none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agglo.region import Region
from agglo.scenarios.line_changes import (
    add_line,
    change_fare,
    remove_line,
    set_headway,
    sync_transfer,
)
from agglo.scenarios.line_stop_changes import add_stop, remove_stop, reroute_line, signal_priority
from agglo.scenarios.road_changes import (
    add_link,
    close_link,
    remove_link,
    set_congestion_factor,
    set_toll,
)
from agglo.transport.network import arcs_from_region, network_from_regions
from agglo.transport.skims import skim
from agglo.transport.spread import transit_spread
from agglo.transport.topology import MODES, node_numbers
from tests import worlds

ROUNDING_MIN = 2e-3
"""Legs are rounded to milliseconds, trips to float32."""

TOWNS = tuple("abcdef")
STOPS = tuple(f"stop_{town}" for town in TOWNS)
LINES = ("red", "blue", "green")
FEW = settings(max_examples=8)


@dataclass(frozen=True)
class Draw:
    """How the lines of one random region run."""

    stops: tuple[tuple[str, ...], ...]
    run_min: tuple[tuple[float, ...], ...]
    headway_min: tuple[float, ...]
    off_peak_min: tuple[float, ...]
    both_ways: tuple[bool, ...]
    fare_rub: tuple[float, ...]
    toll_rub: tuple[float, ...]


@cache
def towns() -> Region:
    """Six towns on a ring road 10 km apart, three lines, a car park at the first stop."""
    places = {
        town: worlds.Place(x_km=10 * (i % 3), y_km=0.4 * (i // 3)) for i, town in enumerate(TOWNS)
    }
    ring = zip(TOWNS, (*TOWNS[1:], TOWNS[0]), strict=True)
    roads = {f"r{i}": (a, b, 25.0, 60.0) for i, (a, b) in enumerate(ring)}
    lines = {line: worlds.Line(places=TOWNS, run_min=(9,) * 5) for line in LINES}
    tables = worlds.tables_of(places, roads, lines)
    tables["interchanges"] = pd.DataFrame(
        [
            {
                "stop_id": stop, "node_id": town, "mode": "park_ride", "length_km": 1.0,
                "speed_kmh": 60.0, "parking_min": 4.0, "status": "assumed",
            }
            for stop, town in (("stop_a", "a"), ("stop_e", "e"))
        ]
    )  # fmt: skip
    return worlds.region_of(tables)


@st.composite
def draws(draw: st.DrawFn) -> Draw:
    """Three lines over two to five of the stops each, in any order."""
    minutes = st.floats(1, 40).map(lambda value: round(value, 2))
    stops = [
        tuple(draw(st.permutations(STOPS))[: draw(st.integers(2, 5))]) for _ in range(len(LINES))
    ]

    def each(values: st.SearchStrategy[float]) -> tuple[float, ...]:
        return tuple(draw(values) for _ in LINES)

    return Draw(
        stops=tuple(stops),
        run_min=tuple(tuple(draw(minutes) for _ in own[1:]) for own in stops),
        headway_min=each(minutes),
        off_peak_min=each(st.one_of(minutes, st.just(np.nan))),
        both_ways=tuple(draw(st.booleans()) for _ in LINES),
        fare_rub=each(st.floats(0, 90)),
        toll_rub=tuple(draw(st.floats(0, 200)) for _ in TOWNS),
    )


def region_of(drawn: Draw) -> Region:
    region = towns()
    lines = region["lines"].loc[list(LINES)].copy()
    for end in ("headway_min", "headway_low_min", "headway_high_min"):
        lines[end] = drawn.headway_min
    lines["headway_off_peak_min"] = drawn.off_peak_min
    lines["both_ways"] = drawn.both_ways
    lines["fare_change_rub"] = drawn.fare_rub
    region = region.with_tables(
        lines=lines, links=region["links"].assign(toll_rub=list(drawn.toll_rub))
    )
    for line, stops, run_min in zip(LINES, drawn.stops, drawn.run_min, strict=True):
        region = reroute_line(region, line=line, stops=stops, run_min=run_min)
    return region


def assert_no_trip_is_longer(*regions: Region) -> None:
    """Compare each region with the one before: by every mode, and over the draws of waits."""
    named = {str(number): region for number, region in enumerate(regions)}
    network = network_from_regions(named, worlds.parameters())
    starts, ends = ([f"{face}:{town}" for town in TOWNS] for face in ("from", "to"))
    numbers = [node_numbers(network.topology, names) for names in (starts, ends)]
    found = []
    for name in named:
        arcs = network.arcs[name]
        own = {
            mode: skim(network.topology, arcs[f"{mode}_min"].to_numpy(dtype=float), starts, ends)
            for mode in MODES
        }
        spread = transit_spread(network.topology, arcs, *numbers, draws=3)
        found.append({**own, "median": spread.median_min, "p90": spread.p90_min})
    for then, now in pairwise(found):
        for mode, minutes in then.items():
            assert (now[mode] <= minutes + ROUNDING_MIN).all(), mode


@FEW
@given(drawn=draws(), data=st.data())
def test_a_new_link_lengthens_no_trip(drawn: Draw, data: st.DataObject) -> None:
    region = region_of(drawn)
    start, end = data.draw(st.permutations(TOWNS))[:2]
    speed_kmh = data.draw(st.floats(5, 150))
    added = add_link(region, link="new", from_id=start, to_id=end, speed_kmh=speed_kmh)
    assert_no_trip_is_longer(remove_link(added, link="new"), region, added)


@FEW
@given(drawn=draws(), line=st.sampled_from(LINES), share=st.floats(0.05, 1))
def test_a_shorter_headway_lengthens_no_trip(drawn: Draw, line: str, share: float) -> None:
    region = region_of(drawn)
    headways = region["lines"].loc[line, ["headway_min", "headway_off_peak_min"]] * share
    off_peak = None if np.isnan(headways.iloc[1]) else float(headways.iloc[1])
    shorter = set_headway(
        region, line=line, headway_min=float(headways.iloc[0]), headway_off_peak_min=off_peak
    )
    assert_no_trip_is_longer(region, shorter)


@FEW
@given(drawn=draws(), data=st.data(), wait_share=st.floats(0, 0.99))
def test_a_timed_connection_lengthens_no_trip(
    drawn: Draw, data: st.DataObject, wait_share: float
) -> None:
    region = region_of(drawn)
    first, second = data.draw(st.permutations(LINES))[:2]
    called = [drawn.stops[LINES.index(line)] for line in (first, second)]
    pairs = [(a, b) for a in called[0][1:] for b in called[1][:-1] if _near(a, b)]
    assume(pairs)
    stop, to_stop = data.draw(st.sampled_from(pairs))
    wait_min = wait_share * region["lines"]["headway_min"][second]
    timed = sync_transfer(
        region, from_line=first, to_line=second, stop=stop, to_stop=to_stop, wait_min=wait_min
    )
    sooner = sync_transfer(
        region, from_line=first, to_line=second, stop=stop, to_stop=to_stop, wait_min=wait_min / 2
    )
    assert_no_trip_is_longer(region, timed, sooner)


def _near(first: str, second: str) -> bool:
    return STOPS.index(first) % 3 == STOPS.index(second) % 3


@FEW
@given(drawn=draws(), line=st.sampled_from(LINES), share=st.floats(0.01, 0.5))
def test_signals_that_give_way_lengthen_no_trip_and_save_what_they_should(
    drawn: Draw, line: str, share: float
) -> None:
    region = region_of(drawn)
    total_min = sum(drawn.run_min[LINES.index(line)])
    quick = signal_priority(region, line=line, signals_count=3, saved_s=total_min * share * 20)
    assert_no_trip_is_longer(region, quick)
    legs = quick["line_stops"].loc[line, "run_min"]
    np.testing.assert_allclose(legs.sum(), total_min * (1 - share), rtol=1e-12)


@FEW
@given(drawn=draws(), line=st.sampled_from(LINES), by_rub=st.floats(0.01, 500))
def test_a_dearer_line_shortens_no_trip_and_a_cheaper_one_lengthens_none(
    drawn: Draw, line: str, by_rub: float
) -> None:
    region = region_of(drawn)
    dear = change_fare(region, line=line, by_rub=by_rub)
    back = change_fare(dear, line=line, by_rub=-by_rub)
    least = change_fare(region, line=line, by_rub=-20 - drawn.fare_rub[LINES.index(line)])
    assert_no_trip_is_longer(dear, region, back, least)


@FEW
@given(
    drawn=draws(),
    link=st.sampled_from([f"r{i}" for i in range(6)]),
    more_rub=st.floats(0.01, 500),
    factor=st.floats(1, 10),
)
def test_a_closed_dear_or_slow_road_shortens_no_trip(
    drawn: Draw, link: str, more_rub: float, factor: float
) -> None:
    region = region_of(drawn)
    toll_rub = drawn.toll_rub[int(link[1])]
    dear = set_toll(region, link=link, toll_rub=toll_rub + more_rub)
    slow = set_congestion_factor(dear, link=link, factor=factor)
    closed = close_link(slow, link=link)
    assert_no_trip_is_longer(closed, remove_link(region, link=link), closed, slow, dear, region)


@FEW
@given(drawn=draws(), other=draws())
def test_a_line_that_is_added_and_removed_leaves_the_same_arcs(drawn: Draw, other: Draw) -> None:
    region = region_of(drawn)
    added = add_line(
        region,
        line="new",
        mode="bus",
        stops=other.stops[0],
        run_min=other.run_min[0],
        headway_min=other.headway_min[0],
    )
    assert_no_trip_is_longer(region, added)
    before, after = (
        arcs_from_region(own, worlds.parameters())
        for own in (region, remove_line(added, line="new"))
    )
    pd.testing.assert_frame_equal(before, after, check_exact=True)


@FEW
@given(drawn=draws(), data=st.data())
def test_a_stop_on_the_way_that_costs_nothing_lengthens_no_trip(
    drawn: Draw, data: st.DataObject
) -> None:
    """And a line that no longer calls at it takes as long as before between all others."""
    region = region_of(drawn)
    number = data.draw(st.integers(0, len(LINES) - 1))
    stops, run_min = drawn.stops[number], drawn.run_min[number]
    at = data.draw(st.integers(0, len(stops) - 2))
    new = next(stop for stop in STOPS if stop not in stops)
    share = data.draw(st.floats(0.1, 0.9))
    more = add_stop(
        region,
        line=LINES[number],
        stop=new,
        after_stop=stops[at],
        run_before_min=run_min[at] * share,
        run_after_min=run_min[at] * (1 - share),
    )
    passed = remove_stop(more, line=LINES[number], stop=new)
    assert_no_trip_is_longer(region, passed, region, more)
