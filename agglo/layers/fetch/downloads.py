"""Downloads a file: kept in part when it breaks off, whole under its name or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agglo.errors import LayerError
from agglo.layers.fetch.asking import (
    WAITS_S,
    Caller,
    LaterError,
    answered,
    check_address,
    patiently,
    plain_address,
    quoted,
)

if TYPE_CHECKING:
    import requests

PIECE = 1 << 16
"""Bytes read at once: no more are lost when the connection breaks."""

SAID_BYTES = 50_000_000
"""A line of progress comes after as many bytes."""

TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""What TIFF 6.0 and BigTIFF begin with, in either byte order."""

BEGINNINGS = {".zip": (b"PK\x03\x04",), ".tif": TIFFS, ".tiff": TIFFS}
"""What files of a kind begin with, by their ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What is there of a file, and which version of it that is."""

    path: Path

    @property
    def about(self) -> Path:
        """The note beside it that tells where it comes from."""
        return self.path.with_name(f"{self.path.name}.json")

    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def note(self) -> dict[str, str]:
        """Return what the note says; nothing if it is not there or not whole."""
        try:
            found = json.loads(self.about.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def remove(self) -> None:
        """Remove it and its note."""
        self.path.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)

    def kept(self) -> str:
        """Say where it is, if it is of any use."""
        if not self.size():
            return ""
        return f"; {_size(self.size())} are kept in {self.path}, the next run goes on from there"


def fetch_file(
    url: str,
    out: Path,
    *,
    sha256: str | None = None,
    progress: Callable[[str], None] | None = None,
    waits_s: Sequence[float] = WAITS_S,
) -> Path:
    """Download a file; one that is there already is left as it is.

    What was loaded before a break lies beside it as ``.NAME.part``. It is gone on from only if
    the server says that the file is still the same (an entity tag or a time, RFC 9110, 13.1.5).

    Parameters
    ----------
    out
        The file; its ending (.tif, .zip) is held against what comes.
    sha256
        Checksum; with 'md5:…' or 'sha1:…' one of those. A file there that differs is replaced.
    progress
        Is told in a line what was loaded, and before every wait.
    waits_s
        Waits before the second, third … try, where the server does not name its own.

    Raises
    ------
    LayerError
        If the server cannot be reached, refuses, stays busy or sends something else, the
        checksum differs, or the disk refuses.
    """
    check_address(url)
    caller = Caller(say=progress or (lambda _: None), waits_s=waits_s)
    part = _Part(path=out.with_name(f".{out.name}.part"))
    try:
        if out.is_file() and has_sum(out, sha256):
            caller.say(f"{out.name} is there")
            return out
        out.parent.mkdir(parents=True, exist_ok=True)
        patiently(
            lambda: _load_rest(url, part, out.suffix, caller), caller=caller, gained=part.size
        )
        _check_sum(part, sha256, url)
        part.path.replace(out)
        part.remove()
    except KeyboardInterrupt:
        caller.say(f"stopped{part.kept()}")
        raise
    except LayerError as error:
        raise LayerError(f"{error}{part.kept()}") from error
    except OSError as error:
        raise LayerError(
            f"{out} cannot be written: {error.strerror or error}; make room or name another "
            f"folder{part.kept()}"
        ) from error
    return out


def has_sum(path: Path, known: str | None) -> bool:
    """Tell whether a file has a checksum, given as in ``fetch_file``; none fits every file."""
    return known is None or checksum(path, like=known) == known.lower()


def checksum(path: Path, *, like: str = "") -> str:
    """Return the checksum of a file, SHA-256 or of the kind and in the form of another.

    Raises
    ------
    LayerError
        If nobody knows that kind.
    """
    import pooch

    kind, colon, _ = like.lower().rpartition(":")
    try:
        found = pooch.file_hash(str(path), alg=kind or "sha256")
    except ValueError as error:
        raise LayerError(f"the checksum '{like}' is of no known kind; give sha256") from error
    return f"{kind}{colon}{found}"


