"""The command of many runs: `agglo sweep`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agglo.cli.place import WorkspaceOption, root_of

if TYPE_CHECKING:
    import pandas as pd

SCORE = "score_"


def sweep_command(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the tables; a stopped sweep goes on.")
    ],
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Names in scenarios/ or files; none means all of them."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="PARAMETER=0.1,0.2 or SCENARIO:CHANGE.ARGUMENT=1,2 (number of the change in its "
            "file); again for more.",
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", help="Assumption to draw; again for more [all with a range]."),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", help="How many; more later go on.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 1,
    indicator: Annotated[
        list[str] | None,
        typer.Option("--indicator", help="Beside those of the goals; again for more."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes [one per core].")
    ] = None,
    scheduler: Annotated[
        str, typer.Option("--scheduler", help="Dask scheduler, such as tcp://10.0.0.1:8786.")
    ] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw away what an earlier sweep left in the folder.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run scenarios over values of parameters and draws of the assumptions; can be resumed."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from agglo.sweeps.recipe import Recipe
    from agglo.sweeps.sweep import sweep

    recipe = Recipe(
        root=str(root_of(workspace)),
        scenarios=tuple(scenarios or ()),
        sets=tuple(sets or ()),
        vary=tuple(vary or ()),
        seed=seed,
        indicators=tuple(indicator or ()),
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("layers", total=None, rate="")

        def show(what: str, done: int, of: int) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f}/s" if speed else ""
            bar.update(task, description=what, completed=done, total=of or None, rate=rate)

        try:
            found = sweep(
                recipe,
                out,
                draws_count=draws,
                workers=workers,
                scheduler=scheduler,
                is_fresh=fresh,
                progress=show,
            )
        except KeyboardInterrupt:
            typer.echo("the finished draws are kept: run the same command to go on", err=True)
            raise
    _print_summary(found.summary)
    typer.echo(f"{found.evaluated_count:,} values evaluated, {found.kept_count:,} kept from before")
    typer.echo(f"{found.out / 'values.parquet'}")


def _print_summary(summary: pd.DataFrame) -> None:
    """Print the change of each score: the central run, in brackets 5 to 95 % of the draws."""
    scores = summary[summary["what"].str.startswith(SCORE)]
    typer.echo("\nChange of scores from the baseline (in brackets 5–95 % of the draws):")
    for point in dict.fromkeys(scores["point_id"]):
        typer.echo(point)
        own = scores[scores["point_id"] == point]
        for goal, count, *numbers in own[
            ["goal", "draws_count", "delta", "low", "high"]
        ].itertuples(index=False):
            typer.echo(f"  {goal:30}{_shown(*numbers, is_drawn=bool(count))}")
    typer.echo("")


def _shown(delta: float, low: float, high: float, *, is_drawn: bool) -> str:
    if math.isnan(delta):
        return " not known"
    return f"{delta:+7.1f}" + (f" ({low:+.1f} – {high:+.1f})" if is_drawn else "")
