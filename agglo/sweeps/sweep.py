"""The job: lay out the points, do what is not done yet, write the tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from agglo.draws import MOST_DRAWS
from agglo.errors import ScenarioError, SettingsError
from agglo.folders import check_folder
from agglo.sweeps.plan import Plan, plan_from_recipe, tasks_of, travelling
from agglo.sweeps.recipe import CENTRAL, Outcome, Recipe, Task
from agglo.sweeps.store import FILES, PARTS, Parts, Rows, opened_parts, read_parts, write_part
from agglo.sweeps.workers import done_by_processes, done_here, done_on_cluster

SHOWN_FAILURES = 3

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep came to."""

    out: Path
    summary: pd.DataFrame
    evaluated_count: int
    """Values of a scenario in a draw that were evaluated now."""

    kept_count: int
    """Those that were there from before."""


def sweep(
    recipe: Recipe,
    out: Path,
    *,
    draws_count: int,
    workers: int | None = None,
    scheduler: str = "",
    is_fresh: bool = False,
    progress: Progress | None = None,
) -> Sweep:
    """Evaluate every point in every draw and write the tables; go on where one was stopped.

    The same recipe gives the same bytes, however many workers there are and wherever they are.
    A script that calls this with several workers needs ``if __name__ == "__main__":``.

    Parameters
    ----------
    out
        Folder of the tables; finished chunks of draws stay in it, for more draws later.
    workers
        Processes; 1 works in this one, without any one per core.
    scheduler
        Address of a Dask scheduler whose workers do the work instead.
    is_fresh
        Throw away what is in the folder from before.
    progress
        Called with (what, done, of) in values of a scenario in a draw.

    Raises
    ------
    AggloError
        Naming what is wrong with the recipe, the folder or the workers, and the next step.
    """
    _check(draws_count, workers)
    check_folder(out, is_ours=lambda path: path.name in (*FILES, PARTS))
    recipe = travelling(recipe)
    if progress:
        progress("layers", 0, 0)
    plan = plan_from_recipe(recipe)
    with opened_parts(out, plan, is_fresh=is_fresh) as parts:
        rows = read_parts(parts)
        tasks = tasks_of(plan, draws_count=draws_count, done=rows)
        wanted = (draws_count + 1) * len(plan.settings) * len(plan.scenarios)
        missing = sum(len(task.numbers) for task in tasks) * len(plan.scenarios)
        with closing(_outcomes(tasks, plan, workers, scheduler)) as outcomes:
            _gather(outcomes, parts, rows, progress, wanted=wanted, missing=missing)
        from agglo.sweeps.results import found_values, write_results

        if progress:
            progress("tables", wanted, wanted)
        found = found_values(plan, rows, draws_count=draws_count)
        summary = write_results(plan, found, out, parts=parts, draws_count=draws_count)
    return Sweep(out=out, summary=summary, evaluated_count=missing, kept_count=wanted - missing)


def _gather(
    outcomes: Iterator[Outcome],
    parts: Parts,
    rows: Rows,
    progress: Progress | None,
    *,
    wanted: int,
    missing: int,
) -> None:
    """Store each outcome as it comes; failed draws are told once the others are done."""
    done = wanted - missing
    failures: list[tuple[int, str]] = []
    if progress:
        progress("draws", done, wanted)
    for outcome in outcomes:
        key = outcome.task.setting, outcome.task.chunk
        write_part(parts, outcome, rows.get(key, {}))
        rows[key] = {**rows.get(key, {}), **outcome.rows}
        failures += outcome.failures
        if any(number == CENTRAL for number, _ in failures):
            break
        done += len(outcome.rows) * len(parts.plan.scenarios)
        if progress:
            progress("draws", done, wanted)
    if failures:
        raise _failed(failures)


def _outcomes(
    tasks: Sequence[Task], plan: Plan, workers: int | None, scheduler: str
) -> Generator[Outcome, None, None]:
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if not tasks:
        return
    if scheduler:
        yield from done_on_cluster(tasks, plan.recipe, plan.identity, scheduler=scheduler)
    elif count > 1:
        yield from done_by_processes(tasks, plan.recipe, plan.identity, count=count)
    else:
        from agglo.sweeps.bench import work_of

        yield from done_here(tasks, work_of(plan))


def _failed(failures: Sequence[tuple[int, str]]) -> ScenarioError:
    ordered = [told for _, told in sorted(failures)]
    more = f" (and {len(ordered) - SHOWN_FAILURES} more)" if len(ordered) > SHOWN_FAILURES else ""
    shown = "; ".join(ordered[:SHOWN_FAILURES])
    return ScenarioError(
        f"{len(ordered)} draw(s) have no values: {shown}{more}; mend the scenario, or narrow the "
        "range of the assumption in agglo.toml, or draw others with --vary; the other draws are "
        "kept"
    )


def _check(draws_count: int, workers: int | None) -> None:
    if not 0 <= draws_count <= MOST_DRAWS:
        raise SettingsError(f"--draws must be between 0 and {MOST_DRAWS}; got {draws_count}")
    if workers is not None and workers < 1:
        raise SettingsError(f"--workers must be 1 or more; got {workers}")