def _load_rest(url: str, part: _Part, suffix: str, caller: Caller) -> None:
    """Load what is missing; the note is written first, so that it belongs to every byte."""
    note, start = part.note(), part.size()
    if not (start and note.get("url") == plain_address(url) and note.get("version")):
        part.remove()
        start = 0
    asked = {"Range": f"bytes={start}-", "If-Range": note["version"]} if start else {}
    with answered(url, headers=asked) as response:
        if start and not _goes_on(response, start, note):
            if response.status_code != 200:
                part.remove()
                raise LaterError(f"{urlsplit(url).hostname} sent another part than asked for")
            start = 0
            caller.say(f"{part.path.name}: the server does not go on from there; from the start")
        if start and response.status_code == 416:
            return
        if response.status_code != (206 if start else 200):
            raise LayerError(
                f"{urlsplit(url).hostname} answered HTTP {response.status_code} to a plain "
                "question; download the file by hand"
            )
        total = _total(response, start)
        if not start:
            part.remove()
            _write_note(part, url, response)
        _take(response, part, start=start, total=total, suffix=suffix, caller=caller)
    if total is not None and part.size() != total:
        raise LaterError(f"{urlsplit(url).hostname} sent {part.size():,} of {total:,} bytes")


def _goes_on(response: requests.Response, start: int, note: Mapping[str, str]) -> bool:
    """Tell whether the answer is the rest of the version at hand."""
    spans = response.headers.get("Content-Range", "")
    if response.status_code == 416:
        return spans.replace(" ", "") == f"bytes*/{start}"
    version = _version(response)
    return (
        response.status_code == 206
        and spans.startswith(f"bytes {start}-")
        and version in ("", note["version"])
    )


def _version(response: requests.Response) -> str:
    """Return the strong entity tag, else the time of the last change, else nothing."""
    tag = str(response.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(response.headers.get("Last-Modified", ""))


def _total(response: requests.Response, start: int) -> int | None:
    """Return the length of the whole file, where the server tells it."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    found = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if found:
        return int(found[1])
    length = response.headers.get("Content-Length", "")
    return start + int(length) if length.isdigit() else None


def _write_note(part: _Part, url: str, response: requests.Response) -> None:
    note = {"url": plain_address(url), "version": _version(response)}
    part.about.write_text(json.dumps(note), encoding="utf-8")


def _take(
    response: requests.Response,
    part: _Part,
    *,
    start: int,
    total: int | None,
    suffix: str,
    caller: Caller,
) -> None:
    """Append the body to the part."""
    of = f" of {_size(total)}" if total is not None else ""
    said = size = start
    with part.path.open("ab") as file:
        for piece in response.iter_content(PIECE):
            if not size:
                _check_beginning(piece, suffix, response, part)
            file.write(piece)
            size += len(piece)
            if size - said >= SAID_BYTES:
                said = size
                caller.say(f"{part.path.name}: {_size(size)}{of}")
    caller.say(f"{urlsplit(response.url).hostname}: loaded {_size(size - start)}{of}")


def _check_beginning(piece: bytes, suffix: str, response: requests.Response, part: _Part) -> None:
    """Refuse a page, or anything else that is not what the name says, at its first bytes."""
    wanted = BEGINNINGS.get(suffix.lower())
    if wanted and not piece.startswith(wanted):
        part.remove()
        host = urlsplit(response.url).hostname
        kind = response.headers.get("Content-Type", "no type")
        text = quoted(piece[:2000].decode("utf-8", errors="replace"))
        raise LayerError(
            f"{host} sent no {suffix} file but {kind} ('{text}') for "
            f"{plain_address(response.url)}; check the address (a login page?)"
        )


def _check_sum(part: _Part, sha256: str | None, url: str) -> None:
    if not has_sum(part.path, sha256):
        got = checksum(part.path, like=str(sha256))
        part.remove()
        raise LayerError(
            f"{plain_address(url)} has the checksum {got}, wanted {sha256}: it has changed or "
            "was damaged, and is not kept; check the sum where it is published, and run again"
        )


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
