"""Fetches published raster files: the tiles of a product that an area needs, or any by address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import geopandas as gpd

from agglo.errors import LayerError, OutputError
from agglo.layers.fetch.archives import unpack_rasters
from agglo.layers.fetch.asking import WAITS_S, check_address, plain_address
from agglo.layers.fetch.downloads import checksum, fetch_file
from agglo.layers.fetch.records import is_whole, read_record, stamp, write_record
from agglo.layers.product_tiles import (
    GHSL_RELEASES,
    copernicus_dem_tiles,
    ghsl_file_name,
    ghsl_tiles,
    worldcover_file_name,
    worldcover_tiles,
)

RECORD = "sources.json"
GHSL = (
    "https://jeodpp.jrc.ec.europa.eu/ftp/jrc-opendata/GHSL/"
    "{family}_GLOBE_{release}/{dataset}/{folder}/tiles/{stem}.zip"
)
WORLDCOVER = "https://esa-worldcover.s3.eu-central-1.amazonaws.com/{folder}/{epoch}/map/{stem}.tif"
COPERNICUS_DEM = "https://copernicus-dem-30m.s3.amazonaws.com/{stem}/{stem}.tif"
"""Where the makers keep their tiles; none of these patterns was tried online."""

GHSL_NAME = re.compile(
    r"(?P<dataset>(?P<family>GHS_[A-Z_]+)_E\d+_GLOBE_(?P<release>R\d+A)_54009_\d+)"
    r"_(?P<version>V\d+_\d+)_R\d+_C\d+"
)
FIELDS = ("family", "release", "dataset", "folder", "stem", "epoch", "resolution_m", "tile")
"""What an address template may name."""

Say = Callable[[str], None]


def fetch_rasters(
    product: str,
    out: Path,
    *,
    area: gpd.GeoDataFrame,
    epoch: str | int,
    resolution_m: int = 1000,
    url_template: str = "",
    sha256: Mapping[str, str] | None = None,
    progress: Say | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> tuple[Path, ...]:
    """Download the tiles of a product that an area needs; those that are there are kept.

    ``sources.json`` beside them says where each comes from, its licence and its checksum.

    Parameters
    ----------
    product
        'ghs_pop', 'ghs_built_s', 'ghs_land', 'ghs_smod', 'esa_worldcover' or
        'copernicus_dem_glo30'; or their ids with the release.
    area
        Polygons in any CRS.
    resolution_m
        Of GHSL: 10, 100 or 1000.
    url_template
        Another place than the makers' own, with fields in braces: {stem} is the name of the file
        without its ending; further FIELDS are named in this module.
    sha256
        By name of the tile, such as {'R3_C21': '…'}: the checksum of what is downloaded. Where
        one tile is needed, '' names it too.

    Raises
    ------
    LayerError
        If there is no such product, or a tile cannot be had.
    OutputError
        If the disk refuses.
    """
    known, addresses = _addresses(product, area, str(epoch), resolution_m, url_template)
    about = _about(known) | {"epoch": str(epoch)}
    sums = dict(sha256 or {})
    if len(addresses) == 1 and "" in sums:
        sums = {next(iter(addresses)): sums[""]}
    if strange := sorted(set(sums) - set(addresses)):
        raise LayerError(
            f"a checksum is given for '{', '.join(strange)}', the area needs "
            f"{', '.join(addresses)}; name the tile of each checksum"
        )
    found: list[Path] = []
    for tile, url in addresses.items():
        found += fetch_address(
            url, out, sha256=sums.get(tile), about=about, progress=progress, waits_s=waits_s
        )
    return tuple(found)


def fetch_address(
    url: str,
    out: Path,
    *,
    sha256: str | None = None,
    about: Mapping[str, str] | None = None,
    progress: Say | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> tuple[Path, ...]:
    """Download a raster, or an archive that holds some, into a folder, and record its source.

    Parameters
    ----------
    out
        The folder.
    sha256
        Checksum of what is downloaded.
    about
        What else the record says: product, licence, attribution, …

    Raises
    ------
    LayerError
        If it cannot be had, or is no raster.
    OutputError
        If the disk refuses.
    """
    check_address(url)
    say = progress or (lambda _: None)
    name = unquote(PurePosixPath(urlsplit(url).path).name)
    if not name or name != Path(name).name or name.startswith("."):
        raise LayerError(f"{plain_address(url)} does not end in the name of a file")
    record = read_record(out / RECORD)
    mine = {
        name: own
        for name, own in record.items()
        if isinstance(own, dict) and own.get("url") == plain_address(url)
    }
    if _there(out, mine, sha256):
        say(f"{', '.join(mine)}: there already")
        return tuple(out / found for found in mine)
    if (out / name).exists() and name not in mine:
        raise LayerError(
            f"{out / name} is there, and {RECORD} does not say that it comes from "
            f"{plain_address(url)}; move it away, or name another folder"
        )
    own = {"url": plain_address(url), **(about or {})}
    try:
        if "size" in mine.get(name, {}):
            (out / name).unlink(missing_ok=True)
        # Said before there is a file, so that a run that is killed leaves none of unknown origin.
        write_record(out / RECORD, record | {name: own})
        loaded = fetch_file(url, out / name, sha256=sha256, progress=progress, waits_s=waits_s)
        own["loaded_sha256"] = checksum(loaded)
        is_archive = loaded.suffix.lower() == ".zip"
        files = unpack_rasters(loaded, out) if is_archive else (loaded,)
        record.pop(name, None)
        record |= {path.name: own | stamp(path) for path in files}
        write_record(out / RECORD, record)
        if is_archive:
            loaded.unlink()
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error
    return files


def _addresses(
    product: str, area: gpd.GeoDataFrame, epoch: str, resolution_m: int, template: str
) -> tuple[str, dict[str, str]]:
    """Return the product's id and the address of each tile."""
    ghsl = next((one for one in GHSL_RELEASES if product in (one, one.rpartition("_")[0])), None)
    if ghsl is not None:
        names = {
            tile: ghsl_file_name(ghsl, epoch=epoch, resolution_m=resolution_m, tile=tile)
            for tile in ghsl_tiles(area)
        }
        return ghsl, _filled(names, template or GHSL, epoch, resolution_m)
    if product.startswith("esa_worldcover"):
        tiles = worldcover_tiles(area)
        names = {tile: worldcover_file_name(tile, epoch=epoch) for tile in tiles}
        version = next(iter(names.values())).split("_")[4]
        return f"esa_worldcover_{version}", _filled(names, template or WORLDCOVER, epoch, 10)
    if product == "copernicus_dem_glo30":
        names = {name: f"{name}.tif" for name in copernicus_dem_tiles(area)}
        return product, _filled(names, template or COPERNICUS_DEM, epoch, 30)
    known = [one.rpartition("_")[0] for one in GHSL_RELEASES]
    raise LayerError(
        f"no tiles are known of '{product}'; known: {', '.join(known)}, esa_worldcover, "
        "copernicus_dem_glo30; fetch other rasters by their address (--url)"
    )


