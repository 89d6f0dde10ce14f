"""A workspace: a folder with layers, scenarios, map texts and the settings of a region."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from agglo.errors import SettingsError, TableError
from agglo.layers.catalogue import read_layers
from agglo.layers.raster_catalogue import read_raster_layers
from agglo.parameters import Assumption, parameters_from_assumptions, with_value
from agglo.paths import SETTINGS_FILE, WORKSPACE_PARTS, is_workspace
from agglo.region import Region, check_crs, region_from_tables
from agglo.scoring.goals import Anchor, Goal
from agglo.scoring.uncertainty import Uncertainty
from agglo.scoring.weights import ANY_WEIGHTS, WeightSet
from agglo.territory.firmness import Spreads
from agglo.territory.rules import Rules
from agglo.tomlfile import check_keys, read_toml

REGION_KEYS = ("name_ru", "name_en", "crs")
GOAL_KEYS = ("id", "name_ru", "name_en", "headline")
ANCHOR_KEYS = ("id", "weight", "target_ratio", "target_change", "source")
WEIGHT_KEYS = ("id", "name_ru", "name_en", "goals")
SECTIONS = ("region", "model", "territory", "uncertainty", "parameters", "goal", "weights")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything a run reads, checked."""

    root: Path
    region: Region
    assumptions: Mapping[str, Assumption]
    goals: tuple[Goal, ...]
    congestion: bool = False
    """Whether the commuters' cars slow the roads down."""

    rules: Rules = field(default_factory=Rules)
    """Thresholds by which the agglomeration is delineated."""

    spreads: Spreads = field(default_factory=Spreads)
    """How the boundary is perturbed to see how firm it is."""

    uncertainty: Uncertainty = field(default_factory=Uncertainty)
    """How often runs are drawn, and from which seed."""

    weight_sets: tuple[WeightSet, ...] = ()
    """What goals weigh for groups of people."""

    @property
    def scenario_folder(self) -> Path:
        """The folder of the scenario files."""
        return self.root / "scenarios"

    @property
    def inputs_sha256(self) -> str:
        """One hash over every layer, assumption and goal: results compare only within it."""
        inputs = {
            "layers": {item.layer: item.sha256 for item in self.region.provenance},
            "assumptions": {name: asdict(item) for name, item in self.assumptions.items()},
            "goals": [asdict(goal) for goal in self.goals],
            "crs": self.region.crs,
            "congestion": self.congestion,
            "territory": {**asdict(self.rules), **asdict(self.spreads)},
            "uncertainty": asdict(self.uncertainty),
            "weights": [
                {"id": one.id, "goals": dict(sorted(one.weights.items()))}
                for one in self.weight_sets
            ],
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def open_workspace(root: Path | str = ".") -> Workspace:
    """Read and check a workspace.

    Raises
    ------
    SettingsError, LayerError, TableError
        Naming what is wrong, where, and the next step.
    """
    root = Path(root)
    if not is_workspace(root):
        parts = ", ".join(f"{part}/" for part in WORKSPACE_PARTS)
        raise SettingsError(
            f"{root.resolve()} is no workspace: it needs {SETTINGS_FILE}, {parts}; "
            "start in the folder that has them, or name it with --workspace"
        )
    settings = read_toml(root / SETTINGS_FILE, error=SettingsError)
    _check(settings, SECTIONS, "")
    about = _section(settings, "region", REGION_KEYS)
    with _named():
        check_crs(about["crs"])
    assumptions = _assumptions(settings.get("parameters"))
    goals = _goals(settings.get("goal"))
    rules, spreads = _territory(settings.get("territory", {}))
    tables, where, provenance = read_layers(root / "layers")
    rasters, own = read_raster_layers(root / "layers")
    region = region_from_tables(
        tables, **about, provenance=(*provenance, *own), rasters=rasters, where=where
    )
    return Workspace(
        root=root,
        region=region,
        assumptions=assumptions,
        goals=goals,
        congestion=_congestion(settings.get("model", {})),
        rules=rules,
        spreads=spreads,
        uncertainty=_uncertainty(settings.get("uncertainty", {})),
        weight_sets=_weight_sets(settings.get("weights", [])),
    )


def _section(settings: Mapping[str, object], name: str, keys: tuple[str, ...]) -> dict[str, str]:
    found = settings.get(name)
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in keys):
        raise SettingsError(f"{SETTINGS_FILE}: [{name}] needs the texts {', '.join(keys)}")
    _check(found, keys, f" [{name}]")
    return {key: found[key] for key in keys}


def _check(given: Mapping[str, object], known: Iterable[str], where: str) -> None:
    check_keys(given, known, f"{SETTINGS_FILE}{where}", error=SettingsError)


def _assumptions(raw: object) -> dict[str, Assumption]:
    if not isinstance(raw, dict):
        raise SettingsError(f"{SETTINGS_FILE}: lacks the [parameters] of the model")
    found = {}
    for name, item in raw.items():
        if isinstance(item, dict):
            _check(item, ("value", "low", "high", "status", "source"), f" [parameters.{name}]")
        try:
            numbers = {key: float(item[key]) for key in ("value", "low", "high")}
            texts = {key: str(item[key]) for key in ("status", "source")}
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"{SETTINGS_FILE}: [parameters.{name}] needs value, low, high as numbers, status "
                f"and source ({error})"
            ) from error
        with _named():
            found[name] = Assumption(
                name=name,
                value=numbers["value"],
                low=numbers["low"],
                high=numbers["high"],
                status=texts["status"],
                source=texts["source"],
            )
    with _named():
        own = parameters_from_assumptions(found)
        for name, assumption in found.items():
            for end in (assumption.low, assumption.high):
                with_value(own, name, end)
    return found


