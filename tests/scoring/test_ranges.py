"""Every assumption in turn at the ends of its range."""

from __future__ import annotations

import pandas as pd
import pytest

from agglo.parameters import Assumption
from agglo.scoring.ranges import (
    assumption_ends,
    with_core_jobs,
    with_headways,
    with_outside_jobs,
)
from tests import worlds


def assumption(name: str, low: float, value: float, high: float) -> Assumption:
    return Assumption(name=name, low=low, value=value, high=high, status="assumed", source="test")


@pytest.mark.parametrize(("end", "minutes"), [("low", 10), ("high", 40)])
def test_headways_go_to_the_end_of_their_own_range(end: str, minutes: float) -> None:
    region = worlds.two_banks()
    assert with_headways(region, end=end)["lines"]["headway_min"].tolist() == [minutes]
    assert region["lines"]["headway_min"].tolist() == [20]


@pytest.mark.parametrize(("end", "outside"), [("low", 27), ("high", 33)])
def test_what_the_outside_pulls_is_taken_from_or_given_to_the_inside(
    end: str, outside: float
) -> None:
    """130 of 160 jobs are inside, 80 of them in the west."""
    zones = with_outside_jobs(worlds.two_banks(), end=end)["zones"]
    assert zones.loc["away", "jobs_count"] == pytest.approx(outside)
    assert zones["jobs_count"].sum() == pytest.approx(zones["workers_count"].sum())
    assert zones.loc["west", "jobs_count"] == pytest.approx((160 - outside) * 80 / 130)


@pytest.mark.parametrize(("end", "core"), [("low", 72), ("high", 88)])
def test_jobs_of_the_core_come_from_the_other_zones_inside(end: str, core: float) -> None:
    zones = with_core_jobs(worlds.two_banks(), end=end)["zones"]
    assert zones["jobs_count"].to_dict() == pytest.approx(
        {"away": 30, "east": 130 - core, "west": core}
    )


def test_an_assumption_without_a_range_is_not_varied() -> None:
    ends = assumption_ends(
        {
            "boarding_min": assumption("boarding_min", 1, 2, 4),
            "wait_share": assumption("wait_share", 0.5, 0.5, 0.5),
        }
    )
    names = [one.name for one in ends]
    assert names[:2] == ["boarding_min = 1", "boarding_min = 4"]
    assert len(names) == 2 + 6
    assert len(set(names)) == len(names)


def test_a_varied_parameter_leaves_the_region_and_the_other_way_round() -> None:
    region, parameters = worlds.two_banks(), worlds.parameters()
    ends = assumption_ends({"boarding_min": assumption("boarding_min", 1, 2, 4)})
    first, last = ends[0], ends[-1]
    assert first.parameters(parameters).boarding_min == 1
    assert first.region(region) is region
    assert last.parameters(parameters) is parameters
    assert not last.region(region)["zones"].equals(pd.DataFrame(region["zones"]))
