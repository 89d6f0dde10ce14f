"""Finds the scenes of a STAC catalogue that show an area at a time, with few clouds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from agglo.errors import LayerError
from agglo.layers.fetch.asking import WAITS_S, Caller, plain_address
from agglo.layers.fetch.catalogues import Wanted, collection_of, items_from, moment, span_of

if TYPE_CHECKING:
    import pystac

NOT_STATED = "not stated"
RASTERS = ("image/tiff", "image/vnd.stac.geotiff")
"""How the media types of files that can be read in windows begin; JPEG 2000 is none."""

BASELINES = ("s2:processing_baseline", "processing:version", "sentinel:processing_baseline")
OFFSET_APPLIED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
"""Where catalogues say that the offset of Sentinel-2's baseline 04.00 is in the numbers already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneBand:
    """One band of a scene: where it lies and what its numbers mean, as the catalogue says."""

    name: str
    """As it was asked for."""

    href: str
    """Address or path of the raster."""

    band: int = 1
    crs: str = ""
    nodata: float | None = None
    scale: float | None = None
    offset: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture of a satellite, or whatever else is an item of a STAC catalogue."""

    scene_id: str
    collection: str
    taken: datetime
    """Its first moment, in UTC."""

    cloud_share: float | None
    """Part of the whole scene, not of the area; None where nobody says."""

    footprint: BaseGeometry
    """In EPSG:4326."""

    bands: tuple[SceneBand, ...]
    platform: str = ""
    baseline: str = ""
    """Of the processing, such as '05.09' of Sentinel-2."""

    source: str = ""
    """Address of the catalogue."""

    licence: str = NOT_STATED
    attribution: str = NOT_STATED
    about: Mapping[str, str] = field(default_factory=dict)
    """Further properties that bear on the meaning of the numbers."""

    def __post_init__(self) -> None:
        """Freeze what is said about it."""
        object.__setattr__(self, "about", MappingProxyType(dict(self.about)))


def scenes(
    catalogue: str | Path,
    *,
    area: gpd.GeoDataFrame,
    dates: tuple[str, str],
    bands: Sequence[str] = (),
    collections: Sequence[str] = (),
    most_cloud_share: float | None = None,
    most_scenes: int | None = None,
    progress: Callable[[str], None] | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> tuple[Scene, ...]:
    """Find the scenes that show a part of an area, in order of time.

    Parameters
    ----------
    catalogue
        Address of a STAC API, or address or path of a catalog.json or collection.json.
    area
        Polygons in any CRS.
    dates
        First and last day, both included, such as ('2020-06-01', '2020-08-31').
    bands
        Names of assets ('red', 'B04', 'scl'), or names or common names of their bands.
    collections
        Ids; none means all.
    most_cloud_share
        Scenes with more clouds, or that do not say, are left out.
    most_scenes
        Only that many, the least cloudy ones.

    Raises
    ------
    LayerError
        If the catalogue cannot be read, nothing is found, or a scene lacks a band.
    """
    caller = Caller(say=progress or (lambda _: None), waits_s=waits_s)
    place = area_of(area)
    name = plain_address(str(catalogue))
    wanted = Wanted(
        bounds=place.bounds,
        dates=(moment(dates[0]), moment(dates[1], is_end=True)),
        collections=tuple(collections),
    )
    if wanted.dates[0] > wanted.dates[1]:
        raise LayerError(f"the dates run backwards, from {dates[0]} to {dates[1]}; swap them")
    found = {(i.collection_id, i.id): i for i in items_from(str(catalogue), wanted, caller=caller)}
    there = [one for one in found.values() if _footprint(one).intersects(place)]
    if not there:
        raise LayerError(
            f"{name} has no scene of the area ({_degrees(place.bounds)}) from {dates[0]} to "
            f"{dates[1]}; check both, and the collections"
        )
    chosen = _least_cloudy(there, most_cloud_share, most_scenes, name)
    caller.say(f"{name}: {len(chosen)} of {len(there)} scenes of the area and time chosen")
    made = [_scene(item, bands, name) for item in chosen]
    return tuple(sorted(made, key=lambda one: (one.taken, one.collection, one.scene_id)))


def area_of(area: gpd.GeoDataFrame) -> BaseGeometry:
    """Return polygons as one geometry in EPSG:4326.

    Raises
    ------
    LayerError
        If there is none, or the CRS is not known or does not fit.
    """
    if area.crs is None:
        raise LayerError("the area does not say its CRS; set it, such as EPSG:4326")
    moved = shapely.force_2d(area.geometry.dropna().to_crs(4326).union_all())
    if moved.is_empty or moved.area == 0 or not all(abs(edge) <= 180 for edge in moved.bounds):
        raise LayerError("the area holds no polygon on the earth; check its geometry and its CRS")
    return moved


def _least_cloudy(
    items: Sequence[pystac.Item], most_share: float | None, most_count: int | None, name: str
) -> list[pystac.Item]:
    """Leave out the cloudier ones."""
    if most_share is not None and not 0 <= most_share <= 1:
        raise LayerError(f"the share of clouds must be from 0 to 1, got {most_share}")
    if most_count is not None and most_count < 1:
        raise LayerError(f"at least one scene must be wanted, got {most_count}")
    known = {id(one): _cloud_share(one) for one in items}
    order = sorted(items, key=lambda one: (_clouds(known[id(one)]), one.id))
    chosen = [one for one in order if most_share is None or _clouds(known[id(one)]) <= most_share]
    if not chosen:
        least = known[id(order[0])]
        best = "none says how cloudy it is" if least is None else f"the least has {least:.0%}"
        raise LayerError(
            f"all {len(items)} scenes that {name} has of the area and time are cloudier than "
            f"{most_share:.0%} ({best}); allow more clouds or more days"
        )
    return chosen[:most_count]


def _clouds(share: float | None) -> float:
    """Rank a scene that does not say last."""
    return 2.0 if share is None else share


def _cloud_share(item: pystac.Item) -> float | None:
    found = item.properties.get("eo:cloud_cover")
    return None if found is None else float(found) / 100


def _footprint(item: pystac.Item) -> BaseGeometry:
    """Return where an item lies; everywhere, if it does not say: its raster will."""
    if item.geometry is not None:
        return shapely.make_valid(shapely.force_2d(shapely.geometry.shape(item.geometry)))
    if item.bbox is None:
        return shapely.box(-180, -90, 180, 90)
    half = len(item.bbox) // 2
    return shapely.box(item.bbox[0], item.bbox[1], item.bbox[half], item.bbox[half + 1])


def _scene(item: pystac.Item, bands: Sequence[str], source: str) -> Scene:
    span, collection, own = span_of(item), collection_of(item), item.properties
    if span is None:
        raise LayerError(f"scene '{item.id}' does not say when it was taken")
    providers = own.get("providers") or collection.get("providers") or []
    applied = next((own[key] for key in OFFSET_APPLIED if key in own), None)
    about = {} if applied is None else {"boa_offset_applied": str(applied).lower()}
    return Scene(
        scene_id=item.id,
        collection=item.collection_id or "",
        taken=span[0],
        cloud_share=_cloud_share(item),
        footprint=_footprint(item),
        bands=tuple(_scene_band(item, name, bool(applied)) for name in bands),
        platform=str(own.get("platform", "")),
        baseline=next((str(own[key]) for key in BASELINES if key in own), ""),
        source=source,
        licence=str(own.get("license") or collection.get("license") or NOT_STATED),
        attribution=", ".join(str(one["name"]) for one in providers) or NOT_STATED,
        about=about,
    )


def _scene_band(item: pystac.Item, name: str, is_offset_applied: bool) -> SceneBand:
    """Find a band, and what the catalogue says of its numbers (raster extension, STAC 1.1)."""
    key, number = _asset_key(item, name)
    asset = item.assets[key]
    own: dict[str, Any] = {**item.properties, **asset.extra_fields}
    of_bands: list[Mapping[str, Any]] = own.get("raster:bands") or own.get("bands") or []
    of_band = of_bands[number - 1] if len(of_bands) >= number else {}
    found = {**own, **of_band}

    def value(what: str) -> Any:
        return found.get(what, found.get(f"raster:{what}"))

    offset = _number(value("offset"))
    return SceneBand(
        name=name,
        href=_address(asset),
        band=number,
        crs=_crs(own),
        nodata=_number(value("nodata")),
        scale=_number(value("scale")),
        offset=0.0 if offset is not None and is_offset_applied else offset,
        unit=str(value("unit") or ""),
    )


def _address(asset: pystac.Asset) -> str:
    """Return where an asset lies: an address, or a path on disk."""
    if asset.href.startswith("file://"):
        return url2pathname(urlsplit(asset.href).path)
    return asset.get_absolute_href() or asset.href


def _asset_key(item: pystac.Item, name: str) -> tuple[str, int]:
    """Find the asset and the number of a band: by its key, else by what its bands are called."""
    if name in item.assets:
        return name, 1
    lower = {key.lower(): key for key in item.assets}
    if name.lower() in lower:
        return lower[name.lower()], 1
    found = []
    for key, asset in item.assets.items():
        called = asset.extra_fields.get("eo:bands") or asset.extra_fields.get("bands") or []
        for number, one in enumerate(called, start=1):
            names = (one.get("name"), one.get("common_name"), one.get("eo:common_name"))
            if name.lower() in {str(text).lower() for text in names if text}:
                is_raster = str(asset.media_type or "").startswith(RASTERS)
                found.append((not is_raster, len(called), key, number))
    if not found:
        raise LayerError(
            f"scene '{item.id}' has no band '{name}'; it has {', '.join(sorted(item.assets))}"
        )
    _, _, key, number = min(found)
    return key, number


def _crs(own: Mapping[str, Any]) -> str:
    if own.get("proj:code"):
        return str(own["proj:code"])
    if own.get("proj:epsg"):
        return f"EPSG:{own['proj:epsg']}"
    return str(own.get("proj:wkt2") or "")


def _number(value: Any) -> float | None:
    """Read a number; STAC writes 'nan' and 'inf' as words."""
    return None if value is None else float(value)


def _degrees(bounds: tuple[float, float, float, float]) -> str:
    west, south, east, north = bounds
    return f"{west:.2f}–{east:.2f}° E, {south:.2f}–{north:.2f}° N"