@contextmanager
def _named() -> Iterator[None]:
    """Name the settings file in what is wrong with a setting."""
    try:
        yield
    except (SettingsError, TableError) as error:
        raise SettingsError(f"{SETTINGS_FILE}: {error}") from error


def _congestion(raw: object) -> bool:
    if not isinstance(raw, dict) or not isinstance(raw.get("congestion", False), bool):
        raise SettingsError(f"{SETTINGS_FILE}: [model] needs congestion = true or false")
    _check(raw, ("congestion",), " [model]")
    return bool(raw.get("congestion", False))


def _territory(raw: object) -> tuple[Rules, Spreads]:
    """Read the thresholds of delineation and the perturbations; what is left out is usual."""
    if not isinstance(raw, dict):
        raise SettingsError(f"{SETTINGS_FILE}: [territory] must be a table of thresholds")
    kinds = {item.name: kind for kind in (Rules, Spreads) for item in fields(kind)}
    _check(raw, kinds, " [territory]")
    found: dict[type, dict[str, Any]] = {Rules: {}, Spreads: {}}
    for name, value in raw.items():
        numbers = value if isinstance(value, list) and value else [value]
        if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
            raise SettingsError(
                f"{SETTINGS_FILE}: [territory] {name} must be a number; got {value!r}"
            )
        found[kinds[name]][name] = tuple(map(float, value)) if isinstance(value, list) else value
    with _named():
        return Rules(**found[Rules]), Spreads(**found[Spreads])


def _uncertainty(raw: object) -> Uncertainty:
    """Read how often runs are drawn; what is left out is usual."""
    if not isinstance(raw, dict):
        raise SettingsError(f"{SETTINGS_FILE}: [uncertainty] must be a table of numbers")
    _check(raw, [item.name for item in fields(Uncertainty)], " [uncertainty]")
    for name, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingsError(
                f"{SETTINGS_FILE}: [uncertainty] {name} must be a whole number; got {value!r}"
            )
    with _named():
        return Uncertainty(**raw)


def _weight_sets(raw: object) -> tuple[WeightSet, ...]:
    """Read what goals weigh for groups of people; without any all goals weigh alike."""
    if not isinstance(raw, list):
        raise SettingsError(f"{SETTINGS_FILE}: write weight sets under [[weights]], two brackets")
    sets = []
    for number, item in enumerate(raw, 1):
        where = f"[[weights]] number {number}"
        _check(item, WEIGHT_KEYS, f" {where}")
        goals = item.get("goals")
        texts = all(isinstance(item.get(key), str) for key in WEIGHT_KEYS[:3])
        if not texts or not isinstance(goals, dict):
            raise SettingsError(
                f"{SETTINGS_FILE}: {where} needs id, name_ru, name_en and goals = {{ … }}"
            )
        for goal, weight in goals.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float):
                raise SettingsError(
                    f"{SETTINGS_FILE}: {where}: the weight of '{goal}' must be a number; "
                    f"got {weight!r}"
                )
        about = {key: item[key] for key in WEIGHT_KEYS[:3]}
        if about["id"] == ANY_WEIGHTS:
            raise SettingsError(
                f"{SETTINGS_FILE}: {where}: '{ANY_WEIGHTS}' stands for all weights; take another id"
            )
        with _named():
            sets.append(WeightSet(**about, weights=goals))
    ids = [one.id for one in sets]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        raise SettingsError(f"{SETTINGS_FILE}: weight set '{repeated[0]}' stands more than once")
    return tuple(sets)


def _goals(raw: object) -> tuple[Goal, ...]:
    if not isinstance(raw, list) or not raw:
        raise SettingsError(f"{SETTINGS_FILE}: lacks goals, each under [[goal]]")
    goals = []
    for number, item in enumerate(raw, 1):
        try:
            _check(item, (*GOAL_KEYS, "indicator"), f" [[goal]] number {number}")
            for one in item["indicator"]:
                _check(one, ANCHOR_KEYS, f" [[goal.indicator]] of goal {number}")
            with _named():
                goals.append(_goal(item))
        except SettingsError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"{SETTINGS_FILE}: [[goal]] number {number}: {error!r}") from error
    ids = [goal.id for goal in goals]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        raise SettingsError(f"{SETTINGS_FILE}: goal '{repeated[0]}' stands more than once")
    return tuple(goals)


def _goal(item: Mapping[str, Any]) -> Goal:
    anchors = tuple(
        Anchor(
            indicator=one["id"],
            weight=float(one["weight"]),
            target_ratio=one.get("target_ratio"),
            target_change=one.get("target_change"),
            source=str(one.get("source", "")),
        )
        for one in item["indicator"]
    )
    return Goal(
        id=item["id"],
        name_ru=item["name_ru"],
        name_en=item["name_en"],
        headline=_flag(item, "headline"),
        anchors=anchors,
    )


def _flag(item: Mapping[str, object], key: str) -> bool:
    found = item.get(key, False)
    if not isinstance(found, bool):
        raise TypeError(f"{key} must be true or false; got {found!r}")
    return found
