"""The texts and colours of maps, read from the workspace's `maps/` folder."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agglo.errors import SettingsError
from agglo.indicators.registry import INDICATORS
from agglo.paths import builtin_workspace
from agglo.tomlfile import check_keys, read_toml

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
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
COLOURS = ("missing", "flow", "rail", "road", "outline", "employer", "closed")
NEEDED = (*COLOURS, "shown", "key", "least_flow_count")


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
    """Read the catalogue of texts; what a workspace's lacks, the built-in one says.

    So a workspace that was founded by an earlier version shows what is new in words too.

    Raises
    ------
    SettingsError
        If the file is absent or malformed.
    """
    texts = read_toml(folder / TEXT_FILE, error=SettingsError)
    for group, keys in texts.items():
        entries = keys.items() if isinstance(keys, dict) else [("", keys)]
        for key, entry in entries:
            if not isinstance(entry, dict) or not all(
                language in LANGUAGES and isinstance(text, str) for language, text in entry.items()
            ):
                wanted = " and ".join(LANGUAGES)
                raise SettingsError(
                    f"{folder / TEXT_FILE}: [{group}.{key}] needs texts in {wanted}"
                )
    pattern = builtin_workspace() / "maps" / TEXT_FILE
    builtin = read_toml(pattern, error=SettingsError)
    groups = dict.fromkeys([*builtin, *texts])
    return Words(
        texts={group: {**builtin.get(group, {}), **texts.get(group, {})} for group in groups}
    )


def read_theme(folder: Path) -> Theme:
    """Read the colours and classes.

    Raises
    ------
    SettingsError
        If the file is absent or malformed, or a ramp has the wrong number of colours.
    """
    raw = read_toml(folder / THEME_FILE, error=SettingsError)
    check_keys(raw, (*RAMPS, *NEEDED), str(folder / THEME_FILE), error=SettingsError)
    for name, count in RAMPS.items():
        if len(raw.get(name, ())) != count:
            raise SettingsError(f"{folder / THEME_FILE}: '{name}' must list {count} colours")
    lacking = [name for name in NEEDED if not raw.get(name)]
    if lacking:
        raise SettingsError(f"{folder / THEME_FILE}: lacks {', '.join(lacking)}")
    _check_theme(raw, folder / THEME_FILE)
    return Theme(
        shown=tuple(raw["shown"]),
        key=tuple(raw["key"]),
        ramps={name: tuple(raw[name]) for name in RAMPS},
        colours={name: raw[name] for name in COLOURS},
        least_flow_count=float(raw["least_flow_count"]),
    )


def _check_theme(raw: Mapping[str, Any], path: Path) -> None:
    colours = [raw[name] for name in COLOURS] + [c for name in RAMPS for c in raw[name]]
    for colour in colours:
        if not isinstance(colour, str) or not COLOUR.fullmatch(colour):
            raise SettingsError(f"{path}: a colour must look like '#1a9850'; got {colour!r}")
    for name in (*raw["shown"], *raw["key"]):
        if name not in INDICATORS:
            near = difflib.get_close_matches(str(name), INDICATORS, 1, 0.4)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(INDICATORS)}"
            raise SettingsError(f"{path}: unknown indicator '{name}'; {hint}")
    if not isinstance(raw["least_flow_count"], int | float):
        raise SettingsError(
            f"{path}: least_flow_count must be a number; got {raw['least_flow_count']!r}"
        )
