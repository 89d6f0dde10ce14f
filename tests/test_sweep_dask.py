"""Sweeps on a Dask cluster of two worker processes: the same bytes, the same refusals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agglo.errors import CompareError, ScenarioError, SettingsError
from agglo.sweeps import workers
from agglo.sweeps.sweep import sweep
from tests import sweep_worlds as stand_in

pytest.importorskip("pyarrow")
distributed = pytest.importorskip("distributed")

DRAWS = 25
SETS = ("telework_share=0.05,0.2", "growth:1.jobs_count=20,40")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a scheduler and two worker processes that only this machine can reach."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs="CRITICAL",
    ) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a workspace with two plans."""
    return stand_in.written(tmp_path / "workspace")


def test_a_cluster_gives_the_bytes_of_this_process(
    folder: Path, tmp_path: Path, cluster: Any
) -> None:
    recipe = stand_in.recipe_of(folder, sets=SETS)
    here, there = tmp_path / "here", tmp_path / "there"
    sweep(recipe, here, draws_count=DRAWS, workers=1)
    stand_in.evaluated(folder)
    sweep(recipe, there, draws_count=DRAWS, scheduler=cluster.scheduler_address)
    assert stand_in.hashes(here) == stand_in.hashes(there)
    assert stand_in.evaluated(folder) == sorted([*range(-1, DRAWS)] * 2)


def test_a_sweep_begun_here_goes_on_there(folder: Path, tmp_path: Path, cluster: Any) -> None:
    recipe, out = stand_in.recipe_of(folder), tmp_path / "out"
    sweep(recipe, out, draws_count=13, workers=1)
    stand_in.evaluated(folder)
    sweep(recipe, out, draws_count=DRAWS, scheduler=cluster.scheduler_address)
    assert stand_in.evaluated(folder) == list(range(13, DRAWS))
    sweep(recipe, tmp_path / "at-once", draws_count=DRAWS, workers=1)
    assert stand_in.hashes(out) == stand_in.hashes(tmp_path / "at-once")


def test_a_worker_of_the_cluster_with_another_workspace_is_refused(
    folder: Path, tmp_path: Path, cluster: Any
) -> None:
    (folder / stand_in.HOME).write_text(str(os.getpid()), encoding="utf-8")
    recipe = stand_in.recipe_of(folder, opens=stand_in.opened_elsewhere)
    with pytest.raises(CompareError, match=r"worker .*differs there.*layers, assumptions or goals"):
        sweep(recipe, tmp_path / "out", draws_count=3, scheduler=cluster.scheduler_address)


def test_a_draw_that_fails_on_the_cluster_is_named(
    folder: Path, tmp_path: Path, cluster: Any
) -> None:
    stand_in.trouble(folder, "refuse", 13)
    with pytest.raises(ScenarioError, match=r"draw 14: scenario 'growth': more jobs than workers"):
        sweep(
            stand_in.recipe_of(folder),
            tmp_path / "out",
            draws_count=DRAWS,
            scheduler=cluster.scheduler_address,
        )
    assert len(stand_in.evaluated(folder)) == DRAWS


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "smoke://signal:1"])
def test_an_address_where_nobody_answers_is_refused(
    folder: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ANSWER_S", 0.5)
    with pytest.raises(SettingsError, match=rf"no Dask scheduler answers at '{address}'"):
        sweep(stand_in.recipe_of(folder), tmp_path / "out", draws_count=1, scheduler=address)


def test_a_scheduler_without_workers_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ANSWER_S", 2)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as empty,
        pytest.raises(SettingsError, match=r"has no worker; start one with: dask worker tcp"),
    ):
        sweep(
            stand_in.recipe_of(folder),
            tmp_path / "out",
            draws_count=1,
            scheduler=empty.scheduler_address,
        )
