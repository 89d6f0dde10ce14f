"""A small file server on loopback: it knows ranges, keeps a log, and fails on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TYPES = {"json": "application/json", "tif": "image/tiff", "zip": "application/zip"}


@dataclass(frozen=True)
class Fault:
    """What the server does instead of its answer."""

    status: int = 200
    body: bytes | None = None
    """Sent in place of the file; None stands for the file itself."""

    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Bytes of the body after which the connection ends."""

    is_silent: bool = False
    """Nothing comes until the server stops."""

    ignores_range: bool = False


@dataclass(frozen=True)
class Asked:
    """One request, as the server saw it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    span: tuple[int, int] | None
    """First byte and the one after the last of the range asked for."""

    headers: Mapping[str, str]
    body: bytes = b""


class FileServer:
    """Serves bytes by path, with HTTP ranges, entity tags and faults on demand."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.sent: dict[str, int] = defaultdict(int)
        """Bytes of bodies, by path."""

        self.faults: dict[str, list[Fault | None]] = defaultdict(list)
        """For the next requests, by path; None stands for the true answer."""

        self.routes: dict[str, Callable[[Asked], Any]] = {}
        """Answers in JSON that depend on the question, by path."""

        self.moved: dict[str, str] = {}
        self.has_ranges = True
        self.has_tags = True
        self.heeds_if_range = True
        self.stopping = threading.Event()

    def __enter__(self) -> FileServer:
        self.server = _QuietServer(("127.0.0.1", 0), handler_of(self))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def put(self, path: str, content: bytes | Mapping[str, Any]) -> str:
        """Serve bytes, or a mapping as JSON; return the address."""
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.files[path] = text
        return self.url + path

    def spans(self, path: str) -> list[tuple[int, int]]:
        """List the ranges asked for at a path, in order of arrival."""
        return [one.span for one in self.asked if one.path == path and one.span]

    def requests(self, path: str) -> list[Asked]:
        """List what was asked at a path."""
        return [one for one in self.asked if one.path == path]

    def tag(self, path: str) -> str:
        """Return the entity tag of what a path serves now."""
        return f'"{hashlib.sha256(self.files[path]).hexdigest()[:16]}"'


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that hung up."""


def span_of(header: str | None) -> tuple[int, int] | None:
    """Read the header of a single range; the end may be left open."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", header or "")
    if found is None:
        return None
    return int(found[1]), int(found[2]) + 1 if found[2] else 1 << 60


def handler_of(fake: FileServer) -> type[_Handler]:
    """Make the class that the server calls for every request."""
    return type("BoundHandler", (_Handler,), {"fake": fake})


class _Handler(BaseHTTPRequestHandler):
    fake: FileServer
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self) -> None:
        self.give()

    def do_HEAD(self) -> None:
        self.give()

    def do_POST(self) -> None:
        self.give(self.rfile.read(int(self.headers["Content-Length"])))

    def give(self, body: bytes = b"") -> None:
        parts = urlsplit(self.path)
        span = span_of(self.headers["Range"])
        asked = Asked(
            self.command, parts.path, parse_qs(parts.query), span, dict(self.headers), body
        )
        self.fake.asked.append(asked)
        planned = self.fake.faults[parts.path]
        fault = (planned.pop(0) if planned else None) or Fault()
        if fault.is_silent:
            self.fake.stopping.wait(20)
            self.close_connection = True
            return
        if parts.path in self.fake.moved:
            self.reply(302, b"", {"Location": self.fake.moved[parts.path]}, fault)
        elif fault.body is not None or fault.status != 200:
            self.reply(fault.status, fault.body or b"", dict(fault.headers), fault)
        elif parts.path in self.fake.routes:
            text = json.dumps(self.fake.routes[parts.path](asked)).encode()
            self.reply(200, text, {"Content-Type": "application/json"}, fault)
        elif parts.path in self.fake.files:
            self.give_file(parts.path, span, fault)
        else:
            self.reply(404, b"not found", {}, fault)

    def give_file(self, path: str, span: tuple[int, int] | None, fault: Fault) -> None:
        content = self.fake.files[path]
        kind = TYPES.get(path.rsplit(".", 1)[-1], "application/octet-stream")
        headers = {"Content-Type": kind, **fault.headers}
        if self.fake.has_tags:
            headers["ETag"] = self.fake.tag(path)
        if self.fake.has_ranges:
            headers["Accept-Ranges"] = "bytes"
        unchanged = self.headers["If-Range"] in (None, headers.get("ETag"))
        unchanged = unchanged or not self.fake.heeds_if_range
        ignored = fault.ignores_range or not self.fake.has_ranges or not unchanged
        if span is None or ignored:
            self.reply(200, content, headers, fault)
        elif span[0] >= len(content):
            headers["Content-Range"] = f"bytes */{len(content)}"
            self.reply(416, b"", headers, fault)
        else:
            first, end = span[0], min(span[1], len(content))
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(content)}"
            self.reply(206, content[first:end], headers, fault)

    def reply(self, status: int, body: bytes, headers: dict[str, str], fault: Fault) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        part = body if fault.cut_after is None else body[: fault.cut_after]
        if fault.cut_after is not None:
            self.close_connection = True
        try:
            self.wfile.write(part)
            self.fake.sent[urlsplit(self.path).path] += len(part)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the terminal clean."""