def _filled(
    names: Mapping[str, str], template: str, epoch: str, resolution_m: int
) -> dict[str, str]:
    """Fill the template for each tile."""
    return {
        tile: _one_filled(
            template,
            dict.fromkeys(FIELDS, "") | _parts(name.removesuffix(".tif")),
            {"epoch": epoch, "resolution_m": str(resolution_m), "tile": tile},
        )
        for tile, name in names.items()
    }


def _one_filled(template: str, parts: Mapping[str, str], asked: Mapping[str, str]) -> str:
    try:
        return template.format(**{**parts, **asked})
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise LayerError(
            f"the address '{template}' cannot be filled ({error}); it may name "
            f"{', '.join(FIELDS)} in braces"
        ) from error


def _parts(stem: str) -> dict[str, str]:
    """Read the names of folders out of that of a file."""
    if found := GHSL_NAME.fullmatch(stem):
        parts = found.groupdict()
        return {**parts, "folder": parts["version"].replace("_", "-"), "stem": stem}
    version = re.search(r"_(v\d+)_", stem)
    return {"stem": stem, "folder": version[1] if version else ""}


def _about(product: str) -> dict[str, str]:
    """Return what the record says of a product."""
    from agglo.layers.products import PRODUCTS

    known = PRODUCTS[product]
    return {
        "product": known.id, "title": known.title, "source": known.cited,
        "licence": known.licence, "attribution": known.attribution,
    }  # fmt: skip


def _there(out: Path, mine: Mapping[str, Mapping[str, Any]], sha256: str | None) -> bool:
    """Tell whether all files that came from an address are whole, and of the checksum wanted."""
    is_wanted = sha256 is None or ":" in sha256
    return bool(mine) and all(
        (is_wanted or own.get("loaded_sha256") == str(sha256).lower()) and is_whole(out / name, own)
        for name, own in mine.items()
    )
