"""The commands: `agglo run`, `agglo check`, `agglo new`, `agglo fetch`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agglo.errors import AggloError, LayerError
from agglo.paths import builtin_workspace, is_workspace

if TYPE_CHECKING:
    from agglo.run import Result

BAD_INPUT = 2
INTERRUPTED = 130
"""What typer ends with after Ctrl-C."""
SHOWN = (
    "jobs_within_45_min_car",
    "jobs_within_60_min_transit",
    "minutes_per_worker_day",
    "extra_person_min",
)
app = typer.Typer(
    name="agglo",
    help="Planning tool for agglomerations: labour mobility, connectivity, scenarios, maps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder with agglo.toml, layers/, scenarios/, maps/ [this folder, or built-in].",
    ),
]


@app.command("run")
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

    from agglo.output import check_writable, write_output
    from agglo.run import run
    from agglo.workspace import open_workspace

    root = _root(workspace)
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
        written = write_output(opened, results, folder)
    _print_scores(results)
    typer.echo(f"{written / 'index.html'}")


@app.command("check")
def check_command(
    lines: Annotated[
        Path | None,
        typer.Argument(help="A drawn line layer to check instead, such as roads.gpkg."),
    ] = None,
    snap_m: Annotated[
        float, typer.Option("--snap-m", help="How far apart ends may be to be joined, metres.")
    ] = 25.0,
    join_crossings: Annotated[
        bool, typer.Option("--join-crossings", help="Lines that cross meet there.")
    ] = False,
    grade: Annotated[
        str | None, typer.Option("--grade", help="Column that says bridge, tunnel or layer.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="GeoPackage for the repaired network.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Check layers and scenarios, or say what would be repaired or refused in drawn lines."""
    from agglo.layers.islands import islands
    from agglo.run import read_scenarios
    from agglo.scenarios.receipts import apply_scenario
    from agglo.workspace import open_workspace

    if lines is not None:
        _check_lines(lines, out, snap_m=snap_m, join_crossings=join_crossings, grade=grade)
        return
    opened = open_workspace(_root(workspace))
    for item in opened.region.provenance:
        note = f"  [{item.note}]" if item.note else ""
        typer.echo(f"{item.layer:16} {item.status:9} {item.licence:14} {item.title}{note}")
    region = opened.region
    parts = islands(region["nodes"], region.geo("links"), crs=region.crs)
    typer.echo(f"roads: {len(parts)} part(s), {parts['km_share'].iloc[0]:.1%} of the km in one")
    for part in parts.iloc[1:6].itertuples():
        typer.echo(
            f"  island '{part.name}': {part.links} link(s), {part.km:.2f} km, "
            f"{part.gap_m:,.0f} m from the largest part"
        )
    for scenario in read_scenarios(opened):
        _, receipts = apply_scenario(region, scenario)
        typer.echo(f"scenario {scenario.name:22} {len(receipts):3} values touched")


def _check_lines(
    path: Path, out: Path | None, *, snap_m: float, join_crossings: bool, grade: str | None
) -> None:
    """Print what repair makes of a line layer, and write the network if wanted."""
    from agglo.layers.repair import network_from_lines, repair_lines
    from agglo.layers.repair_files import read_lines, write_network

    lines, crs = read_lines(path)
    repaired = network_from_lines(
        lines, crs=crs, snap_m=snap_m, join_crossings=join_crossings, grade=grade
    )
    typer.echo(
        f"{path.name}: {len(lines):,} lines → {len(repaired.links):,} links, "
        f"{len(repaired.nodes):,} nodes, {repaired.links['length_km'].sum():,.1f} km ({crs})"
    )
    for line in repair_lines(repaired.report):
        typer.echo(f"  {line}")
    if out is not None:
        typer.echo(f"{write_network(out, repaired)}")


@app.command("isochrones")
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
        open_workspace(_root(workspace)),
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


