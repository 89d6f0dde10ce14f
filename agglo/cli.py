"""The commands: `agglo run`, `agglo check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agglo.errors import AggloError

BAD_INPUT = 2
app = typer.Typer(
    name="agglo",
    help="Planning tool for agglomerations: labour mobility, connectivity, scenarios, maps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="Folder with layers/, scenarios/, maps/.")
]


@app.command("run")
def run_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Names in scenarios/ or files; none means all of them."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the output [maps/build].")
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Run scenarios and write map, GeoPackage, QGIS project and tables."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from agglo.output import check_writable, write_output
    from agglo.run import run
    from agglo.workspace import open_workspace

    folder = out or workspace / "maps" / "build"
    check_writable(folder)
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task("layers", total=None)
        opened = open_workspace(workspace)
        results = run(
            opened,
            scenarios or [],
            progress=lambda what, done, of: bar.update(
                task, description=what, completed=done, total=of
            ),
        )
        bar.update(task, description="maps and tables")
        written = write_output(opened, results, folder)
    _print_scores(results)
    typer.echo(f"{written / 'index.html'}")


@app.command("check")
def check_command(workspace: WorkspaceOption = Path()) -> None:
    """Check the layers and the scenarios, and say where every layer comes from."""
    from agglo.run import read_scenarios
    from agglo.scenarios.receipts import apply_scenario
    from agglo.workspace import open_workspace

    opened = open_workspace(workspace)
    for item in opened.region.provenance:
        note = f"  [{item.note}]" if item.note else ""
        typer.echo(f"{item.layer:16} {item.status:9} {item.licence:14} {item.title}{note}")
    for scenario in read_scenarios(opened):
        _, receipts = apply_scenario(opened.region, scenario)
        typer.echo(f"scenario {scenario.name:22} {len(receipts):3} values touched")


def main() -> None:
    """Run the command line; what the user can mend ends with exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except AggloError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(BAD_INPUT) from None
    except KeyboardInterrupt:
        typer.echo("stopped; the earlier output is whole", err=True)
        raise SystemExit(130) from None


def _print_scores(results: list) -> None:  # type: ignore[type-arg]
    """Print what each scenario changes in units, then its scores."""
    from rich.console import Console
    from rich.table import Table

    from agglo.maps.page import worst_link
    from agglo.scoring.goals import whole_values

    units = Table(title="In natural units (assumed and modelled inputs, see result.json)")
    for column in ("scenario", "jobs ≤45 min car", "jobs ≤60 min transit", "min/worker-day",
                   "extra person-min/day", "worst link", "its loss, person-min/day"):  # fmt: skip
        units.add_column(
            column, justify="left" if column in ("scenario", "worst link") else "right"
        )
    scores = Table(title="Scores: baseline = 50, in brackets the range over the assumptions")
    scores.add_column("scenario")
    for goal in results[0].scores["goal"]:
        scores.add_column(goal, justify="right")
    for result in results:
        whole, worst = whole_values(result.indicators), worst_link(result)
        units.add_row(
            result.scenario.name,
            f"{whole['jobs_within_45_min_car']:,.0f}",
            f"{whole['jobs_within_60_min_transit']:,.0f}",
            f"{whole['minutes_per_worker_day']:.1f}",
            f"{whole['extra_person_min']:,.0f}",
            str(worst["en"]),
            f"{worst['loss']:,.0f}",
        )
        scores.add_row(
            result.scenario.name,
            *[f"{r.score:.1f} ({r.low:.1f}–{r.high:.1f})" for r in result.scores.itertuples()],
        )
    console = Console()
    console.print(units)
    console.print(scores)
