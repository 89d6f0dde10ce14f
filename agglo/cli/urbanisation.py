"""`agglo delineate --method degurba`: the degree of urbanisation from rasters of 1 km."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from agglo.errors import SettingsError

DEGURBA = "degurba"


def delineate_degurba(
    rasters: Mapping[str, Path | None],
    out: Path,
    *,
    root: Path,
    units: Path | None,
    zone_id: str | None,
    layer: str | None,
    release: str,
    has_built: bool,
    sums_cells: bool,
    resamples_counts: bool,
    parts_count: int | None,
    title: str,
    foreign: Mapping[str, object],
) -> None:
    """Class cells, and units if there are any, and say what came out.

    Parameters
    ----------
    rasters
        By option: population, built-up land, land.
    foreign
        Options of the other methods; none of them may be given.
    """
    given = [name for name, value in foreign.items() if value]
    if given:
        raise SettingsError(
            f"method '{DEGURBA}' does not use {', '.join(given)}; it uses {', '.join(rasters)}, "
            "--units, --release, --no-built, --sum-cells, --resample-counts, --parts"
        )
    lacking = [name for name, path in rasters.items() if path is None]
    if lacking:
        raise SettingsError(
            f"method '{DEGURBA}' needs {', '.join(lacking)}: rasters of 1 km, such as GHS-POP, "
            "GHS-BUILT-S and GHS-LAND (agglo fetch raster --product ghs_pop …)"
        )
    from agglo.degurba import degurba_job
    from agglo.maps.words import read_words

    population, built, land = (path for path in rasters.values() if path is not None)
    done = degurba_job(
        population,
        built,
        land,
        out=out,
        words=read_words(root / "maps"),
        units=units,
        unit_id=zone_id,
        layer=layer,
        version=release,
        has_built=has_built,
        parts_count=parts_count,
        sums_cells=sums_cells,
        resamples_counts=resamples_counts,
        title=title,
    )
    cells = done.cells.level_1
    typer.echo(
        f"{DEGURBA}: {cells.size:,} cells, {int((cells == 3).sum()):,} in urban centres, "
        f"{int((cells == 2).sum()):,} in urban clusters ({done.status})"
    )
    if done.units is not None:
        classes = done.units.table["level_1"].value_counts()
        typer.echo("units: " + ", ".join(f"{count} {name}" for name, count in classes.items()))
    for note in done.notes:
        typer.echo(f"  {note}")
    typer.echo(f"{done.out}")
