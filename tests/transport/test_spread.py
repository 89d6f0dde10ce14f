"""The spread of waits, by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from agglo.region import Region
from agglo.transport.network import network_from_regions
from agglo.transport.spread import Spread, transit_spread
from agglo.transport.topology import node_numbers
from tests import worlds

WALKS, BOARDING, RUN = 10.0, 2.0, 15.0


def spread(
    region: Region,
    *,
    window: str = "peak",
    ends: tuple[str, str] = ("west", "east"),
    **changed: float,
) -> Spread:
    network = network_from_regions({"own": region}, worlds.parameters(**changed))
    start, end = (
        node_numbers(network.topology, [name]) for name in (f"from:{ends[0]}", f"to:{ends[1]}")
    )
    return transit_spread(network.topology, network.arcs["own"], start, end, window=window)


def with_lines(**columns: object) -> Region:
    tables = worlds.two_banks_tables()
    tables["lines"] = tables["lines"].assign(**columns)
    return worlds.region_of(tables)


def test_of_one_line_the_wait_is_spread_evenly_over_its_headway() -> None:
    got = spread(worlds.two_banks())
    assert got.wait_median_min[0, 0] == pytest.approx(0.5 * 20, abs=1e-3)
    assert got.wait_p90_min[0, 0] == pytest.approx(0.9 * 20, abs=1e-3)
    assert got.median_min[0, 0] == pytest.approx(WALKS + BOARDING + RUN + 10, abs=1e-3)
    assert got.p90_min[0, 0] == pytest.approx(WALKS + BOARDING + RUN + 18, abs=1e-3)


def test_off_peak_has_its_own_headway() -> None:
    region = with_lines(headway_off_peak_min=30.0)
    got = spread(region, window="off_peak")
    assert got.wait_median_min[0, 0] == pytest.approx(15, abs=1e-3)
    assert spread(region).wait_median_min[0, 0] == pytest.approx(10, abs=1e-3)


def test_a_line_that_does_not_run_off_peak_leaves_no_way() -> None:
    got = spread(worlds.two_banks(), window="off_peak")
    assert np.isinf(got.median_min[0, 0])
    assert np.isinf(got.wait_p90_min[0, 0])


def test_with_a_long_headway_people_come_by_the_timetable() -> None:
    hourly = {f"headway_{end}min": 240.0 for end in ("", "low_", "high_")}
    got = spread(with_lines(**hourly), wait_cap_min=20.0)
    assert got.wait_p90_min[0, 0] == pytest.approx(0.9 * 2 * 20, abs=1e-3)


def test_two_lines_to_one_place_halve_the_wait_or_better_and_never_worsen_it() -> None:
    places = {"west": worlds.Place(x_km=0), "east": worlds.Place(x_km=10)}
    roads = {"r": ("west", "east", 10.0, 60.0)}
    lines = {
        name: worlds.Line(places=("west", "east"), run_min=(15,), headway_min=20)
        for name in ("one", "two", "three")
    }
    waits = []
    for count in (1, 2, 3):
        own = dict(list(lines.items())[:count])
        waits.append(spread(worlds.region_of(worlds.tables_of(places, roads, own))))
    for fewer, more in pairwise(waits):
        assert more.wait_median_min[0, 0] <= fewer.wait_median_min[0, 0]
        assert more.wait_p90_min[0, 0] <= fewer.wait_p90_min[0, 0]
    assert waits[2].wait_p90_min[0, 0] < 0.8 * waits[0].wait_p90_min[0, 0]


def test_two_boardings_wait_longer_than_one_but_less_than_twice_the_p90() -> None:
    places = {name: worlds.Place(x_km=10 * i) for i, name in enumerate(("west", "mid", "east"))}
    roads = {"r": ("west", "mid", 10.0, 60.0), "s": ("mid", "east", 10.0, 60.0)}
    lines = {
        "one": worlds.Line(places=("west", "mid"), run_min=(10,), headway_min=20),
        "two": worlds.Line(places=("mid", "east"), run_min=(10,), headway_min=20),
    }
    got = spread(worlds.region_of(worlds.tables_of(places, roads, lines)))
    assert 15 < got.wait_median_min[0, 0] < 25
    assert 18 < got.wait_p90_min[0, 0] < 36


def test_the_draws_do_not_depend_on_other_lines_or_on_the_order_of_rows() -> None:
    tables = worlds.two_banks_tables()
    turned = worlds.region_of(worlds.shuffled(tables, 5))
    first, second = spread(worlds.region_of(tables)), spread(turned)
    pd.testing.assert_frame_equal(
        pd.DataFrame(first.p90_min), pd.DataFrame(second.p90_min), check_exact=True
    )
