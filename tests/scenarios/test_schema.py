"""The JSON Schema of scenario files: it takes what agglo reads, and refuses another shape."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agglo.scenarios.arguments import CHOICES, wanted_arguments
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.files import read_scenario
from agglo.scenarios.schema import argument_texts, described, scenario_schema, schema_text
from agglo.tables import FACILITIES, LAND_USES, MODES
from tests.conftest import REPOSITORY

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.toml"))
MALFORMED = Path(__file__).parent / "malformed"
REGION_ALONE = ("circle", "circle-back", "cost-falls", "no-such-area", "touches-nothing",
                "unknown-measure", "unknown-place")  # fmt: skip
"""What only a region, a folder or arithmetic can tell."""

NO_TOML = ("decimal-comma", "double-name", "endless-number", "latin-letters")


@pytest.fixture(scope="session")
def validator() -> Any:
    """Return a validator of the schema."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(scenario_schema())
    return jsonschema.Draft202012Validator(scenario_schema())


def faults(validator: Any, text: str) -> list[Any]:
    return list(validator.iter_errors(tomllib.loads(text)))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_fits(validator: Any, path: Path) -> None:
    assert faults(validator, path.read_text(encoding="utf-8")) == []


def malformed_names() -> list[str]:
    return sorted(path.stem for path in MALFORMED.glob("*.toml") if path.stem not in NO_TOML)


@pytest.mark.parametrize("name", malformed_names())
def test_a_file_that_breaks_the_shape_does_not_fit(validator: Any, name: str) -> None:
    found = faults(validator, (MALFORMED / f"{name}.toml").read_text(encoding="utf-8-sig"))
    assert bool(found) == (name not in REGION_ALONE)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ('speed_kmh = "80"\nlink = ["a"]', ["change", 0, "speed_kmh"]),
        ("speed_kmh = 80\nkm = [1]", ["change", 0, "km"]),
        ("speed_kmh = 80\nkm = [1, 2, 3]", ["change", 0, "km"]),
        ("speed_kmh = 80\nlink = [1]", ["change", 0, "link"]),
        ('speed_kmh = 80\npolygon = "a.gpkg"', ["change", 0, "polygon"]),
        ('speed_kmh = 80\nbasis = "guess"', ["change", 0, "basis"]),
        ("speed_kmh = 80\nlin = 1", ["change", 0]),
        ("road = 'M3'", ["change", 0]),
    ],
)
def test_a_fault_is_shown_where_it_stands_and_once(
    validator: Any, changes: str, path: list[object]
) -> None:
    found = faults(validator, f'title = "x"\n[[change]]\ndo = "set_speed"\n{changes}\n')
    assert [list(one.absolute_path) for one in found] == [path]


def values_of(name: str, body: dict[str, Any]) -> Any:
    """Make up a value by its schema."""
    if "enum" in body:
        return body["enum"][0]
    if "anyOf" in body:
        return values_of(name, body["anyOf"][-1])
    kind = body["type"]
    if kind == "array":
        return [values_of(name, body["items"])] * body.get("minItems", 1)
    if kind == "object":
        return {"x": values_of(name, body["additionalProperties"])}
    if "pattern" in body:
        return "drawn.geojson"
    return {"number": 0.5, "string": "x", "boolean": True}[kind]


