"""The commands that bring data in: `agglo check`, `agglo new`, `agglo fetch osm`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agglo.cli.place import WorkspaceOption, root_of
from agglo.errors import LayerError

if TYPE_CHECKING:
    from agglo.region import Region

FAR_SHARE = 0.1
"""Observed commuters and workers of a zone that differ by more are pointed out."""


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
    from agglo.prepared import read_scenarios
    from agglo.scenarios.receipts import apply_scenario
    from agglo.workspace import open_workspace

    if lines is not None:
        _check_lines(lines, out, snap_m=snap_m, join_crossings=join_crossings, grade=grade)
        return
    opened = open_workspace(root_of(workspace))
    for item in opened.region.provenance:
        note = f"  [{item.note}]" if item.note else ""
        typer.echo(f"{item.layer:16} {item.status:9} {item.licence:14} {item.title}{note}")
    region = opened.region
    _print_coverage(region)
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


def _print_coverage(region: Region) -> None:
    """Say how many homes have observed flows, and whether they fit the workers of the zones."""
    from agglo.commuting.observed import coverage

    flows, zones = region["flows"], region["zones"]
    if flows.empty:
        return
    inside = zones.loc[zones["kind"] != "outside", "workers_count"]
    sums = flows.groupby("live_zone_id")["commuters_count"].sum()
    found = coverage(inside, sums.index)
    typer.echo(
        f"observed flows: {found.observed_count} of {found.zones_count} zones, "
        f"{found.residents_share:.0%} of their workers"
    )
    for zone in inside.index.intersection(sums.index):
        seen, workers = float(sums[zone]), float(inside[zone])
        if abs(seen - workers) > FAR_SHARE * max(workers, 1.0):
            typer.echo(
                f"  zone '{zone}': {seen:,.0f} commuters observed, {workers:,.0f} workers in the "
                "layer 'work'; are rows missing?"
            )


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
    from agglo.layers.fetch.area import read_polygon
    from agglo.layers.fetch.osm import fetch_osm

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
