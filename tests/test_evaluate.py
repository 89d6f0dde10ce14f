"""Evaluation under other assumptions against running everything anew with these values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.draws import CENTRAL, Variant, assumption_ends, drawn_variants, varied_jobs
from agglo.evaluate import Evaluator, evaluator
from agglo.parameters import Assumption
from agglo.region import Region
from agglo.workspace import Workspace
from tests import worlds

INDICATORS = (
    "jobs_by_decay", "jobs_within_30_min_car", "jobs_within_45_min_transit", "jobs_per_worker",
    "minutes_per_worker_day", "extra_person_min", "unserved_count", "relative_efficiency_car",
    "relative_efficiency_transit", "worst_link_loss_share", "local_match_share", "jobs_primacy",
)  # fmt: skip

FASTER = '[[change]]\ndo = "set_speed"\nlink = ["bridge"]\nspeed_kmh = 90\n'
OFTEN = '[[change]]\ndo = "set_headway"\nline = "ferry"\nheadway_min = 10\n'
TOLL = '[[change]]\ndo = "set_toll"\nlink = ["bridge"]\ntoll_rub = 30\n'
JOBS = '[[change]]\ndo = "add_jobs"\nzone = "east"\njobs_count = 20\n'
SHOCK = '[[change]]\ndo = "close_link"\nlink = ["bridge"]\n'


def world(folder: Path) -> Workspace:
    workspace = worlds.workspace_of(worlds.two_banks(), folder, spread=0.3)
    for name, changes in (("faster", FASTER), ("often", OFTEN), ("toll", TOLL), ("jobs", JOBS)):
        worlds.write_scenario(folder, name, changes)
    worlds.write_scenario(folder, "shock", SHOCK, top='horizon = "day"')
    return workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return world(tmp_path_factory.mktemp("evaluate"))


@pytest.fixture(scope="module")
def own(workspace: Workspace) -> Evaluator:
    return evaluator(workspace, indicators=INDICATORS)


def anew(workspace: Workspace, values: Mapping[str, float]) -> pd.DataFrame:
    """Run everything with other values of assumptions, nothing kept."""
    assumptions: dict[str, Assumption] = {
        name: replace(item, low=-np.inf, high=np.inf, value=values.get(name, item.value))
        for name, item in workspace.assumptions.items()
    }
    other = replace(workspace, assumptions=assumptions)
    return evaluator(other, indicators=INDICATORS).values(Variant())


def test_the_central_run_is_the_run_itself(workspace: Workspace, own: Evaluator) -> None:
    pd.testing.assert_frame_equal(own.values(Variant()), anew(workspace, {}))


ENDS = [
    one for one in assumption_ends(
        {name: Assumption(name=name, value=1, low=0.5, high=2, status="assumed", source="test")
         for name in worlds.parameters().__dataclass_fields__}
    ) if next(iter(one.parts)) in worlds.parameters().__dataclass_fields__
]  # fmt: skip


@pytest.mark.parametrize("variant", ENDS, ids=lambda one: one.name)
def test_an_end_is_what_running_with_that_value_gives(
    workspace: Workspace, own: Evaluator, variant: Variant
) -> None:
    name, part = next(iter(variant.parts.items()))
    item = workspace.assumptions[name]
    found = own.values(variant)
    wanted = anew(workspace, {name: item.high if part else item.low})
    # minutes are rounded to whole milliseconds before and after what is added
    pd.testing.assert_frame_equal(found, wanted, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("part", [0.0, 1.0])
def test_headways_at_an_end_are_those_of_another_layer(
    workspace: Workspace, own: Evaluator, part: float
) -> None:
    lines = workspace.region["lines"]
    headway = lines["headway_high_min" if part else "headway_low_min"]
    region: Region = workspace.region.with_tables(lines=lines.assign(headway_min=headway))
    wanted = anew(replace(workspace, region=region), {})
    found = own.values(Variant(parts={"headways": part}))
    pd.testing.assert_frame_equal(found, wanted, rtol=2e-5, atol=1e-4)


def test_a_scenario_adds_to_jobs_that_vary(workspace: Workspace, own: Evaluator) -> None:
    variant = Variant(parts={"core_jobs": 1.0})
    zones = workspace.region["zones"]
    jobs = varied_jobs(zones, variant)
    ends = {f"jobs{end}_count": jobs for end in ("_low", "", "_high")}
    region = workspace.region.with_tables(zones=zones.assign(**ends))
    wanted = anew(replace(workspace, region=region), {})
    pd.testing.assert_frame_equal(own.values(variant), wanted, rtol=2e-5, atol=1e-4)


def test_the_order_of_variants_does_not_matter(workspace: Workspace) -> None:
    draws = drawn_variants(workspace.assumptions, seed=2, numbers=[CENTRAL, 0, 1, 2])
    first = evaluator(workspace, indicators=INDICATORS)
    second = evaluator(workspace, indicators=INDICATORS)
    there = [first.values(one) for one in draws]
    back = [second.values(one) for one in reversed(draws)][::-1]
    for one, other in zip(there, back, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_scenario_alone_has_the_values_it_has_among_others(
    workspace: Workspace, own: Evaluator
) -> None:
    draws = drawn_variants(workspace.assumptions, seed=2, numbers=[0, 3])
    alone = evaluator(workspace, ["often"], indicators=INDICATORS)
    for one in draws:
        both = own.values(one).loc[["baseline", "often"]]
        pd.testing.assert_frame_equal(alone.values(one), both, check_exact=True)


def test_roads_that_take_longer_lengthen_every_way_by_car(own: Evaluator) -> None:
    slow, fast = (own.values(Variant(parts={"road_minutes": part})) for part in (1.0, 0.0))
    assert (slow["relative_efficiency_car"] < fast["relative_efficiency_car"]).all()
    assert (slow["minutes_per_worker_day"] > fast["minutes_per_worker_day"]).all()
