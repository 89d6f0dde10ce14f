"""Other assumptions: at the ends of their ranges, and drawn all at once."""

from __future__ import annotations

import numpy as np
import pytest

from agglo.draws import (
    CENTRAL,
    GROUPS,
    Variant,
    assumption_ends,
    drawn_values,
    drawn_variants,
    road_factor,
    varied_jobs,
    varied_lines,
    varied_parameters,
)
from agglo.errors import ScenarioError, SettingsError
from agglo.parameters import Assumption
from tests import worlds


def assumption(name: str, low: float, value: float, high: float) -> Assumption:
    return Assumption(name=name, low=low, value=value, high=high, status="assumed", source="test")


RANGED = {
    "boarding_min": assumption("boarding_min", 1, 2, 4),
    "wait_share": assumption("wait_share", 0.5, 0.5, 0.5),
    "decay_per_min": assumption("decay_per_min", 0.05, 0.1, 0.1),
}


@pytest.mark.parametrize(("part", "minutes"), [(0.0, 10), (1.0, 40)])
def test_headways_go_to_the_end_of_their_own_range(part: float, minutes: float) -> None:
    lines = worlds.two_banks()["lines"]
    varied = varied_lines(lines, Variant(parts={"headways": part}))
    assert varied["headway_min"].tolist() == [minutes]
    assert lines["headway_min"].tolist() == [20]
    assert varied_lines(lines, Variant()) is lines


@pytest.mark.parametrize(("part", "outside"), [(0.0, 27), (1.0, 33)])
def test_what_the_outside_pulls_is_taken_from_or_given_to_the_inside(
    part: float, outside: float
) -> None:
    """130 of 160 jobs are inside, 80 of them in the west."""
    zones = worlds.two_banks()["zones"]
    jobs = varied_jobs(zones, Variant(parts={"outside_jobs": part}))
    assert jobs["away"] == pytest.approx(outside)
    assert jobs.sum() == pytest.approx(zones["jobs_count"].sum())
    assert jobs["west"] == pytest.approx((160 - outside) * 80 / 130)


@pytest.mark.parametrize(("part", "core"), [(0.0, 72), (1.0, 88)])
def test_jobs_of_the_core_come_from_the_other_zones_inside(part: float, core: float) -> None:
    jobs = varied_jobs(worlds.two_banks()["zones"], Variant(parts={"core_jobs": part}))
    assert jobs.to_dict() == pytest.approx({"away": 30, "east": 130 - core, "west": core})


def test_more_jobs_than_the_others_have_are_refused() -> None:
    zones = worlds.two_banks()["zones"].assign(jobs_high_count=1000.0)
    with pytest.raises(ScenarioError, match=r"'core_jobs' asks for more jobs.*narrow"):
        varied_jobs(zones, Variant(parts={"core_jobs": 1.0}))


def test_an_end_that_is_the_value_itself_is_no_run() -> None:
    names = [one.name for one in assumption_ends(RANGED)]
    assert names[:3] == ["boarding_min = 1", "boarding_min = 4", "decay_per_min = 0.05"]
    assert names[3:] == [f"{group} {end}" for group in GROUPS for end in ("low", "high")]


def test_an_end_moves_its_own_assumption_alone() -> None:
    first = assumption_ends(RANGED)[0]
    varied = varied_parameters(worlds.parameters(), RANGED, first)
    assert varied == worlds.parameters(boarding_min=1.0)
    last = assumption_ends(RANGED)[-1]
    assert varied_parameters(worlds.parameters(), RANGED, last) == worlds.parameters()


def test_a_draw_does_not_depend_on_how_many_are_drawn() -> None:
    alone = drawn_variants(RANGED, seed=3, numbers=[5])
    many = drawn_variants(RANGED, seed=3, numbers=range(40))
    assert alone[0] == many[5]
    assert many[5] != many[6]
    assert alone != drawn_variants(RANGED, seed=4, numbers=[5])


def test_what_is_drawn_is_drawn_as_if_all_were() -> None:
    some = drawn_variants(RANGED, seed=3, numbers=[7], vary=["boarding_min"])[0]
    whole = drawn_variants(RANGED, seed=3, numbers=[7])[0]
    assert dict(some.parts) == {"boarding_min": whole.parts["boarding_min"]}


def test_the_central_run_varies_nothing() -> None:
    central = drawn_variants(RANGED, seed=1, numbers=[CENTRAL])[0]
    assert not central.parts
    assert drawn_values(RANGED, [central])["boarding_min"].tolist() == [2]


def test_draws_fill_the_range_with_most_of_them_near_the_value() -> None:
    values = drawn_values(RANGED, drawn_variants(RANGED, seed=1, numbers=range(256)))
    drawn = values["boarding_min"]
    assert drawn.between(1, 4).all()
    # mean of a triangle on 1, 2, 4, and its share below 2
    assert drawn.mean() == pytest.approx(7 / 3, abs=0.01)
    assert (drawn < 2).mean() == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize(("part", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_roads_take_longer_or_shorter_within_the_share(part: float, factor: float) -> None:
    variant = Variant(parts={"road_minutes": part})
    assert road_factor(variant, minutes_share=0.2) == pytest.approx(factor)
    assert road_factor(Variant(), minutes_share=0.2) == 1


def test_an_unknown_name_and_a_wrong_number_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"'decay' does not vary; there are boarding_min"):
        drawn_variants(RANGED, seed=1, numbers=[0], vary=["decay"])
    with pytest.raises(SettingsError, match="numbered from 0"):
        drawn_variants(RANGED, seed=1, numbers=[-2])


def test_draws_are_spread_evenly_over_every_assumption() -> None:
    """Of 64 points of a scrambled sequence each 64th part of the range holds one."""
    parts = [one.parts["headways"] for one in drawn_variants(RANGED, seed=9, numbers=range(64))]
    assert sorted(np.floor(np.array(parts) * 64).astype(int)) == list(range(64))
