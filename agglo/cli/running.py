"""The commands that run scenarios: `agglo run`, `agglo isochrones`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agglo.cli.comparing import print_comparison
from agglo.cli.place import WorkspaceOption, root_of


def run_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Names in scenarios/ or files; none means all of them."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the output [maps/build of the workspace]."),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Run scenarios and write map, GeoPackage, QGIS project and tables."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from agglo.comparison import compare
    from agglo.output import check_writable, write_output
    from agglo.run import run
    from agglo.workspace import open_workspace

    root = root_of(workspace)
    is_elsewhere = workspace is None and root != Path()
    folder = out or (Path("agglo-build") if is_elsewhere else root / "maps" / "build")
    check_writable(folder)
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task("layers", total=None)
        opened = open_workspace(root)
        results = run(
            opened,
            scenarios or [],
            progress=lambda what, done, of: bar.update(
                task, description=what, completed=done, total=of
            ),
        )
        bar.update(task, description="maps and tables")
        compared = compare(opened, results)
        written = write_output(opened, results, folder, comparison=compared)
    typer.echo("")
    for line in print_comparison(compared):
        typer.echo(line)
    typer.echo(f"{written / 'index.html'}")


def isochrones_command(
    zones: Annotated[list[str], typer.Argument(help="Ids of zones to start from.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="GeoPackage or GeoJSON to write.")],
    within_min: Annotated[
        list[float] | None, typer.Option("--within", help="Minutes; may be given again.")
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="car, transit, park_ride, walk, bicycle.")
    ] = "car",
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Names; may be given again.")
    ] = None,
    backward: Annotated[
        bool, typer.Option("--backward", help="From where the zone is reached.")
    ] = False,
    cell_m: Annotated[float, typer.Option("--cell-m", help="Side of a grid cell.")] = 250.0,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw what is reached from zones in time, as polygons for QGIS."""
    from agglo.layers.write import save_geometry
    from agglo.reach import isochrones_of_zones
    from agglo.workspace import open_workspace

    drawn = isochrones_of_zones(
        open_workspace(root_of(workspace)),
        zones,
        within_min=within_min or [30.0, 60.0],
        mode=mode,
        scenarios=scenario or ["baseline"],
        cell_m=cell_m,
        backward=backward,
    )
    for row in drawn.itertuples():
        typer.echo(
            f"{row.scenario:22} {row.zone_id:18} {row.within_min:5g} min {row.area_km2:10,.1f} km²"
        )
    typer.echo(f"{save_geometry(out, {'isochrones': drawn})}")
