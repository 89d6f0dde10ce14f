"""The texts and colours of maps, read from the workspace's `maps/` folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agglo.errors import SettingsError

LANGUAGES = ("ru", "en")
TEXT_FILE = "text.toml"
THEME_FILE = "theme.toml"
RAMPS = {
    "ramp": 5,
    "ramp_down": 5,
    "worse_to_better": 7,
    "less_to_more": 7,
    "critical": 5,
}
COLOURS = ("missing", "flow", "rail", "road", "outline", "employer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The catalogue of texts in Russian and English."""

    texts: Mapping[str, Mapping[str, Mapping[str, str]]]

    def text(self, group: str, key: str, language: str) -> str:
        """Return one text; a key that the catalogue lacks stands for itself."""
        found = self.texts.get(group, {}).get(key, {})
        return found.get(language) or found.get("en") or key


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours and what is shown."""

    shown: tuple[str, ...]
    """Indicators that the map offers, the first one first."""

    key: tuple[str, ...]
    """Indicators of the whole region that the panel shows first."""

    ramps: Mapping[str, tuple[str, ...]]
    colours: Mapping[str, str]
    least_flow_count: float
    """Flows of fewer commuters than this are not drawn; they stay in flows.csv."""


def read_words(folder: Path) -> Words:
    """Read the catalogue of texts.

    Raises
    ------
    SettingsError
        If the file is absent or malformed.
    """
    return Words(texts=_read(folder / TEXT_FILE))


def read_theme(folder: Path) -> Theme:
    """Read the colours and classes.

    Raises
    ------
    SettingsError
        If the file is absent or malformed, or a ramp has the wrong number of colours.
    """
    raw = _read(folder / THEME_FILE)
    for name, count in RAMPS.items():
        if len(raw.get(name, ())) != count:
            raise SettingsError(f"{folder / THEME_FILE}: '{name}' must list {count} colours")
    lacking = [name for name in (*COLOURS, "shown", "key", "least_flow_count") if not raw.get(name)]
    if lacking:
        raise SettingsError(f"{folder / THEME_FILE}: lacks {', '.join(lacking)}")
    return Theme(
        shown=tuple(raw["shown"]),
        key=tuple(raw["key"]),
        ramps={name: tuple(raw[name]) for name in RAMPS},
        colours={name: raw[name] for name in COLOURS},
        least_flow_count=float(raw["least_flow_count"]),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: malformed TOML: {error}") from error
