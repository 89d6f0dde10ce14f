"""Fetches the area's part of scenes: a folder for each, a file for each band, and a record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from agglo.errors import LayerError, OutputError
from agglo.layers.fetch.asking import WAITS_S, Caller, plain_address
from agglo.layers.fetch.cuts import Cut, cut_band
from agglo.layers.fetch.records import is_whole, read_record, stamp, write_record
from agglo.layers.fetch.remote import Source
from agglo.layers.fetch.stac import NOT_STATED, Scene, SceneBand, area_of, scenes

RECORD = "scene.json"
CLASS_BANDS = ("scl", "qa_pixel", "qa_radsat", "fmask", "cloud_mask", "classification", "map")
"""Bands of codes and flags, which overviews must not average."""


def fetch_scenes(
    catalogue: str | Path,
    out: Path,
    *,
    area: gpd.GeoDataFrame,
    dates: tuple[str, str],
    bands: Sequence[str],
    collections: Sequence[str] = (),
    most_cloud_share: float | None = None,
    most_scenes: int | None = None,
    resolution_m: float | None = None,
    licence: str = "",
    attribution: str = "",
    progress: Callable[[str], None] | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> tuple[Path, ...]:
    """Save the area's part of every scene that ``scenes`` finds.

    Each scene gets a folder with a COG for each band, on the band's own grid, and ``scene.json``:
    source, licence, attribution, time, clouds, grid, scale, offset and checksum of each file.
    Bands that are there and whole are not asked for again.

    Parameters
    ----------
    catalogue, area, dates, bands, collections, most_cloud_share, most_scenes
        As ``scenes`` takes them; at least one band.
    out
        Folder for the scenes.
    resolution_m
        Coarser pictures: the coarsest overview that is not coarser than that.
    licence, attribution
        Stand where the catalogue states none.

    Returns
    -------
    fetch_scenes
        The folders of the scenes, in order of time.

    Raises
    ------
    LayerError
        If the catalogue or a raster cannot be read, nothing is found, a band lacks.
    OutputError
        If the disk refuses.
    """
    if not bands:
        raise LayerError("no band is named; name some, such as red, nir, scl")
    caller = Caller(say=progress or (lambda _: None), waits_s=waits_s)
    found = scenes(
        catalogue, area=area, dates=dates, bands=tuple(dict.fromkeys(bands)),
        collections=collections, most_cloud_share=most_cloud_share, most_scenes=most_scenes,
        progress=progress, waits_s=waits_s,
    )  # fmt: skip
    place, folders = area_of(area), _folders(found, out)
    written = []
    try:
        for number, (folder, scene) in enumerate(folders.items(), start=1):
            caller.say(f"scene {number} of {len(found)}: {scene.scene_id}, {scene.taken:%Y-%m-%d}")
            about = _about(scene, licence, attribution)
            _fetch_scene(scene, folder, place, resolution_m, about, caller)
            written.append(folder)
    except KeyboardInterrupt:
        caller.say(f"stopped; whole bands are kept in {out}, the next run goes on from there")
        raise
    except LayerError as error:
        kept = any(out.glob(f"*/{RECORD}"))
        more = f"; whole bands are kept in {out}, the next run goes on from there" if kept else ""
        raise LayerError(f"{error}{more}") from error
    return tuple(written)


def _fetch_scene(
    scene: Scene,
    folder: Path,
    place: BaseGeometry,
    resolution_m: float | None,
    about: dict[str, Any],
    caller: Caller,
) -> None:
    """Fetch the bands that are not there yet; the record is written after each of them."""
    earlier = dict(read_record(folder / RECORD).get("bands") or {})
    asked = _digest(place, resolution_m)
    done: dict[str, Any] = {}
    for band in scene.bands:
        path = folder / f"{_file_name(band.name)}.tif"
        known = earlier.get(band.name, {})
        is_ours = (known.get("asked"), known.get("href")) == (asked, plain_address(band.href))
        if is_ours and is_whole(path, known):
            caller.say(f"  {path.name} is there")
            done[band.name] = known
            continue
        aside = folder / f".{path.name}-new.tif"
        _remove(aside)
        cut = cut_band(
            _source(band), aside, area=place, resolution_m=resolution_m, caller=caller,
            is_class=band.name.lower() in CLASS_BANDS, tags=_tags(about, band),
        )  # fmt: skip
        _move(aside, path)
        done[band.name] = _band_record(path, band, cut) | {"asked": asked}
        write_record(folder / RECORD, about | {"bands": earlier | done})
        caller.say(f"  {path.name}: {cut.grid.height} × {cut.grid.width} cells")
    write_record(folder / RECORD, about | {"bands": earlier | done})


def _source(band: SceneBand) -> Source:
    return Source(
        address=band.href, band=band.band, crs=band.crs, nodata=band.nodata,
        scale=band.scale, offset=band.offset, unit=band.unit,
    )  # fmt: skip


def _about(scene: Scene, licence: str, attribution: str) -> dict[str, Any]:
    """Return what the record says of the scene, without its bands."""
    return {
        "scene_id": scene.scene_id,
        "collection": scene.collection,
        "source": scene.source,
        "licence": scene.licence if scene.licence != NOT_STATED else licence or NOT_STATED,
        "attribution": (
            scene.attribution if scene.attribution != NOT_STATED else attribution or NOT_STATED
        ),
        "date": f"{scene.taken:%Y-%m-%d}",
        "taken": scene.taken.isoformat(),
        "cloud_share": scene.cloud_share,
        "platform": scene.platform,
        "processing_baseline": scene.baseline,
        **scene.about,
    }


def _band_record(path: Path, band: SceneBand, cut: Cut) -> dict[str, Any]:
    return {
        "file": path.name,
        **stamp(path),
        "href": plain_address(band.href),
        "version": cut.version,
        "band": band.band,
        "crs": cut.grid.crs,
        "transform": list(cut.grid.transform),
        "height": cut.grid.height,
        "width": cut.grid.width,
        "overview": cut.overview,
        "nodata": None if cut.nodata is None else str(cut.nodata),
        "scale": cut.scale,
        "offset": cut.offset,
        "unit": band.unit,
    }


def _tags(about: Mapping[str, Any], band: SceneBand) -> dict[str, str]:
    """Return what a file says of itself, in the words of other layers."""
    title = f"{about['scene_id']}, {band.name}"
    named = {"title": title, "epoch": about["date"], "href": plain_address(band.href)}
    kept = ("source", "licence", "attribution", "processing_baseline", "boa_offset_applied")
    return {**named, **{key: str(about[key]) for key in kept if about.get(key)}}


def _digest(place: BaseGeometry, resolution_m: float | None) -> str:
    """Name a question, so that no answer to another is taken for it."""
    asked = f"{place.normalize().wkb_hex} {resolution_m}"
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _folders(found: Sequence[Scene], out: Path) -> dict[Path, Scene]:
    """Name a folder for each scene."""
    folders = {out / _file_name(scene.scene_id): scene for scene in found}
    if len(folders) < len(found):
        raise LayerError("two of the scenes have the same name; name one of their collections")
    return folders


def _file_name(text: str) -> str:
    """Make a name of a file out of one of a scene or band; other names never give the same."""
    name = re.sub(r"[^\w.-]", "_", text).lstrip(".")
    if name == text:
        return name
    return f"{name[:100]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be replaced: {error.strerror or error}") from error


def _move(aside: Path, path: Path) -> None:
    try:
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be replaced: {error.strerror or error}") from error
