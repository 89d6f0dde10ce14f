"""The command that draws boundaries: `agglo delineate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agglo.cli.place import WorkspaceOption, root_of
from agglo.cli.urbanisation import DEGURBA, delineate_degurba
from agglo.errors import SettingsError

if TYPE_CHECKING:
    from agglo.study import Study, StudyFiles


def delineate_command(
    method: Annotated[
        str,
        typer.Option(
            "--method",
            "-m",
            help="lma, fua, isochrone, dominant, communities, threshold, commuting-zones, degurba.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for areas.csv, map, layers.")],
    flows: Annotated[
        Path | None,
        typer.Option("--flows", help="Flows: CSV, parquet or .omx; without, the workspace's."),
    ] = None,
    zones: Annotated[
        Path | None, typer.Option("--zones", help="Zone layer: GeoPackage, GeoJSON …")
    ] = None,
    times: Annotated[
        Path | None, typer.Option("--times", help="Minutes: CSV from,to,min or .omx (isochrone).")
    ] = None,
    zone_table: Annotated[
        Path | None, typer.Option("--zone-table", help="CSV with more columns of the zones.")
    ] = None,
    live: Annotated[str, typer.Option("--live", help="Column: where people live.")] = "live",
    work: Annotated[str, typer.Option("--work", help="Column: where they work.")] = "work",
    count: Annotated[str, typer.Option("--count", help="Column: how many.")] = "n",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="COLUMN=TEXT of the rows to read; again for more years."),
    ] = None,
    matrix: Annotated[
        str | None, typer.Option("--matrix", help="Matrix of an .omx file with several.")
    ] = None,
    rows_are_work: Annotated[
        bool, typer.Option("--rows-are-work", help="Rows of the matrix are places of work.")
    ] = False,
    zone_id: Annotated[
        str | None, typer.Option("--zone-id", help="Column of the zones with their ids [found].")
    ] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer of the zone file.")] = None,
    crs: Annotated[
        str | None, typer.Option("--crs", help="Projected CRS in metres [UTM zone].")
    ] = None,
    residents: Annotated[
        str | None,
        typer.Option("--residents", help="Column: all employed residents [sums of rows]."),
    ] = None,
    outside: Annotated[
        list[str] | None,
        typer.Option("--outside", help="ID or ID=JOBS beyond the region; again for more."),
    ] = None,
    unknown_outside: Annotated[
        bool, typer.Option("--unknown-outside", help="Every other id of the flows lies beyond.")
    ] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option("--without", help="Leave this place out, such as the big core."),
    ] = None,
    merge: Annotated[
        str | None,
        typer.Option("--merge", help="Column that joins zones, such as the municipality."),
    ] = None,
    known_pair: Annotated[
        str | None,
        typer.Option("--known-pair", help="A:B, more people go from A to B than back."),
    ] = None,
    suppressed: Annotated[
        list[str] | None, typer.Option("--suppressed", help="Cell that hides a count, such as '*'.")
    ] = None,
    suppressed_below: Annotated[
        int, typer.Option("--suppressed-below", help="Counts below it are hidden.")
    ] = 0,
    rounded_to: Annotated[
        int, typer.Option("--rounded-to", help="Counts are rounded to multiples of it.")
    ] = 0,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Zones without any flows are let through.")
    ] = False,
    min_size: Annotated[float | None, typer.Option("--min-size", help="lma [3500]")] = None,
    min_self_containment: Annotated[
        float | None, typer.Option("--min-self-containment", help="lma [0.667]")
    ] = None,
    target_size: Annotated[float | None, typer.Option("--target-size", help="lma [25000]")] = None,
    target_self_containment: Annotated[
        float | None, typer.Option("--target-self-containment", help="lma [0.75]")
    ] = None,
    keep_reserve: Annotated[
        bool | None,
        typer.Option("--keep-reserve", help="lma: leave the zones of the reserve list out."),
    ] = None,
    cities: Annotated[
        str | None, typer.Option("--cities", help="fua, threshold, isochrone: column of the cores.")
    ] = None,
    core: Annotated[
        list[str] | None, typer.Option("--core", help="… or ids of the cores; again for more.")
    ] = None,
    core_jobs: Annotated[
        float | None, typer.Option("--core-jobs", help="… or the least jobs of a core.")
    ] = None,
    share: Annotated[
        float | None, typer.Option("--share", help="fua [0.15], threshold [0.25]: least share.")
    ] = None,
    merge_share: Annotated[
        float | None, typer.Option("--merge-share", help="fua: cities are joined from it [0.15].")
    ] = None,
    side: Annotated[
        str | None, typer.Option("--side", help="threshold: max, out, in, sum [max].")
    ] = None,
    iterated: Annotated[
        bool | None, typer.Option("--iterated", help="threshold: who joined counts as core.")
    ] = None,
    within: Annotated[
        float | None, typer.Option("--within", help="isochrone: minutes [90].")
    ] = None,
    least_flow: Annotated[
        float | None, typer.Option("--least-flow", help="dominant: fewest commuters that count.")
    ] = None,
    resolution: Annotated[
        float | None, typer.Option("--resolution", help="communities [1].")
    ] = None,
    runs: Annotated[int | None, typer.Option("--runs", help="communities [10].")] = None,
    cut: Annotated[float | None, typer.Option("--cut", help="commuting-zones [0.98].")] = None,
    denominator: Annotated[
        str | None,
        typer.Option("--denominator", help="commuting-zones: residents or internal."),
    ] = None,
    contiguous: Annotated[
        bool | None,
        typer.Option("--contiguous/--no-contiguous", help="Areas hang together [fua: yes]."),
    ] = None,
    status: Annotated[
        str, typer.Option("--status", help="Of flows [observed] or times [modelled].")
    ] = "",
    firmness: Annotated[int, typer.Option("--firmness", help="Perturbed runs; 0 for none.")] = 0,
    seed: Annotated[int | None, typer.Option("--seed", help="Of what is drawn [1].")] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="CSV of zones and areas to compare with.")
    ] = None,
    compare_column: Annotated[
        str | None, typer.Option("--compare-column", help="Its column with the areas.")
    ] = None,
    population: Annotated[
        Path | None, typer.Option("--population", help="degurba: persons per cell of 1 km.")
    ] = None,
    built: Annotated[
        Path | None, typer.Option("--built", help="degurba: built-up m² per cell.")
    ] = None,
    land: Annotated[Path | None, typer.Option("--land", help="degurba: land m² per cell.")] = None,
    units: Annotated[
        Path | None, typer.Option("--units", help="degurba: municipalities to class.")
    ] = None,
    release: Annotated[
        str, typer.Option("--release", help="degurba: rules of R2023A or R2022A.")
    ] = "R2023A",
    no_built: Annotated[
        bool, typer.Option("--no-built", help="degurba: density of people alone.")
    ] = False,
    sum_cells: Annotated[
        bool, typer.Option("--sum-cells", help="degurba: finer cells are added up to 1 km.")
    ] = False,
    resample_counts: Annotated[
        bool,
        typer.Option("--resample-counts", help="degurba: counts are moved to an equal-area grid."),
    ] = False,
    parts: Annotated[
        int | None,
        typer.Option("--parts", help="degurba: units by parts of cells, 20 for 50 m [exact]."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Heading of the map.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Delineate areas from any flows and zones, from those of the workspace, or from rasters."""
    choices = {
        "min_size_count": min_size,
        "min_self_containment_share": min_self_containment,
        "target_size_count": target_size,
        "target_self_containment_share": target_self_containment,
        "keep_reserve": keep_reserve,
        "cities": cities,
        "core": tuple(core) if core else None,
        "core_jobs_count": core_jobs,
        "threshold_share" if method == "threshold" else "commuting_share": share,
        "merge_share": merge_share,
        "side": side,
        "is_iterated": iterated,
        "within_min": within,
        "least_count": least_flow,
        "resolution": resolution,
        "runs_count": runs,
        "cut_distance": cut,
        "denominator": denominator,
        "is_contiguous": contiguous,
        "seed": seed if method == "communities" else None,
    }
    if method == DEGURBA:
        from agglo.methods import OPTIONS

        delineate_degurba(
            {"--population": population, "--built": built, "--land": land},
            out,
            root=root_of(workspace),
            units=units,
            zone_id=zone_id,
            layer=layer,
            release=release,
            has_built=not no_built,
            sums_cells=sum_cells,
            resamples_counts=resample_counts,
            parts_count=parts,
            title=title,
            foreign={
                "--flows": flows, "--zones": zones, "--times": times, "--without": drop,
                "--merge": merge, "--firmness": firmness, "--compare": compare,
                **{OPTIONS.get(name, name): value for name, value in choices.items()},
            },
        )  # fmt: skip
        return
    _check_only_degurba(
        {"--population": population, "--built": built, "--land": land, "--units": units,
         "--no-built": no_built, "--sum-cells": sum_cells, "--resample-counts": resample_counts,
         "--parts": parts}, method,
    )  # fmt: skip
    from agglo.study import StudyFiles

    files = None
    if zones is not None:
        files = StudyFiles(
            zones=zones,
            flows=flows,
            times=times,
            live=live,
            work=work,
            count=count,
            only=_grouped(_pairs(only or [], "=", "--only")),
            matrix=matrix,
            rows_are_work=rows_are_work,
            zone_id=zone_id,
            layer=layer,
            zone_table=zone_table,
            crs=crs,
            residents=residents,
            outside=_with_jobs(outside or []),
            unknown_is_outside=unknown_outside,
            known_pair=_pairs([known_pair], ":", "--known-pair")[0] if known_pair else None,
            suppressed=tuple(suppressed or ()),
            suppressed_below_count=suppressed_below,
            rounded_to_count=rounded_to,
            may_lack_flows=allow_empty,
            status=status,
        )
    else:
        _check_no_files(
            {
                "--flows": flows, "--times": times, "--zone-table": zone_table, "--only": only,
                "--matrix": matrix, "--rows-are-work": rows_are_work, "--zone-id": zone_id,
                "--layer": layer, "--crs": crs, "--residents": residents, "--outside": outside,
                "--unknown-outside": unknown_outside,
                "--known-pair": known_pair, "--suppressed": suppressed,
                "--suppressed-below": suppressed_below, "--rounded-to": rounded_to,
                "--allow-empty": allow_empty, "--status": status,
                "--live": live != "live", "--work": work != "work", "--count": count != "n",
            }
        )  # fmt: skip
    _delineate(
        method,
        choices,
        files,
        out,
        root_of(workspace),
        draws_count=firmness,
        seed=1 if seed is None else seed,
        title=title,
        compare=(compare, compare_column),
        dropped=tuple(drop or ()),
        merged_by=merge,
    )


