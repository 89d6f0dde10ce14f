"""The page of findings against a run of the built-in region, and what its guard is for."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd
import pytest

from agglo.comparison import compare
from agglo.run import Result
from agglo.workspace import Workspace
from tests.conftest import REPOSITORY

GOALS = (
    "labour_mobility", "infrastructure_connectivity", "multi_focus", "municipal_budgets",
    "environment",
)  # fmt: skip


@pytest.fixture(scope="module")
def scores(results: Mapping[str, Result]) -> pd.DataFrame:
    """Central scores, scenario × goal."""
    return pd.DataFrame(
        {name: one.scores.set_index("goal")["score"] for name, one in results.items()}
    ).T


@pytest.fixture(scope="module")
def ranking(workspace: Workspace, results: Mapping[str, Result]) -> pd.DataFrame:
    return compare(workspace, list(results.values())).ranking


def written_scores() -> pd.DataFrame:
    """Read the table of the page; what stands before a bracket is the score."""
    text = (REPOSITORY / "docs" / "findings.md").read_text(encoding="utf-8")
    rows = {}
    for line in text.splitlines():
        found = re.match(r"\| [BS–][\d]* \| `([a-z0-9-]+)` \| (.*) \|$", line)
        if found:
            cells = found[2].split(" | ")
            rows[found[1]] = [float(cell.split(" ")[0]) for cell in cells]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(GOALS))


def test_the_page_states_the_scores_of_a_run(scores: pd.DataFrame) -> None:
    written = written_scores()
    assert set(written.index) == set(scores.index)
    pd.testing.assert_frame_equal(
        written, scores.loc[written.index, list(GOALS)].round(1), check_names=False, atol=0.051
    )


def test_access_alone_rewards_the_big_centre_and_the_guard_turns_it_round(
    ranking: pd.DataFrame,
) -> None:
    def rank(scenario: str, weights: str) -> float:
        row = ranking[(ranking["scenario"] == scenario) & (ranking["weights"] == weights)]
        return float(row["mean_rank"].iloc[0])

    assert rank("monocentric-growth", "access_only") < rank("polycentric-housing", "access_only")
    assert rank("monocentric-growth", "equal") > rank("polycentric-housing", "equal")


def test_shocks_have_no_rank_and_the_contrast_is_shown(ranking: pd.DataFrame) -> None:
    assert not {"m3-closed", "rail-stop-closed"} & set(ranking["scenario"])
    assert "monocentric-growth" in set(ranking["scenario"])


def test_the_effect_of_the_package_is_that_of_its_measures_and_their_synergy(
    workspace: Workspace, results: Mapping[str, Result], scores: pd.DataFrame
) -> None:
    parts = compare(workspace, list(results.values())).attribution
    for goal in GOALS:
        own = parts[parts["target"] == goal].set_index("measure")
        total = scores.loc["combined-package", goal] - 50
        assert own["shapley"].drop("").sum() == pytest.approx(total, abs=1e-9)
        alone = own["alone"].drop("")
        assert own.loc["", "interaction"] == pytest.approx(total - alone.sum(), abs=1e-9)
        for measure, effect in alone.items():
            assert effect == pytest.approx(scores.loc[measure, goal] - 50, abs=1e-9)
