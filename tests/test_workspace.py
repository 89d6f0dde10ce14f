"""Workspaces: read whole, or refused with what is wrong and where."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agglo.errors import LayerError, SettingsError, TableError
from agglo.parameters import parameters_from_assumptions
from agglo.tables import TABLES
from agglo.territory.firmness import Spreads
from agglo.territory.rules import Rules
from agglo.workspace import Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the built-in workspace to break it."""
    for part in ("layers", "scenarios"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "maps").mkdir()
    shutil.copy(ROOT / "agglo.toml", tmp_path)
    return tmp_path


def with_settings(folder: Path, old: str, new: str) -> Path:
    path = folder / "agglo.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_the_built_in_workspace_opens_whole(workspace: Workspace) -> None:
    assert set(workspace.region.tables) == set(TABLES)
    assert workspace.region.name_en == "Obninsk–Vorsino agglomeration"
    assert {goal.id for goal in workspace.goals} >= {"labour_mobility", "multi_focus"}
    assert parameters_from_assumptions(workspace.assumptions).decay_per_min == 0.06
    assert workspace.scenario_folder == workspace.root / "scenarios"


def test_every_layer_says_where_it_comes_from(workspace: Workspace) -> None:
    for item in workspace.region.provenance:
        assert item.title
        assert item.source
        assert item.licence
        assert "edited" not in item.note


def test_the_same_folder_gives_the_same_hash(workspace: Workspace, folder: Path) -> None:
    assert open_workspace(folder).inputs_sha256 == open_workspace(workspace.root).inputs_sha256


def test_a_changed_layer_assumption_or_goal_changes_the_hash(
    workspace: Workspace, folder: Path
) -> None:
    hashes = {workspace.inputs_sha256}
    hashes.add(open_workspace(with_settings(folder, "value = 0.06", "value = 0.07")).inputs_sha256)
    hashes.add(open_workspace(with_settings(folder, "weight = 3", "weight = 4")).inputs_sha256)
    wages = folder / "layers" / "wages.csv"
    wages.write_text(wages.read_text(encoding="utf-8").replace("131447.1", "131447.2"), "utf-8")
    hashes.add(open_workspace(folder).inputs_sha256)
    hashes.add(replace(workspace, goals=workspace.goals[:1]).inputs_sha256)
    assert len(hashes) == 5


def test_an_edited_layer_says_so(folder: Path) -> None:
    wages = folder / "layers" / "wages.csv"
    wages.write_text(wages.read_text(encoding="utf-8").replace("131447.1", "131447.2"), "utf-8")
    edited = [i.layer for i in open_workspace(folder).region.provenance if "edited" in i.note]
    assert edited == ["wages"]


@pytest.mark.parametrize("part", ["layers", "scenarios", "maps", "agglo.toml"])
def test_a_folder_that_lacks_a_part_is_no_workspace(folder: Path, part: str) -> None:
    (folder / part).rename(folder / "away")
    with pytest.raises(SettingsError, match=r"is no workspace: it needs agglo.toml, layers/"):
        open_workspace(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[region]", "[region", "agglo.toml: malformed TOML"),
        ("[region]", "[regoin]", "agglo.toml: unknown key 'regoin'; did you mean 'region'"),
        ('name_en = "Obninsk', 'english = "Obninsk', r"\[region\] needs the texts"),
        ('crs = "EPSG:32637"', "crs = 32637", r"\[region\] needs the texts"),
        ("[parameters.wait_share]", "[parameters.wait_time]", "lacks wait_share and does not know"),
        ("value = 0.06", 'value = "quick"', r"\[parameters.decay_per_min\] needs value, low"),
        ("low = 0.045\n", "", r"\[parameters.decay_per_min\] needs value.*'low'"),
        ("low = 0.045", "low = 0.07", "low 0.07 ≤ value 0.06 ≤ high 0.08 does not hold"),
        ("low = 0.045", "low = 0.0", "decay_per_min must be above 0 and finite; got 0.0"),
        ("high = 0.08", "high = inf", "decay_per_min must be above 0 and finite; got inf"),
        ('status = "assumed"', 'status = "sure"', "status must be one of observed"),
        ('id = "labour_mobility"', 'id = "happiness"', "unknown goal 'happiness'"),
        ('id = "multi_focus"', 'id = "labour_mobility"', "'labour_mobility' stands more than once"),
        ('id = "jobs_by_decay"', 'id = "jobs_by_magic"', "'jobs_by_magic' is not registered"),
        ("target_ratio = 1.2", "target_rato = 1.2", "'target_rato'; did you mean 'target_ratio'"),
        ("target_ratio = 1.2", 'target_ratio = "1.2"', r"\[\[goal\]\] number 1"),
        ("target_ratio = 1.2", "target_ratio = -1.2", "the target must be better"),
        ("weight = 3\n", "", r"\[\[goal\]\] number 1: KeyError\('weight'\)"),
        ("headline = true", 'headline = "no"', "headline must be true or false; got 'no'"),
    ],
)
def test_wrong_settings_are_refused_when_the_workspace_is_opened(
    folder: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        open_workspace(with_settings(folder, old, new))


def test_settings_without_parameters_or_goals_are_refused(folder: Path) -> None:
    path = folder / "agglo.toml"
    text = path.read_text(encoding="utf-8")
    about, rest = text.split("[parameters.", 1)
    path.write_text(about, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"lacks the \[parameters\] of the model"):
        open_workspace(folder)
    path.write_text(about + "[parameters." + rest.split("[[goal]]")[0], encoding="utf-8")
    with pytest.raises(SettingsError, match=r"lacks goals, each under \[\[goal\]\]"):
        open_workspace(folder)


def test_settings_with_a_byte_order_mark_read_the_same(folder: Path, workspace: Workspace) -> None:
    path = folder / "agglo.toml"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert open_workspace(folder).inputs_sha256 == open_workspace(workspace.root).inputs_sha256


def test_an_unknown_crs_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"agglo\.toml: the region's CRS 'EPSG:0' is unknown"):
        open_workspace(with_settings(folder, "EPSG:32637", "EPSG:0"))


def test_a_fault_of_a_layer_names_its_file(folder: Path) -> None:
    nodes = folder / "layers" / "nodes.csv"
    nodes.write_text(nodes.read_text(encoding="utf-8").replace("36.61191", "366.1191"), "utf-8")
    with pytest.raises(TableError, match=r"table 'nodes' \(nodes.csv\) has 1 fault"):
        open_workspace(folder)


def test_a_workspace_without_layers_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "layers")
    (folder / "layers").mkdir()
    with pytest.raises(LayerError, match=r"holds no layers; wanted NAME.toml"):
        open_workspace(folder)


def test_the_thresholds_of_the_built_in_region_are_the_usual_ones(workspace: Workspace) -> None:
    assert workspace.rules == Rules()
    assert workspace.spreads == Spreads()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("commuting_share = 0.15", "commuting_share = 1.5", "must be above 0, at most 1"),
        ("commuting_share", "commuting_shar", "commuting_shar"),
        ("[60, 90]", '["x"]', "within_min must be a number"),
        ("draws_count = 100", "draws_count = 0", "1 draw or more"),
        ("min_size_count = 3500", "min_size_count = true", "min_size_count must be a number"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(folder: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        open_workspace(with_settings(folder, old, new))


def test_other_thresholds_make_other_inputs(folder: Path, workspace: Workspace) -> None:
    own = open_workspace(with_settings(folder, "commuting_share = 0.15", "commuting_share = 0.2"))
    assert own.rules.commuting_share == 0.2
    assert own.inputs_sha256 != workspace.inputs_sha256
