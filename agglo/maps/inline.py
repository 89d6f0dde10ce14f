"""What every page of one file is made of: Leaflet and our parts inside, the network outside."""

from __future__ import annotations

import base64
import html
import importlib.metadata
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from agglo.errors import OutputError

ASSETS = Path(__file__).parent / "assets"

OUTSIDE = r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?!data:)[^\"']+"
"""What in a page would be loaded from elsewhere."""

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
"""Content security policy: the page may ask nobody for anything."""

HEAD_MARK, PANEL_MARK = "<!-- head -->", "<!-- panel -->"
LEAFLET_MARK, SCRIPT_MARK = "/* leaflet */", "/* script */"


def one_file(frame: str, parts: Mapping[str, str]) -> str:
    """Put our parts into the frame of a page, each at its mark.

    Raises
    ------
    OutputError
        If the frame points to the network, or a mark does not stand in it exactly once.
    """
    outside = re.findall(OUTSIDE, frame)
    if outside:
        raise OutputError(
            f"the map would ask the network for {outside[0][:120]}; nothing is written"
        )
    for mark in parts:
        if frame.count(mark) != 1:
            raise OutputError(f"the page has no place for {mark}; reinstall agglo")
    marks = "|".join(map(re.escape, parts))
    return re.sub(marks, lambda found: parts[found.group()], frame)


def head(title: str, styles: Sequence[str]) -> str:
    """Write policy, title and styles; the styles are names of our assets."""
    looks = "".join(f"<style>{asset(name)}</style>" for name in styles)
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{html.escape(title)}</title>{looks}"
    )


def leaflet_script() -> str:
    """Return Leaflet's script, fit to stand inside a page."""
    source = re.sub(r"//# sourceMappingURL=\S+", "", _leaflet("leaflet.js").decode())
    return source.replace("</script", "<\\/script")


def leaflet_style() -> str:
    """Return Leaflet's style with its pictures inside."""
    return re.sub(
        r"url\((?!data:|#)([^)]+)\)",
        lambda match: f"url({_data_uri(match.group(1))})",
        _leaflet("leaflet.css").decode(),
    )


def safe_json(data: object) -> str:
    """Write JSON that cannot leave its script element, whatever a name holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def asset(name: str) -> str:
    """Read one of our scripts or styles."""
    return (ASSETS / name).read_text(encoding="utf-8")


def _leaflet(name: str) -> bytes:
    try:
        package = importlib.metadata.distribution("XStatic-Leaflet")
        return Path(str(package.locate_file(f"xstatic/pkg/leaflet/data/{name}"))).read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise OutputError(
            f"Leaflet's {name} is not installed ({error}); reinstall agglo with its dependencies"
        ) from error


def _data_uri(path: str) -> str:
    content = base64.b64encode(_leaflet(path.strip("\"'"))).decode()
    return f"data:image/png;base64,{content}"


def page_frame(*, kind: str = "") -> str:
    """Return an empty page with marks for its parts; ``kind`` is the class of its body."""
    own = f' class="{kind}"' if kind else ""
    return f"""<!DOCTYPE html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{HEAD_MARK}
</head>
<body{own}>
{PANEL_MARK}
<div id="map" class="map"></div>
<script>{LEAFLET_MARK}</script>
<script>{SCRIPT_MARK}</script>
</body>
</html>
"""
