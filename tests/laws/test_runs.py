"""Laws of a whole run: nothing but the inputs matters, and nothing is changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.errors import CompareError, ScenarioError
from agglo.indicators.registry import measure
from agglo.region import Region
from agglo.run import Result, check_comparable, run
from agglo.scenarios.changes import add_link, set_speed
from agglo.workspace import Workspace
from tests import worlds
from tests.cases import case_of

PLANS = {
    "bridge": '[[change]]\ndo = "set_speed"\nlink = "c00_c10"\nspeed_kmh = 100\n',
    "shock": '[[change]]\ndo = "close_link"\nlink = ["c00_c10", "c00_c01"]\n',
    "homes": '[[change]]\ndo = "shift_population"\nfrom_zone = {c00 = 50}\nto_zone = {c22 = 50}\n',
    "buses": '[[change]]\ndo = "set_headway"\nline = "bus"\nheadway_min = 6\n',
}


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Make a workspace of the grid with four plans; ranges reach a fifth either way."""
    folder = tmp_path_factory.mktemp("grid")
    own = worlds.workspace_of(worlds.grid(), folder)
    for name, text in PLANS.items():
        worlds.write_scenario(folder, name, text, top='horizon = "day"' if name == "shock" else "")
    return own


@pytest.fixture(scope="module")
def all_results(grid: Workspace) -> dict[str, Result]:
    """Run all plans once."""
    return {result.scenario.name: result for result in run(grid)}


def tables_of(result: Result) -> Iterator[pd.DataFrame]:
    yield from (result.indicators, result.receipts, result.scores, result.case.flows)


def assert_same(first: Result, second: Result) -> None:
    for one, other in zip(tables_of(first), tables_of(second), strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PLANS)
def test_a_scenario_alone_comes_out_as_among_others(
    grid: Workspace, all_results: dict[str, Result], name: str
) -> None:
    baseline, own = run(grid, [name])
    assert_same(own, all_results[name])
    assert_same(baseline, all_results["baseline"])


def test_the_order_of_scenarios_does_not_matter(
    grid: Workspace, all_results: dict[str, Result]
) -> None:
    names = [*PLANS][::-1]
    turned = run(grid, names)
    assert [result.scenario.name for result in turned] == ["baseline", *names]
    for result in turned:
        assert_same(result, all_results[result.scenario.name])


def test_running_twice_gives_the_same_to_the_last_bit(
    grid: Workspace, all_results: dict[str, Result]
) -> None:
    for result in run(grid):
        for one, other in zip(
            tables_of(result), tables_of(all_results[result.scenario.name]), strict=True
        ):
            pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_run_leaves_the_region_as_it_was(grid: Workspace) -> None:
    before = {name: frame.copy(deep=True) for name, frame in grid.region.tables.items()}
    run(grid)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(grid.region[name]), pd.DataFrame(frame))


def test_a_scenario_is_named_once(grid: Workspace) -> None:
    with pytest.raises(ScenarioError, match="'homes' is named more than once"):
        run(grid, ["homes", "homes"])


def test_progress_counts_up_to_the_end(grid: Workspace) -> None:
    seen: list[tuple[str, int, int]] = []
    run(grid, ["baseline"], progress=lambda *step: seen.append(step))
    done = [number for _, number, _ in seen]
    assert done == sorted(done)
    assert len({total for *_, total in seen}) == 1
    assert all(0 <= number <= total for _, number, total in seen)


def test_results_of_one_workspace_compare_and_of_two_do_not(
    all_results: dict[str, Result], tmp_path: Path
) -> None:
    check_comparable(list(all_results.values()))
    other = run(worlds.workspace_of(worlds.grid(), tmp_path, spread=0.1), ["baseline"])
    with pytest.raises(CompareError, match="results stand on different inputs"):
        check_comparable([*all_results.values(), *other])


@pytest.mark.parametrize("name", ["bridge", "homes", "buses"])
def test_over_a_year_flows_keep_workers_and_jobs(all_results: dict[str, Result], name: str) -> None:
    case = all_results[name].case
    zones = case.region["zones"].loc[case.inside]
    flows = case.flows
    pd.testing.assert_series_equal(
        flows.loc[case.inside].sum(axis=1), zones["workers_count"], check_names=False, rtol=1e-7
    )
    pd.testing.assert_series_equal(
        flows[case.inside].sum(), zones["jobs_count"], check_names=False, rtol=1e-7
    )


def test_over_a_day_nobody_changes_home_or_job(all_results: dict[str, Result]) -> None:
    shock = all_results["shock"].case
    pd.testing.assert_frame_equal(shock.flows, all_results["baseline"].case.flows)
    assert not all_results["homes"].case.flows.equals(shock.flows)


def test_a_range_holds_its_score_and_the_baseline_has_none(tmp_path: Path) -> None:
    own = worlds.workspace_of(worlds.two_banks(), tmp_path, spread=0.2)
    worlds.write_scenario(tmp_path, "shut", '[[change]]\ndo = "close_link"\nlink = "bridge"\n')
    baseline, shut = run(own)
    assert (baseline.scores[["score", "low", "high"]] == 50).all(axis=None)
    scores = shut.scores.set_index("goal")
    assert (scores["low"] <= scores["score"]).all()
    assert (scores["score"] <= scores["high"]).all()
    assert scores.loc["labour_mobility", "score"] < 50
    assert scores.loc["labour_mobility", "low"] < scores.loc["labour_mobility", "high"]


WORLDS = {
    "banks": worlds.two_banks_tables(),
    "line": dict(worlds.line_of_towns().tables),
    "island": dict(worlds.island().tables),
}


@settings(max_examples=12)
@given(name=st.sampled_from(sorted(WORLDS)), seed=st.integers(0, 10_000))
def test_the_order_of_rows_in_every_table_does_not_matter(name: str, seed: int) -> None:
    first = worlds.region_of(WORLDS[name])
    second = worlds.region_of(worlds.shuffled(WORLDS[name], seed))
    one, other = (measure(case_of(region), is_baseline=True) for region in (first, second))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


GRID = worlds.grid()
LINKS = sorted(GRID["links"].index)
NODES = sorted(GRID["nodes"].index)


def minutes(region: Region) -> pd.DataFrame:
    return case_of(region).travel.cost_min


GRID_COST = minutes(GRID)


@settings(max_examples=15)
@given(link=st.sampled_from(LINKS), speed=st.floats(60, 200))
def test_a_faster_road_never_makes_anything_dearer(link: str, speed: float) -> None:
    faster = minutes(set_speed(GRID, link=[link], speed_kmh=speed))
    assert (faster <= GRID_COST + 1e-9).all(axis=None)


@settings(max_examples=15)
@given(ends=st.permutations(NODES), speed=st.floats(5, 200))
def test_a_new_road_never_makes_anything_dearer(ends: list[str], speed: float) -> None:
    region = add_link(GRID, link="new", from_id=ends[0], to_id=ends[1], speed_kmh=speed)
    assert (minutes(region) <= GRID_COST + 1e-9).all(axis=None)


@settings(max_examples=15)
@given(link=st.sampled_from(LINKS))
def test_a_closed_road_never_makes_anything_cheaper(link: str) -> None:
    shock = worlds.scenario(worlds.change("close_link", link=[link]), name="s", horizon="day")
    closed = case_of(GRID, shock).travel.cost_min
    assert (closed >= GRID_COST - 1e-9).all(axis=None)