def _delineate(
    method: str,
    choices: dict[str, Any],
    files: StudyFiles | None,
    out: Path,
    root: Path,
    *,
    draws_count: int,
    seed: int,
    title: str,
    compare: tuple[Path | None, str | None],
    dropped: tuple[str, ...],
    merged_by: str | None,
) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from agglo.delineate import (
        agreement_with,
        check_method,
        delineate,
        firmness_of_study,
        is_ours,
        write_delineation,
    )
    from agglo.folders import check_folder
    from agglo.maps.words import read_words
    from agglo.study import study_from_files, study_merged, study_without
    from agglo.territory.firmness import Spreads

    check_method(method, choices)
    check_folder(out, is_ours=is_ours)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("reading", total=None)
        whole = study_from_files(files) if files else _workspace_study(root)
        study = study_merged(study_without(whole, dropped), merged_by)
        bar.update(task, description="delineating")
        found = delineate(study, method, choices)
        path, column = compare
        if path is not None:
            told = agreement_with(found, study, path, column=column)
            found = replace(found, notes=(*found.notes, told))
        shares = None
        if draws_count:
            shares = firmness_of_study(
                study,
                method,
                choices,
                spreads=Spreads(draws_count=draws_count, seed=seed),
                progress=lambda what, done, of: bar.update(
                    task, description=what, completed=done, total=of
                ),
            )
        bar.update(task, description="maps and tables")
        written = write_delineation(
            study,
            found,
            out,
            words=read_words(root / "maps"),
            title=title or out.resolve().name,
            firmness=shares,
            asked={
                "method": method,
                **choices,
                "without": list(dropped) or None,
                "merge": merged_by,
                "firmness_draws_count": draws_count or None,
                "seed": seed if draws_count else choices["seed"],
            },
        )
    area = found.areas["area_id"]
    typer.echo(
        f"{method}: {len(area)} zone(s), {area[area != ''].nunique()} area(s), "
        f"{int((area == '').sum())} zone(s) in none ({found.status})"
    )
    for note in (*study.notes, *found.notes):
        typer.echo(f"  {note}")
    typer.echo(f"{written / 'index.html'}")


