"""Takes the rasters out of a zip archive: each whole or not at all, and never outside a folder."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from agglo.errors import LayerError
from agglo.folders import whole_file

SUFFIXES = (".tif", ".tiff")
PIECE = 1 << 20


def unpack_rasters(archive: Path, folder: Path) -> tuple[Path, ...]:
    """Unpack the GeoTIFFs of an archive; folders within it are left out of their names.

    Files of the same name that are there are replaced.

    Raises
    ------
    LayerError
        If the archive is damaged or locked, holds no GeoTIFF, two of one name, or more than
        there is room for.
    OutputError
        If a file cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            found = _rasters(opened, archive)
            _check_room(found, archive, folder)
            return tuple(_unpack(opened, one, folder) for one in found)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise LayerError(
            f"{archive} is a damaged archive ({error}); remove it and download it again"
        ) from error
    except RuntimeError as error:
        raise LayerError(f"{archive} cannot be unpacked: {error}; unpack it by hand") from error


def _rasters(opened: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """List the GeoTIFFs by their own names."""
    found = [one for one in opened.infolist() if _name(one).lower().endswith(SUFFIXES)]
    if not found:
        others = ", ".join(sorted(opened.namelist())[:5])
        raise LayerError(f"{archive} holds no GeoTIFF but {others}; check the address")
    if len({_name(one) for one in found}) < len(found):
        raise LayerError(f"{archive} holds two GeoTIFFs of one name; unpack it by hand")
    return sorted(found, key=_name)


def _name(member: zipfile.ZipInfo) -> str:
    """Return the last part of a member's name: no path in an archive is followed."""
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _check_room(members: list[zipfile.ZipInfo], archive: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed, free = sum(one.file_size for one in members), shutil.disk_usage(folder).free
    if needed > free:
        raise LayerError(
            f"{archive} unpacks to {needed / 1e6:,.0f} MB, in {folder} are {free / 1e6:,.0f} MB "
            "free; make room or name another folder"
        )


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    """Write one member; the checksum of the archive is held against it on the way."""
    path, aside = folder / _name(member), folder / f".{_name(member)}.new"
    aside.unlink(missing_ok=True)
    try:
        with whole_file(aside) as whole, opened.open(member) as source, whole.open("wb") as target:
            shutil.copyfileobj(source, target, PIECE)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path
