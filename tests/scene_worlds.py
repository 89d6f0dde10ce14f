"""A small STAC catalogue over rasters made from a formula, served on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.shutil
import shapely
from rasterio.io import MemoryFile
from shapely.geometry import mapping

from tests.servers import Asked, FileServer

CRS = "EPSG:32637"
WEST, NORTH, CELL_M = 400_000, 6_100_000, 10
SIDE, TILE = 4096, 512
Json = dict[str, Any]


@cache
def numbers(side: int = SIDE, seed: int = 0) -> np.ndarray:
    """Make numbers that do not compress, none of them 0."""
    return np.random.default_rng(seed).integers(1, 4000, (side, side)).astype("uint16")


@cache
def cog(side: int = SIDE, seed: int = 0, crs: str | None = CRS, nodata: int | None = None) -> bytes:
    """Write the numbers as a COG with overviews."""
    cell = CELL_M * SIDE / side
    about = {
        "driver": "GTiff", "height": side, "width": side, "count": 1, "dtype": "uint16",
        "crs": crs, "nodata": nodata, "transform": rasterio.Affine(cell, 0, WEST, 0, -cell, NORTH),
    }  # fmt: skip
    with MemoryFile() as rough, MemoryFile() as whole:
        with rough.open(**about) as file:
            file.write(numbers(side, seed), 1)
        rasterio.shutil.copy(
            rough.name, whole.name, driver="COG", compress="DEFLATE", level=1, blocksize=TILE,
            overview_resampling="average",
        )  # fmt: skip
        return bytes(whole.read())


def square(row: int, column: int, rows: int, columns: int) -> shapely.Polygon:
    """Return the ground of some cells of 10 m, a metre within their edges."""
    west, north = WEST + column * CELL_M, NORTH - row * CELL_M
    return shapely.box(west + 1, north - rows * CELL_M + 1, west + columns * CELL_M - 1, north - 1)


def frame(*shapes: shapely.Polygon, crs: str = CRS) -> gpd.GeoDataFrame:
    """Make an area of shapes in the CRS of the rasters, told in another."""
    return gpd.GeoDataFrame(geometry=list(shapes), crs=CRS).to_crs(crs)


@cache
def footprint() -> shapely.Polygon:
    """Return the ground of the rasters in degrees."""
    ground = shapely.box(WEST, NORTH - SIDE * CELL_M, WEST + SIDE * CELL_M, NORTH)
    return gpd.GeoSeries([ground], crs=CRS).to_crs(4326).iloc[0]


def item(name: str, assets: Mapping[str, Json], **properties: Any) -> Json:
    """Make an item over the ground of the rasters."""
    about = {"datetime": "2020-06-05T08:00:00Z", "eo:cloud_cover": 10.0, **properties}
    return {
        "type": "Feature", "stac_version": "1.0.0", "stac_extensions": [], "id": name,
        "collection": "s2", "geometry": mapping(footprint()), "bbox": list(footprint().bounds),
        "properties": about, "assets": dict(assets),
        "links": [{"rel": "collection", "href": "collection.json"}],
    }  # fmt: skip


def asset(href: str, **about: Any) -> Json:
    """Make an asset that is a COG."""
    return {"href": href, "type": "image/tiff; application=geotiff", **about}


def collection(items: Sequence[str], **changes: Any) -> Json:
    """Make a collection that leads to items."""
    return {
        "type": "Collection", "stac_version": "1.0.0", "id": "s2", "description": "scenes",
        "license": "CC-BY-4.0", "providers": [{"name": "ESA"}, {"name": "Кто-то"}],
        "extent": {
            "spatial": {"bbox": [[20, 40, 60, 70]]},
            "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
        },
        "links": [{"rel": "item", "href": href} for href in items], **changes,
    }  # fmt: skip


def catalogue(children: Sequence[str]) -> Json:
    """Make the root of a catalogue of files."""
    return {
        "type": "Catalog", "stac_version": "1.0.0", "id": "root", "description": "a world",
        "links": [{"rel": "child", "href": href} for href in children],
    }  # fmt: skip


def files_of(items: Sequence[Json]) -> dict[str, Json]:
    """Lay items out as a catalogue of files, by path; each collection has a folder."""
    laid: dict[str, Json] = {}
    names: dict[str, list[str]] = {}
    for one in items:
        own = names.setdefault(one["collection"], [])
        own.append(f"./{len(own)}.json")
        laid[f"/{one['collection']}/{own[-1].removeprefix('./')}"] = one
    for name, hrefs in names.items():
        laid[f"/{name}/collection.json"] = collection(hrefs, id=name)
    return {"/catalog.json": catalogue([f"./{name}/collection.json" for name in names]), **laid}


def serve(server: FileServer, items: Sequence[Json]) -> str:
    """Serve items as a catalogue of files; return the address of its root."""
    for path, content in files_of(items).items():
        server.put(path, content)
    return f"{server.url}/catalog.json"


def save(folder: Path, items: Sequence[Json]) -> Path:
    """Save items as a catalogue of files; return its root."""
    for path, content in files_of(items).items():
        file = folder / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    return folder / "catalog.json"


def serve_api(server: FileServer, items: Sequence[Json], *, page: int, has_post: bool) -> str:
    """Serve items through the search of an API, in pages; return its address."""
    core = "https://api.stacspec.org/v1.0.0/"
    search: Json = {"rel": "search", "href": f"{server.url}/api/search", "type": "application/json"}
    links = [search, *([{**search, "method": "POST"}] if has_post else [])]
    server.routes["/api"] = lambda _: {
        **catalogue([]), "links": links, "conformsTo": [f"{core}core", f"{core}item-search"]
    }  # fmt: skip

    def answer(asked: Asked) -> Json:
        question = json.loads(asked.body) if asked.body else {}
        start = int(question.get("token") or asked.query.get("token", ["0"])[0])
        then = str(start + page)
        following: Json = {"rel": "next", "href": f"{server.url}/api/search?token={then}"}
        if asked.method == "POST":
            body = {"token": then}
            following = {
                "rel": "next", "method": "POST", "href": f"{server.url}/api/search",
                "body": body, "merge": True,
            }  # fmt: skip
        more = start + page < len(items)
        return {
            "type": "FeatureCollection",
            "features": list(items[start : start + page]),
            "links": [following] if more else [],
        }

    server.routes["/api/search"] = answer
    return f"{server.url}/api"