@app.command("new")
def new_command(
    folder: Annotated[Path, typer.Argument(help="Folder of the new workspace.")],
    osm: Annotated[
        Path, typer.Option("--osm", help="OpenStreetMap file: .osm.pbf, .osm, .osm.gz.")
    ],
    gtfs: Annotated[
        Path | None, typer.Option("--gtfs", help="Timetable: a GTFS zip or folder.")
    ] = None,
    lines: Annotated[
        Path | None, typer.Option("--lines", help="Line table (CSV) where there is no GTFS.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the region is called.")] = "",
    crs: Annotated[str, typer.Option("--crs", help="Projected CRS in metres [UTM zone].")] = "",
    population: Annotated[
        float | None, typer.Option("--population", help="Known population of the extract.")
    ] = None,
    zones: Annotated[int, typer.Option("--zones", help="Most zones to make.")] = 160,
) -> None:
    """Found a workspace for another region from OpenStreetMap and timetables."""
    from agglo.founding import found_workspace
    from agglo.layers.extract.region import Sources

    sources = Sources(
        osm=osm,
        gtfs=gtfs,
        lines=lines,
        name=name,
        crs=crs,
        population_count=population,
        most_zones=zones,
    )
    found = found_workspace(folder, sources, tell=lambda line: typer.echo(line, err=True))
    typer.echo(f"{found}\nnext: agglo run --workspace {folder}")


fetch_app = typer.Typer(help="Get source data from the internet.", no_args_is_help=True)
app.add_typer(fetch_app, name="fetch")


@fetch_app.callback()
def fetch_group() -> None:
    """Get source data from the internet."""


@fetch_app.command("osm")
def fetch_osm_command(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .osm.gz, .osm or .osm.pbf.")
    ],
    place: Annotated[str, typer.Option("--place", help="Name of a place or district.")] = "",
    polygon: Annotated[
        Path | None, typer.Option("--polygon", help="Area: GeoJSON, GeoPackage …")
    ] = None,
    streets_only: Annotated[
        bool, typer.Option("--streets-only", help="No places, buildings and facilities.")
    ] = False,
    piece_km2: Annotated[
        float, typer.Option("--piece-km2", help="Largest area that one query asks for.")
    ] = 2500.0,
    overpass_url: Annotated[
        str | None, typer.Option("--overpass-url", help="Another Overpass server.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Folder that keeps what was loaded.")
    ] = None,
) -> None:
    """Load streets, places and buildings of an area from OpenStreetMap."""
    from agglo.layers.fetch import fetch_osm
    from agglo.layers.fetch_area import read_polygon

    if bool(place) == (polygon is not None):
        raise LayerError("give either --place NAME or --polygon FILE")
    written = fetch_osm(
        out,
        place=place,
        polygon=read_polygon(polygon) if polygon is not None else None,
        with_features=not streets_only,
        piece_km2=piece_km2,
        overpass_url=overpass_url,
        cache=cache,
        progress=lambda line: typer.echo(line, err=True),
    )
    typer.echo(f"{written}  © OpenStreetMap contributors, ODbL 1.0")
    typer.echo(f"next: agglo new FOLDER --osm {written}")


def _root(workspace: Path | None) -> Path:
    """Return the workspace named, this folder if it is one, else the built-in one."""
    if workspace is not None:
        return workspace
    return Path() if is_workspace(Path()) else builtin_workspace()


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
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("stopped; the earlier output is whole", err=True)
        raise


def _print_scores(results: Sequence[Result]) -> None:
    """Print what each scenario changes in units, then its scores."""
    from agglo.indicators.registry import whole_values
    from agglo.run import worst_link

    typer.echo("\nIn natural units (jobs, flows and speeds are assumed or modelled):")
    typer.echo(
        f"{'scenario':22}{'jobs ≤45 min':>13}{'jobs ≤60 min':>13}{'min per':>11}"
        f"{'person-min/day':>16}  most critical link"
    )
    typer.echo(
        f"{'':22}{'by car':>13}{'by transit':>13}{'worker-day':>11}{'lost to base':>16}"
        "  and its loss, person-min/day"
    )
    for result in results:
        whole, worst = whole_values(result.case, SHOWN), worst_link(result)
        typer.echo(
            f"{result.scenario.name:22}{whole['jobs_within_45_min_car']:13,.0f}"
            f"{whole['jobs_within_60_min_transit']:13,.0f}"
            f"{whole['minutes_per_worker_day']:11.1f}{whole['extra_person_min']:16,.0f}"
            f"  {worst['en']}: {worst['loss']:,.0f}"
        )
    goals = list(results[0].scores["goal"])
    typer.echo("\nScores, baseline = 50 (in brackets the range over the assumptions):")
    typer.echo(f"{'scenario':22}" + "".join(f"{goal:>30}" for goal in goals))
    for result in results:
        cells = [
            f"{score:.1f} ({low:.1f} – {high:.1f})"
            for score, low, high in result.scores[["score", "low", "high"]].to_numpy()
        ]
        typer.echo(f"{result.scenario.name:22}" + "".join(f"{cell:>30}" for cell in cells))
    typer.echo("")
