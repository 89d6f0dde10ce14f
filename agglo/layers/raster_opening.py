"""Opens raster files, and turns what GDAL says of a bad one into one clear sentence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agglo.errors import LayerError

if TYPE_CHECKING:
    import rasterio

CACHE_BYTES = 64 * 1024 * 1024
"""What GDAL may keep of decoded tiles; more gains nothing when each is read once."""

CONNECT_S = 10
ANSWER_S = 60
RETRIES = 3
RETRY_S = 0.5
"""Pause before the first retry; GDAL doubles it each time."""

FOLDERS = re.compile(r"^(/vsi[a-z0-9_]+/)+")
ANSWER = re.compile(r"HTTP (?:response code|error code)\s*: *(\d{3})", re.IGNORECASE)
NEXT_STEPS = {
    401: "it wants a login: check the address or its token",
    403: "it refuses: check the address, its token and the terms of the service",
    404: "nothing is there: check the address",
    410: "it is gone: look for a newer address",
    429: "too many requests: wait some minutes and start again",
}


def is_address(path: Path | str) -> bool:
    """Tell whether a raster lies on a server, or in another of GDAL's file systems."""
    return isinstance(path, str) and ("://" in path or path.startswith("/vsi"))


def gdal_options(path: Path | str) -> dict[str, str | int]:
    """Say how GDAL reads a raster: with a small cache, and an address with patience."""
    # With threads, tiles of a JPEG 2000 file that cannot be decoded are 0 without any error.
    options: dict[str, str | int] = {"GDAL_CACHEMAX": CACHE_BYTES, "GDAL_NUM_THREADS": 1}
    if not is_address(path):
        return options
    return options | {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_HTTP_CONNECTTIMEOUT": CONNECT_S,
        "GDAL_HTTP_TIMEOUT": ANSWER_S,
        "GDAL_HTTP_MAX_RETRY": RETRIES,
        "GDAL_HTTP_RETRY_DELAY": str(RETRY_S),
        "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    }


@contextmanager
def opened(path: Path | str) -> Iterator[rasterio.DatasetReader]:
    """Open a raster file for reading; what GDAL says of it becomes one sentence.

    Raises
    ------
    LayerError
        If it cannot be opened or, within the block, not be read.
    """
    with options_for(path):
        file = open_file(path)
        with file, translated(path):
            yield file


@contextmanager
def options_for(path: Path | str) -> Iterator[None]:
    """Set GDAL's options for one raster; they are as before once the block ends."""
    import rasterio

    with rasterio.Env(**gdal_options(path)):
        yield


def open_file(path: Path | str) -> rasterio.DatasetReader:
    """Open a raster that the caller closes; for reading, ``options_for`` must stand again.

    Raises
    ------
    LayerError
        If it cannot be opened.
    """
    import rasterio
    import rasterio.errors

    with options_for(path), translated(path), warnings.catch_warnings():
        # Whoever needs a place on the ground refuses the file by name.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return rasterio.open(path)


@contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """Turn whatever rasterio raises within the block into one sentence on this file."""
    import rasterio.errors

    try:
        yield
    except rasterio.errors.RasterioError as error:
        raise LayerError(_sentence(path, _said(error))) from error


def shown(path: Path | str) -> str:
    """Name a raster without the login or the signature that an address may carry."""
    if not is_address(path):
        return str(path)
    plain = FOLDERS.sub("", str(path))
    parts = urlsplit(plain)
    return f"{parts.scheme}://{_host(parts.netloc)}{parts.path}" if parts.scheme else plain


def _said(error: BaseException) -> str:
    """What GDAL said first stands behind what rasterio says last."""
    said = [str(error)]
    below = error.__cause__ or error.__context__
    while below is not None and len(said) < 5:
        said.append(str(below))
        below = below.__cause__ or below.__context__
    return " | ".join(said)


def _sentence(path: Path | str, said: str) -> str:
    if is_address(path):
        return _of_a_server(path, said)
    name = Path(path)
    if name.is_dir():
        return f"{path} is a folder, not a raster; name one file in it"
    if not name.exists() and "No such file" in said:
        return f"{path} is not there; check the name of the raster"
    if name.is_file() and name.stat().st_size == 0:
        return f"{path} is an empty file, not a raster; copy or download it again"
    if "not recognized" in said:
        return (
            f"{path} is no raster that can be read here; wanted a GeoTIFF or what else GDAL "
            "reads; unpack it if it is an archive, or download it again"
        )
    if "Read failed" in said or "ReadBlock" in said:
        size = f" of {name.stat().st_size:,} bytes" if name.is_file() else ""
        return (
            f"{path}: the file{size} is cut short or damaged, some of its cells cannot be read "
            f"({_last(said)}); copy or download it again"
        )
    return f"{path} cannot be read as a raster: {_last(said)}"


def _of_a_server(path: Path | str, said: str) -> str:
    address = shown(path)
    host = _host(urlsplit(FOLDERS.sub("", str(path))).netloc) or "the server"
    if answer := ANSWER.search(said):
        code = int(answer[1])
        hint = NEXT_STEPS.get(code, "try again later")
        return f"{address} cannot be read: {host} answered {code}; {hint}"
    if "CURL error" in said:
        return (
            f"{address} cannot be read: the connection to {host} failed or broke off "
            f"({_last(said)}); check the network and try again"
        )
    if "not recognized" in said:
        return f"{address} is no raster that can be read here; {host} sent something else"
    return (
        f"{address}: {host} did not send all that was asked for, or it is damaged ({_last(said)}); "
        "try again, or download it whole"
    )


def _last(said: str) -> str:
    """The most telling part: GDAL's own, on one line."""
    return " ".join(said.split(" | ")[-1].split()).rstrip(".")[:200]


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]
