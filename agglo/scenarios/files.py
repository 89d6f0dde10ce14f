"""Scenario files: TOML with a title and an ordered list of changes."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType

from agglo.errors import ScenarioError
from agglo.scenarios.changes import CHANGES
from agglo.tomlfile import check_keys, read_toml

BASELINE = "baseline"
TOP_KEYS = ("title", "title_ru", "description", "description_ru", "horizon", "change")
ABOUT_KEYS = ("do", "why", "why_ru", "basis")
HORIZONS = ("year", "day")
BASES = ("proposal", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of a scenario: the function's name and its arguments."""

    do: str
    arguments: Mapping[str, object]
    basis: str = "proposal"
    """'proposal' for planners to confirm, or 'source' where ``why`` names one."""

    why: str = ""
    why_ru: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named, ordered list of changes to the baseline."""

    name: str
    title: str
    title_ru: str
    description: str = ""
    description_ru: str = ""
    horizon: str = "year"
    """'year': commuters adapt, flows are estimated anew; 'day': a shock, flows stay."""

    steps: tuple[Step, ...] = field(default=())


def step(
    do: str, *, basis: str = "proposal", why: str = "", why_ru: str = "", **arguments: object
) -> Step:
    """Make one change for a scenario script, checked like one in a file.

    Raises
    ------
    ScenarioError
        For an unknown change or an argument that does not fit.

    Examples
    --------
    >>> step("set_headway", line="kiev_suburban", headway_min=30).do
    'set_headway'
    """
    raw = {"do": do, "basis": basis, "why": why, **arguments}
    if why_ru:
        raw["why_ru"] = why_ru
    return _step(raw, f"step '{do}'")


def read_scenario(path: Path) -> Scenario:
    """Read and check one scenario file; the names in it are checked when it is applied.

    Raises
    ------
    ScenarioError
        Naming file, change number and nearest match.
    """
    if not path.exists():
        raise ScenarioError(f"{path}: there is no such scenario file")
    raw = read_toml(path, error=ScenarioError)
    where = path.name
    check_keys(raw, TOP_KEYS, where, error=ScenarioError)
    title = _text(raw, "title", where, required=True)
    horizon = _text(raw, "horizon", where) or "year"
    if horizon not in HORIZONS:
        raise ScenarioError(f"{where}: horizon must be 'year' or 'day'; got '{horizon}'")
    changes = raw.get("change", [])
    if not isinstance(changes, list):
        raise ScenarioError(f"{where}: write each change under [[change]], with two brackets")
    return Scenario(
        name=path.stem,
        title=title,
        title_ru=_text(raw, "title_ru", where) or title,
        description=_text(raw, "description", where),
        description_ru=_text(raw, "description_ru", where),
        horizon=horizon,
        steps=tuple(_step(item, f"{where}, change {n}") for n, item in enumerate(changes, 1)),
    )


def find_scenario(name: str, folder: Path) -> Path:
    """Return the file of a scenario: a name in the workspace's folder, or a file.

    Raises
    ------
    ScenarioError
        With the nearest names where there is none.
    """
    own = folder / f"{name}.toml"
    if own.is_file():
        return own
    if Path(name).is_file():
        return Path(name)
    names = scenario_names(folder)
    near = difflib.get_close_matches(name, names, 3, 0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    raise ScenarioError(f"no scenario '{name}' in {folder} and no such file; {hint}")


def scenario_names(folder: Path) -> list[str]:
    """List the workspace's scenarios, the baseline first."""
    names = sorted(path.stem for path in folder.glob("*.toml"))
    return sorted(names, key=lambda name: name != BASELINE)


def _step(raw: object, where: str) -> Step:
    if not isinstance(raw, dict) or not isinstance(raw.get("do"), str):
        raise ScenarioError(f'{where}: needs do = "…", one of {", ".join(CHANGES)}')
    do = raw["do"]
    if do not in CHANGES:
        near = difflib.get_close_matches(do, CHANGES, 3, 0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(CHANGES)}"
        raise ScenarioError(f"{where}: unknown change '{do}'; {hint}")
    basis = raw.get("basis", "proposal")
    if basis not in BASES:
        raise ScenarioError(f"{where}: basis must be 'proposal' or 'source'; got {basis!r}")
    given = {key: value for key, value in raw.items() if key not in ABOUT_KEYS}
    arguments = checked_arguments(do, given, where)
    return Step(
        do=do,
        arguments=MappingProxyType(arguments),
        basis=basis,
        why=str(raw.get("why", "")),
        why_ru=str(raw.get("why_ru", raw.get("why", ""))),
    )


def checked_arguments(do: str, given: Mapping[str, object], where: str) -> dict[str, object]:
    """Check arguments against the signature of a change.

    Raises
    ------
    ScenarioError
        For an unknown, absent or ill-typed argument.
    """
    function = CHANGES[do]
    hints = typing.get_type_hints(function)
    wanted = {
        name: item
        for name, item in inspect.signature(function).parameters.items()
        if item.kind is inspect.Parameter.KEYWORD_ONLY
    }
    check_keys(given, tuple(wanted), f"{where} ({do})", error=ScenarioError)
    absent = [
        name
        for name, item in wanted.items()
        if item.default is inspect.Parameter.empty and name not in given
    ]
    if absent:
        raise ScenarioError(f"{where} ({do}): lacks {', '.join(absent)}")
    checked: dict[str, object] = {}
    for name, value in given.items():
        if not _fits(value, hints[name]):
            raise ScenarioError(
                f"{where} ({do}): {name} must be {_worded(hints[name])}; got {value!r}"
            )
        checked[name] = value
    return checked


def _fits(value: object, hint: object) -> bool:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return any(_fits(value, item) for item in inner)
    if hint is float:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        return is_number and bool(value == value)
    if hint in (str, bool, NoneType):
        return isinstance(value, typing.cast(type, hint))
    if origin is tuple:
        return (
            isinstance(value, list | tuple)
            and len(value) == len(inner)
            and all(_fits(item, wanted) for item, wanted in zip(value, inner, strict=True))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(_fits(v, inner[1]) for v in value.values())
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return (isinstance(value, str) and inner[0] is str) or (
            isinstance(value, list | tuple) and all(_fits(item, inner[0]) for item in value)
        )
    return False


def _worded(hint: object) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return " or ".join(_worded(item) for item in inner if item is not NoneType)
    if hint is float:
        return "a number"
    if hint is str:
        return "a text"
    if hint is bool:
        return "true or false"
    if origin is tuple:
        return f"a list of {len(inner)} numbers"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a table of numbers by name"
    return f"a list, each {_worded(inner[0])}"


def _text(raw: Mapping[str, object], key: str, where: str, *, required: bool = False) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise ScenarioError(f'{where}: needs {key} = "…" as a text; got {value!r}')
    return value
