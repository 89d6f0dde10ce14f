"""The commands about scenario files, run as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from agglo.cli.scenario_files import (
    scenario_changes_command,
    scenario_check_command,
    scenario_schema_command,
)
from agglo.errors import OutputError, ScenarioError
from agglo.scenarios.changes import CHANGES
from agglo.scenarios.schema import schema_text

ROOT = Path(__file__).parents[2]
app = typer.Typer()
app.command("check")(scenario_check_command)
app.command("schema")(scenario_schema_command)
app.command("changes")(scenario_changes_command)
PLAN = """
title = "Jobs"
[[change]]
do = "add_jobs"
zone = "vorsino"
jobs_count = 400
"""


def called(*words: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def test_a_sound_file_is_told_change_by_change_with_its_warnings(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    code, out, error = called("check", plan, "-w", ROOT)
    assert (code, error) == (0, "")
    assert "plan: Jobs" in out
    assert "zones: vorsino; concerns 400" in out
    assert "warning, scenario (cost_absent): no cost is stated" in out
    assert "warning, change 1 (proposal_without_why)" in out
    assert "3 value(s) touched by 1 change(s), 3 warning(s)" in out
    _, out, _ = called("check", plan, "-w", ROOT, "--ru")
    assert "стоимость не указана" in out
    assert list(tmp_path.iterdir()) == [plan]


def test_a_scenario_of_the_workspace_is_told_by_its_name() -> None:
    code, out, _ = called("check", "polycentric-housing", "-w", ROOT)
    assert code == 0
    assert "shift_population       35 value(s) of zones: balabanovo, maloyaroslavets" in out
    assert "and 2 more; concerns 12,000" in out


def test_every_file_is_looked_at_and_faults_end_with_2(tmp_path: Path) -> None:
    plan, bad = tmp_path / "plan.toml", tmp_path / "bad.toml"
    plan.write_text(PLAN, encoding="utf-8")
    bad.write_text(PLAN.replace("zone", "zon"), encoding="utf-8")
    code, out, error = called("check", bad, plan, "nowhere", "-w", ROOT)
    assert code == 2
    assert "plan: Jobs" in out
    assert "error: bad.toml, change 1 (add_jobs): unknown key 'zon'; did you mean 'zone'?" in error
    assert "error: no scenario 'nowhere'" in error
    assert "2 of 3 cannot be run" in error


def test_the_schema_is_shown_or_written_to_a_new_file(tmp_path: Path) -> None:
    code, out, _ = called("schema")
    assert (code, out) == (0, schema_text())
    path = tmp_path / "scenario.schema.json"
    code, out, _ = called("schema", "--out", path)
    assert code == 0
    assert "#:schema ./scenario.schema.json" in out
    assert path.read_bytes() == schema_text().encode()
    assert json.loads(path.read_text(encoding="utf-8"))["type"] == "object"
    with pytest.raises(OutputError, match="is there already"):
        called("schema", "--out", path)


def test_the_changes_are_listed_with_their_arguments() -> None:
    code, out, _ = called("changes")
    assert code == 0
    for do in CHANGES:
        assert f"{do}: " in out
    assert "speed_kmh                A number, km/h\n" in out
    code, out, _ = called("changes", "add_facility")
    assert "One of hub, airport, hospital" in out
    assert "length_km                A number, km (0.5 if left out)" in out
    assert "set_speed" not in out
    with pytest.raises(ScenarioError, match="unknown change 'set_sped'; did you mean set_speed"):
        called("changes", "set_sped")