def _workspace_study(root: Path) -> Study:
    from agglo.own_study import study_from_workspace
    from agglo.workspace import open_workspace

    return study_from_workspace(open_workspace(root))


def _check_only_degurba(options: dict[str, object], method: str) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise SettingsError(
            f"method '{method}' does not use {', '.join(given)}; --method {DEGURBA} does"
        )


def _check_no_files(options: dict[str, object]) -> None:
    """Refuse options about files where no zone layer is named: they would say nothing."""
    given = [name for name, value in options.items() if value]
    if given:
        raise SettingsError(
            f"{', '.join(given)}: only of use with files; name the zone layer too (--zones FILE), "
            "or leave them out for the workspace's own flows"
        )


def _pairs(given: list[str], sign: str, option: str) -> list[tuple[str, str]]:
    """Split texts such as A=B."""
    pairs = [one.partition(sign) for one in given]
    for (first, _, second), text in zip(pairs, given, strict=True):
        if not first.strip() or not second.strip():
            raise SettingsError(f"{option} must look like A{sign}B; got '{text}'")
    return [(first.strip(), second.strip()) for first, _, second in pairs]


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Gather the texts of each column."""
    found: dict[str, tuple[str, ...]] = {}
    for column, text in pairs:
        found[column] = (*found.get(column, ()), text)
    return found


def _with_jobs(outside: list[str]) -> dict[str, float | None]:
    """Read ids of places outside, some with their jobs."""
    found: dict[str, float | None] = {}
    for text in outside:
        place, sign, jobs = text.partition("=")
        try:
            found[place.strip()] = float(jobs) if sign else None
        except ValueError as error:
            raise SettingsError(f"--outside must be ID or ID=JOBS; got '{text}'") from error
    return found
