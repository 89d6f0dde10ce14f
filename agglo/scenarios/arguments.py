"""The arguments that a change takes, read off its signature, and the check of what is given."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from types import NoneType, UnionType

from agglo.errors import ScenarioError
from agglo.scenarios.areas import Area, read_area
from agglo.scenarios.changes import CHANGES
from agglo.tables import FACILITIES, LAND_USES, MODES
from agglo.tomlfile import check_keys

MOST = 1e12
"""Numbers beyond this are slips of the pen: no region has so many of anything."""

SHOWN = 60
"""So many characters of a wrong value are shown."""

CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("add_facility", "kind"): FACILITIES,
    ("add_line", "mode"): MODES,
    ("set_land_use", "use"): LAND_USES,
}
"""Arguments of which only some texts make sense, by change and argument."""

SHARE_UNIT = "0 to 1"
UNITS: Mapping[str, str] = {
    "veh_per_h": "vehicles an hour", "teu_per_year": "TEU a year", "kmh": "km/h", "min": "minutes",
    "km": "km", "m2": "m²", "share": SHARE_UNIT, "rub": "RUB", "days": "days", "s": "seconds",
}  # fmt: skip
"""Ends of names → units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a change."""

    name: str
    hint: object
    """Its type, as the signature has it."""

    default: object
    is_required: bool
    choices: tuple[str, ...] = ()
    """The only texts allowed; empty means any."""

    @property
    def is_list(self) -> bool:
        """Whether it takes several texts or numbers of any count."""
        origin = typing.get_origin(self.hint)
        return isinstance(origin, type) and issubclass(origin, Sequence) and origin is not tuple

    @property
    def wanted(self) -> str:
        """What it takes, in words."""
        return worded(self.hint)

    @property
    def unit(self) -> str:
        """Unit by the end of its name; empty where it has none."""
        if "number" not in self.wanted:
            return ""
        return next(
            (unit for end, unit in UNITS.items() if f"_{self.name}".endswith(f"_{end}")), ""
        )


def wanted_arguments(do: str) -> dict[str, Argument]:
    """Return the arguments of a registered change in the order of its signature."""
    function = CHANGES[do]
    hints = typing.get_type_hints(function)
    return {
        name: Argument(
            name=name,
            hint=hints[name],
            default=item.default,
            is_required=item.default is inspect.Parameter.empty,
            choices=CHOICES.get((do, name), ()),
        )
        for name, item in inspect.signature(function).parameters.items()
        if item.kind is inspect.Parameter.KEYWORD_ONLY
    }


def checked_arguments(
    do: str, given: Mapping[str, object], where: str, *, folder: Path = Path()
) -> dict[str, object]:
    """Check arguments against the signature of a change; names of drawn areas become areas.

    Parameters
    ----------
    where
        What messages call the place: file and number of the change.
    folder
        Where GeoJSON files are looked up.

    Raises
    ------
    ScenarioError
        For an unknown, absent or ill-typed argument.
    """
    wanted = wanted_arguments(do)
    where = f"{where} ({do})"
    check_keys(given, tuple(wanted), where, error=ScenarioError)
    absent = [name for name, item in wanted.items() if item.is_required and name not in given]
    if absent:
        needed = "; ".join(f"{name} is {wanted[name].wanted}" for name in absent)
        raise ScenarioError(f"{where}: lacks {', '.join(absent)} ({needed})")
    return {name: _checked(value, wanted[name], where, folder) for name, value in given.items()}


def worded(hint: object) -> str:
    """Say in words what a type of argument takes."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return " or ".join(worded(item) for item in inner if item is not NoneType)
    plain: dict[object, str] = {float: "a number", str: "a text", bool: "true or false"}
    if hint in plain:
        return plain[hint]
    if hint is Area:
        return "the name of a GeoJSON file beside the scenario"
    if origin is tuple:
        return f"a list of {len(inner)} numbers"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a table of numbers by name"
    return f"a list, each {worded(inner[0])}"


def shown(value: object) -> str:
    """Show a value as TOML has it, shortened."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, list | tuple):
        text = f"[{', '.join(shown(item) for item in value)}]"
    elif isinstance(value, Mapping):
        pairs = ", ".join(f"{key} = {shown(item)}" for key, item in value.items())
        text = f"{{{pairs}}}"
    elif isinstance(value, int) and abs(value) > MOST:
        # Python refuses to write out integers of thousands of digits
        text = f"a whole number of {value.bit_length() * 3 // 10} digits"
    elif isinstance(value, str | float | int) or value is None:
        text = repr(value)
    else:
        text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _checked(value: object, item: Argument, where: str, folder: Path) -> object:
    if _takes_area(item.hint) and isinstance(value, str | Path):
        try:
            return read_area(folder / value)
        except ScenarioError as error:
            raise ScenarioError(f"{where}: {item.name}: {error}") from error
    if not _fits(value, item.hint):
        raise ScenarioError(
            f"{where}: {item.name} must be {item.wanted}; got {shown(value)}{_hint(value, item)}"
        )
    if item.choices and value not in item.choices:
        near = difflib.get_close_matches(str(value), item.choices, 1, 0.5)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ScenarioError(
            f"{where}: {item.name} must be one of {', '.join(item.choices)}; got {shown(value)}"
            f"{hint}"
        )
    return value


def _hint(value: object, item: Argument) -> str:
    """Say what the writer of a wrong value may have meant."""
    wants_number = item.wanted.startswith("a number")
    if isinstance(value, str) and wants_number:
        return "; numbers stand without quotes"
    if isinstance(value, bool):
        return ""
    if isinstance(value, list | tuple) and len(value) == 1 and not item.is_list:
        return "; leave the brackets out"
    if isinstance(value, Real) and wants_number:
        return f"; wanted a finite number of at most {MOST:g}"
    if isinstance(value, Real) and item.wanted == "a text":
        return '; texts stand in straight quotes: "…"'
    if isinstance(value, Mapping) and wants_number:
        return "; one number stands for all, without names"
    return ""


def _takes_area(hint: object) -> bool:
    return hint is Area or Area in typing.get_args(hint)


def _fits(value: object, hint: object) -> bool:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return any(_fits(value, item) for item in inner)
    if hint is float:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        return is_number and -MOST <= value <= MOST  # type: ignore[operator]
    if hint in (str, bool, NoneType, Area):
        return isinstance(value, typing.cast(type, hint))
    if origin is tuple:
        return (
            isinstance(value, list | tuple)
            and len(value) == len(inner)
            and all(_fits(item, wanted) for item, wanted in zip(value, inner, strict=True))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            isinstance(key, str) and _fits(item, inner[1]) for key, item in value.items()
        )
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return (isinstance(value, str) and inner[0] is str) or (
            isinstance(value, list | tuple) and all(_fits(item, inner[0]) for item in value)
        )
    return False
