"""Reads cells of a raster on a server, and tells a broken connection from a broken file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agglo.errors import LayerError
from agglo.layers.fetch.asking import LaterError, answered, quoted
from agglo.layers.fetch.downloads import TIFFS
from agglo.layers.raster_opening import is_address, options_for, shown, translated

if TYPE_CHECKING:
    import rasterio

FIRST_BYTES = 64
BEGINNINGS = (*TIFFS, b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
"""Of the rasters that can be read in parts: GeoTIFF, and JPEG 2000 in its box or bare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One band on a server or on disk, and what is known of it beside the file."""

    address: str
    band: int = 1
    crs: str = ""
    """Stands where the file has none."""

    nodata: float | None = None
    scale: float | None = None
    offset: float | None = None
    unit: str = ""


def asked_server(address: str) -> tuple[str, int | None]:
    """Ask for the first bytes: what a server says is told better here than GDAL would.

    Returns
    -------
    version, length
        The entity tag or the time of the last change; bytes of the file. Empty and None where
        nobody says, as of a file on disk.

    Raises
    ------
    LaterError
        If the server is busy or the connection breaks.
    LayerError
        If it refuses, sends no raster, or knows no ranges.
    """
    if not is_address(address):
        return "", None
    with answered(address, headers={"Range": f"bytes=0-{FIRST_BYTES - 1}"}) as response:
        kind = response.headers.get("Content-Type", "no type")
        begin = next(response.iter_content(FIRST_BYTES), b"")
        if not begin.startswith(BEGINNINGS):
            raise LayerError(
                f"{shown(address)} is {kind}, no GeoTIFF ('{quoted(begin.decode('latin-1'))}'); "
                "check the address (a login page?)"
            )
        if response.status_code != 206:
            raise LayerError(
                f"{shown(address)} cannot be read in parts: the server knows no ranges; download "
                "it whole (agglo fetch raster --url …)"
            )
        version = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
    return version, int(length) if length.isdigit() else None


@contextmanager
def opened_anew(address: str, level: int | None = None) -> Iterator[rasterio.DatasetReader]:
    """Open a raster or one of its overviews, remembering nothing of an earlier failure.

    Raises
    ------
    LaterError
        If a server fails.
    LayerError
        If a file on disk does.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    choice = {} if level is None else {"overview_level": level}
    # The patience is ours, not GDAL's: it tells nobody that it waits.
    fresh = {"CPL_VSIL_CURL_NON_CACHED": f"/vsicurl/{address}", "GDAL_HTTP_MAX_RETRY": 0}
    with (
        options_for(address),
        rasterio.Env(**(fresh if is_address(address) else {})),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with _plainly(address):
            file = rasterio.open(address, **choice)
        with file:
            yield file


def check_band(file: rasterio.DatasetReader, source: Source) -> None:
    """Refuse a band that is not there."""
    if not 1 <= source.band <= file.count:
        raise LayerError(
            f"{shown(source.address)} has {file.count} band(s); band {source.band} is not there"
        )


def read_cells(
    file: rasterio.DatasetReader, source: Source, part: tuple[int, int, int, int], size: int | None
) -> np.ndarray:
    """Read some rows and columns, from and to, as they are stored.

    Parameters
    ----------
    size
        Bytes of the file: a tile that lies beyond its end is not tried again.

    Raises
    ------
    LaterError
        If a server fails.
    LayerError
        If the file is cut short or damaged.
    """
    first, last, left, right = part
    try:
        with _plainly(source.address):
            return np.asarray(file.read(source.band, window=window(first, last, left, right)))
    except LaterError as error:
        if size is not None and _is_cut_short(file, source.band, part, size):
            raise LayerError(
                f"{shown(source.address)} is cut short on the server: cells of the area lie "
                f"beyond its {size:,} bytes; tell its keeper, or leave this scene out"
            ) from error
        raise


def window(first: int, last: int, left: int, right: int) -> Any:
    """Return rows and columns, from and to, as rasterio takes them."""
    from rasterio.windows import Window

    return Window(left, first, right - left, last - first)


@contextmanager
def _plainly(address: str) -> Iterator[None]:
    """Say of a server's raster that it may come better next time: its first bytes were right."""
    from rasterio.errors import RasterioError

    try:
        with translated(address):
            yield
    except LayerError as error:
        if not is_address(address) or not isinstance(error.__cause__, RasterioError):
            raise
        said = str(error.__cause__.__cause__ or error.__cause__)
        raise LaterError(f"{shown(address)} did not come in full ({quoted(said)})") from error


def _is_cut_short(
    file: rasterio.DatasetReader, band: int, part: tuple[int, int, int, int], size: int
) -> bool:
    first, last, left, right = part
    high, wide = file.block_shapes[band - 1]
    for row in range(first // high, (last - 1) // high + 1):
        for column in range(left // wide, (right - 1) // wide + 1):
            at, length = (
                file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", band)
                for what in ("OFFSET", "SIZE")
            )
            if at and length and int(at) + int(length) > size:
                return True
    return False
