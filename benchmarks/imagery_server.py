"""A file server on loopback that knows ranges, answers late, and notes what it sent."""

from __future__ import annotations

import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DELAY_S = 0.05
"""Before every answer, as from a server some thousand kilometres away."""


def handler(folder: Path, log: Path, delay_s: float) -> type[BaseHTTPRequestHandler]:
    """Make the class that the server calls for every request.

    Parameters
    ----------
    log
        Takes one line for each request: the bytes sent.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.give()

        def do_GET(self) -> None:
            self.give()

        def give(self) -> None:
            time.sleep(delay_s)
            path = folder / self.path.lstrip("/")
            if path.suffix != ".tif" or path.parent != folder or not path.is_file():
                self.answer(404, b"", {})
                return
            size = path.stat().st_size
            headers = {"Accept-Ranges": "bytes", "ETag": '"1"', "Content-Type": "image/tiff"}
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
            first = int(asked[1]) if asked else 0
            last = min(int(asked[2]) if asked and asked[2] else size - 1, size - 1)
            if self.command == "HEAD":
                self.answer(200, b"", headers | {"Content-Length": str(size)})
                return
            with path.open("rb") as file:
                file.seek(first)
                body = file.read(last - first + 1)
            if asked:
                headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            self.answer(206 if asked else 200, body, headers)

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            with log.open("a", encoding="ascii") as file:
                file.write(f"{len(body)}\n")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the terminal clean."""

    return Handler


def main(folder: Path, log: Path, delay_s: float = DELAY_S) -> None:
    """Serve a folder until the process ends; say the port first."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(folder, log, delay_s))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
