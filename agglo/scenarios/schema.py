"""The JSON Schema of scenario files, made from the signatures of the changes."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
import typing
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any

from agglo.scenarios.areas import Area
from agglo.scenarios.arguments import MOST, SHARE_UNIT, Argument, wanted_arguments
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.scenario import BASES, HORIZONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT = {"type": "string"}
TITLE = {"type": "string", "pattern": r"\S"}
NUMBER = {"type": "number", "minimum": -MOST, "maximum": MOST}
GEOJSON = {"type": "string", "pattern": r"\.([gG][eE][oO])?[jJ][sS][oO][nN]$"}
NAME = {"type": "string", "pattern": r"^[^/\\:]{1,100}$"}
TOP: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "title": ("What the scenario is called, in English.", TITLE),
    "title_ru": ("The same in Russian; left out, the English title stands for it.", TEXT),
    "description": ("One or two sentences in English.", TEXT),
    "description_ru": ("The same in Russian.", TEXT),
    "horizon": (
        "'year': commuters adapt and flows are estimated anew; 'day': a shock, flows stay. Left "
        "out it is 'year', or that of the scenarios it is made of.",
        {"enum": list(HORIZONS)},
    ),
    "extends": ("Scenario of this folder that this one goes on from, without '.toml'.", NAME),
    "measures": (
        "Scenarios of this folder that make up a package, in this order.",
        {"type": "array", "items": NAME, "minItems": 1, "uniqueItems": True},
    ),
    "cost_mln_rub": (
        "Cost in million roubles: low, middle, high, rising.",
        {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": MOST},
            "minItems": 3,
            "maxItems": 3,
        },
    ),
    "cost_source": ("Where the cost comes from, or who assumed it.", TITLE),
    "is_contrast": ("Whether it is shown for contrast and put to nobody.", {"type": "boolean"}),
}
ABOUT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "basis": (
        "'proposal' for planners to confirm, or 'source' where 'why' names one.",
        {"enum": list(BASES), "default": BASES[0]},
    ),
    "why": ("Source of the value, or why it is proposed, in English.", TEXT),
    "why_ru": ("The same in Russian.", TEXT),
}
HEADING = re.compile(r"\n\s*(Parameters|Returns|Raises|Examples|Notes|References)\n\s*-{3,}")


def scenario_schema() -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) by which editors complete and check scenario files.

    Each change is one branch of ``$defs``, chosen by ``do``. What depends on the region, such
    as names of roads, and how numbers hang together is checked by agglo alone.
    """
    top = {name: {"description": text, **kind} for name, (text, kind) in TOP.items()}
    return {
        "$schema": DIALECT,
        "title": "agglo scenario",
        "description": "What would be changed in the region, and why.",
        "type": "object",
        "required": ["title"],
        "additionalProperties": False,
        "dependentRequired": {"cost_mln_rub": ["cost_source"], "cost_source": ["cost_mln_rub"]},
        "properties": {
            **top,
            "change": {
                "description": "The changes, applied in the order of the file.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["do"],
                    "properties": {"do": {"enum": list(CHANGES)}},
                    # editors complete from here; true lets the conditions below do the checking
                    "anyOf": [*({"$ref": f"#/$defs/{do}"} for do in CHANGES), True],
                    # by condition, so that an editor marks the one argument that is wrong
                    "allOf": [
                        {"if": _says(do), "then": {"$ref": f"#/$defs/{do}"}} for do in CHANGES
                    ],
                },
            },
        },
        "$defs": {do: _branch(do) for do in CHANGES},
    }


def schema_text() -> str:
    """Return the schema as the text of a file, the same bytes each time."""
    return json.dumps(scenario_schema(), ensure_ascii=False, indent=2) + "\n"


def described(do: str) -> tuple[str, str]:
    """Return what the docstring of a change says: its first sentence, and all of its prose."""
    text = inspect.cleandoc(CHANGES[do].__doc__ or do)
    prose = HEADING.split(text)[0].strip().replace("``", "'")
    first, _, rest = prose.partition("\n\n")
    first = " ".join(first.split())
    return first, "\n\n".join([first, *(" ".join(part.split()) for part in rest.split("\n\n"))])


def argument_texts(do: str) -> dict[str, str]:
    """Return what the docstring of a change says of its arguments, where it lists them."""
    text = inspect.cleandoc(CHANGES[do].__doc__ or "")
    listed = re.search(r"\nParameters\n-{3,}\n(.*?)(\n\n\w+\n-{3,}|\Z)", text, re.DOTALL)
    if not listed:
        return {}
    found: dict[str, str] = {}
    entries = re.findall(r"^(\w[\w, ]*)\n((?:[ \t]+.*\n?|\n)+)", listed[1] + "\n", re.MULTILINE)
    for names, body in entries:
        words = " ".join(textwrap.dedent(body).split()).replace("``", "'")
        found.update({name.strip(): words for name in names.split(",")})
    return found


def in_words(item: Argument) -> str:
    """Say what an argument takes: 'A number, km/h'."""
    words = f"one of {', '.join(item.choices)}" if item.choices else item.wanted
    unit = f", {item.unit}" if item.unit else ""
    return f"{words[0].upper()}{words[1:]}{unit}"


def _branch(do: str) -> dict[str, Any]:
    title, prose = described(do)
    texts = argument_texts(do)
    wanted = wanted_arguments(do)
    about = {name: {"description": text, **kind} for name, (text, kind) in ABOUT.items()}
    return {
        "title": do,
        "description": prose.strip() or title,
        "type": "object",
        "required": ["do", *(name for name, item in wanted.items() if item.is_required)],
        "additionalProperties": False,
        "properties": {
            "do": {"const": do, "description": title},
            **{name: _property(item, texts.get(name, "")) for name, item in wanted.items()},
            **about,
        },
    }


def _says(do: str) -> dict[str, Any]:
    return {"properties": {"do": {"const": do}}, "required": ["do"]}


def _property(item: Argument, text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text or f"{in_words(item)}."}
    found.update({"enum": list(item.choices)} if item.choices else _kind(item.hint))
    if item.unit == SHARE_UNIT:
        found.update(minimum=0, maximum=1)
    if not item.is_required and item.default not in (None, "", ()):
        found["default"] = item.default
    return found


def _kind(hint: Any) -> dict[str, Any]:
    """Return the schema of one type of argument."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        kinds = [_kind(item) for item in inner if item is not NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    plain: dict[object, dict[str, Any]] = {
        float: NUMBER, str: TEXT, bool: {"type": "boolean"}, Area: GEOJSON
    }  # fmt: skip
    if hint in plain:
        return dict(plain[hint])
    if origin is tuple:
        return {
            "type": "array",
            "items": _kind(inner[0]),
            "minItems": len(inner),
            "maxItems": len(inner),
        }
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _kind(inner[1])}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        many = {"type": "array", "items": _kind(inner[0])}
        return {"anyOf": [TEXT, many]} if inner[0] is str else many
    raise TypeError(f"no schema for an argument of the type {hint}")
