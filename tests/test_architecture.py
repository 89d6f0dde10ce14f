"""Imports point down the floors, the network has one door, and start-up stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

from agglo.paths import builtin_workspace

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "agglo"
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "hints", "units", "paths"),
    ("tomlfile", "folders", "contents", "packed"),
    ("stages",),
    ("tables",),
    # both read what tables knows: statuses, contracts.
    ("parameters", "checks", "rasters"),
    ("region",),
    ("layers",),
    ("transport",),
    # transport lends commuting its array type and nothing else: half a floor above.
    ("commuting", "imagery"),
    ("territory", "cooperation", "evaluation"),
    ("indicators", "scenarios"),
    # run computes the scores, so scoring lies below it, unlike in design.md.
    ("scoring",),
    ("parts",),
    ("cases", "workspace"),
    ("traffic", "perturbed", "draws"),
    ("boundaries", "study", "prepared"),
    ("portrait", "evaluate", "concern"),
    ("uncertain_runs", "sweeps"),
    ("run", "methods"),
    ("comparison",),
    ("maps", "reach", "own_study"),
    ("output", "founding", "delineate", "degurba", "imagery_jobs"),
    ("change_jobs",),
    ("cli",),
    ("__main__",),
)
"""Rooms from the ground up: a module imports only from lower floors, or from its own room."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
NETWORK = (
    "aiohttp", "ftplib", "http", "httpx", "pooch", "pystac_client", "requests",
    "smtplib", "socket", "ssl", "urllib.request", "urllib3", "webbrowser",
)  # fmt: skip
DOOR = "agglo.layers.fetch"
HEAVY = (
    "branca", "exactextract", "folium", "geopandas", "networkx", "osmium", "pandas", "pyogrio",
    "rasterio", "scipy", "shapely",
)  # fmt: skip
TALKERS = ("cli", "layers.build", "layers.build.__main__")
"""Modules that may write to the terminal."""


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(name: str, path: Path) -> Iterator[str]:
    """Name every module that a module imports, in functions and for types too."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".")
                kept = len(package) - node.level + (path.name == "__init__.py")
                base = ".".join([*package[:kept], *filter(None, [base])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own_imports(name: str, path: Path) -> set[str]:
    """Keep what is a module of this package."""
    known = modules()
    return {item for item in imports(name, path) if item in known and item != "agglo"}


def room_of(name: str) -> str:
    return name.split(".")[1]


MODULES = modules()
NAMES = [name for name in MODULES if name != "agglo"]


@pytest.mark.parametrize("name", NAMES)
def test_every_module_lives_in_a_room_that_has_a_floor(name: str) -> None:
    assert room_of(name) in FLOOR


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_from_lower_floors(name: str) -> None:
    own = room_of(name)
    uphill = {
        item
        for item in own_imports(name, MODULES[name])
        if room_of(item) != own and FLOOR[room_of(item)] >= FLOOR[own]
    }
    assert uphill == set()


def test_the_floors_see_a_type_only_import_that_points_up(tmp_path: Path) -> None:
    module = tmp_path / "region.py"
    module.write_text("if TYPE_CHECKING:\n    from agglo.run import Result\n", encoding="utf-8")
    assert "agglo.run" in own_imports("agglo.region", module)


def test_a_relative_import_is_read_too(tmp_path: Path) -> None:
    module = tmp_path / "skims.py"
    module.write_text("from ..run import Result\nfrom . import network\n", encoding="utf-8")
    assert own_imports("agglo.transport.skims", module) >= {
        "agglo.run",
        "agglo.transport.network",
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = nx.DiGraph(
        (name, item) for name, path in MODULES.items() for item in own_imports(name, path)
    )
    assert len(graph) > 20
    assert list(nx.simple_cycles(graph)) == []


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(DOOR)])
def test_only_fetch_imports_what_opens_a_connection(name: str) -> None:
    found = {
        item
        for item in imports(name, MODULES[name])
        for door in NETWORK
        if item == door or item.startswith(f"{door}.")
    }
    assert found == set()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_below_the_commands_prints(name: str) -> None:
    calls = [
        node.lineno
        for node in ast.walk(tree_of(MODULES[name]))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert calls == [] or name.removeprefix("agglo.") in TALKERS


@pytest.mark.parametrize("name", NAMES)
def test_no_module_catches_everything_or_asserts(name: str) -> None:
    wrong = [
        node.lineno
        for node in ast.walk(tree_of(MODULES[name]))
        if (isinstance(node, ast.ExceptHandler) and node.type is None)
        or (isinstance(node, ast.ExceptHandler) and getattr(node.type, "id", "") == "BaseException")
        or isinstance(node, ast.Assert)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_in_a_docstring_what_it_is(name: str) -> None:
    assert ast.get_docstring(tree_of(MODULES[name]))


@pytest.mark.parametrize("name", ["agglo", "agglo.cli"])
def test_start_up_loads_no_heavy_package(name: str) -> None:
    if name not in MODULES:
        pytest.skip(f"{name} is not written yet")
    code = f"import sys, {name}; print(sorted(set(sys.modules) & {set(HEAVY)!r}), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_the_built_in_workspace_is_that_of_the_checkout() -> None:
    assert builtin_workspace() == ROOT