@pytest.mark.parametrize("do", CHANGES)
def test_what_the_schema_takes_agglo_reads(validator: Any, do: str, tmp_path: Path) -> None:
    branch = scenario_schema()["$defs"][do]
    square = [[36, 55], [37, 55], [37, 56], [36, 55]]
    drawn = {"type": "Polygon", "coordinates": [square]}
    (tmp_path / "drawn.geojson").write_text(json.dumps(drawn), encoding="utf-8")
    given = {
        name: values_of(name, body) for name, body in branch["properties"].items() if name != "do"
    }
    for names in (list(given), [name for name in branch["required"] if name != "do"]):
        own = {name: given[name] for name in names}
        assert list(validator.iter_errors({"title": "x", "change": [{"do": do, **own}]})) == []
        lines = [f"{name} = {toml(value)}" for name, value in own.items()]
        path = tmp_path / "plan.toml"
        path.write_text(
            "\n".join(['title = "x"', "[[change]]", f'do = "{do}"', *lines]), encoding="utf-8"
        )
        read_scenario(path)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def test_every_change_is_a_branch_with_the_arguments_of_its_signature() -> None:
    schema = scenario_schema()
    items = schema["properties"]["change"]["items"]
    assert list(schema["$defs"]) == list(CHANGES)
    assert items["properties"]["do"]["enum"] == list(CHANGES)
    assert [one["then"]["$ref"] for one in items["allOf"]] == [f"#/$defs/{do}" for do in CHANGES]
    for do, branch in schema["$defs"].items():
        wanted = wanted_arguments(do)
        assert list(branch["properties"]) == ["do", *wanted, "basis", "why", "why_ru"]
        assert branch["properties"]["do"]["const"] == do
        needed = [name for name, item in wanted.items() if item.is_required]
        assert branch["required"] == ["do", *needed]
        assert not branch["additionalProperties"]
        assert all(body["description"] for body in branch["properties"].values())


def test_what_may_only_be_one_of_some_texts_is_an_enum() -> None:
    branches = scenario_schema()["$defs"]
    assert branches["add_facility"]["properties"]["kind"]["enum"] == list(FACILITIES)
    assert branches["set_land_use"]["properties"]["use"]["enum"] == list(LAND_USES)
    assert branches["add_line"]["properties"]["mode"]["enum"] == list(MODES)
    assert all(name in wanted_arguments(do) for do, name in CHOICES)


def test_shares_lie_between_0_and_1_and_units_are_told() -> None:
    branches = scenario_schema()["$defs"]
    share = branches["set_telework"]["properties"]["share"]
    assert (share["minimum"], share["maximum"]) == (0, 1)
    assert "km/h" in branches["set_speed"]["properties"]["speed_kmh"]["description"]
    assert branches["add_jobs"]["properties"]["jobs_count"]["minimum"] < 0


def test_a_cost_goes_with_its_source(validator: Any) -> None:
    head = 'title = "x"\n'
    assert faults(validator, f"{head}cost_mln_rub = [1, 2, 3]\n")
    assert faults(validator, f'{head}cost_source = "x"\n')
    assert not faults(validator, f'{head}cost_mln_rub = [1, 2, 3]\ncost_source = "x"\n')


PAINT = """Paint ``all``
bridges.

In summer.

Parameters
----------
colour
    Of the paint,
    such as red.
coats_count, shade
    As wanted.

Raises
------
ScenarioError
    In rain.
"""


def test_docstrings_say_what_a_change_does_and_arguments_where_they_list_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def paint(region: object) -> object:
        return region

    paint.__doc__ = PAINT
    monkeypatch.setitem(CHANGES, "paint", paint)  # type: ignore[arg-type]
    assert described("paint") == ("Paint 'all' bridges.", "Paint 'all' bridges.\n\nIn summer.")
    assert argument_texts("paint") == {
        "colour": "Of the paint, such as red.",
        "coats_count": "As wanted.",
        "shade": "As wanted.",
    }


def test_the_schema_has_the_same_bytes_in_every_process() -> None:
    code = "from agglo.scenarios.schema import schema_text; print(schema_text(), end='')"
    for seed in ("1", "2"):
        out = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            check=True,
        ).stdout
        assert out.replace(b"\r\n", b"\n") == schema_text().encode()


def test_the_schema_beside_the_scenarios_is_that_of_the_registered_changes() -> None:
    path = REPOSITORY / "scenarios" / "scenario.schema.json"
    assert path.read_text(encoding="utf-8") == schema_text()
