"""The output of a run: its contract, its bytes, and that it appears whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import agglo.output
from agglo.errors import CompareError, OutputError
from agglo.indicators.measures import WHOLE
from agglo.indicators.registry import INDICATORS
from agglo.output import write_output
from agglo.run import Result, run
from agglo.tables import STATUSES
from agglo.workspace import Workspace
from tests.quick import few_runs
from tests.rastered import WITHOUT_RASTER

FILES = {
    "agglomeration.gpkg", "agglomeration.qgz", "boundary.csv", "boundary_municipalities.csv",
    "claims.csv", "flows.csv", "index.html", "indicators.csv", "order.csv", "receipts.csv",
    "result.json", "scores.csv", "structure.csv", "imagery.csv", "imagery_checks.csv",
    "deltas.csv", "ranking.csv", "tornado.csv", "break_even.csv", "attribution.csv",
    "winners.csv", "money.csv", "lint.csv", "cards.csv", "coverage.csv",
    *(f"imagery_{name}.{ending}" for name in ("night_lights", "population_density", "land_cover")
      for ending in ("tif", "qml")),
}  # fmt: skip
COLUMNS = {
    "indicators": ["scenario", "place_id", "indicator", "value", "unit", "status"],
    "scores": ["scenario", "goal", "score", "low", "high", "verdict"],
    "flows": [
        "scenario", "live_zone_id", "work_zone_id", "commuters_count", "car_min", "transit_min",
        "park_ride_min", "car_share", "park_ride_share", "status",
    ],
    "receipts": [
        "scenario", "change", "measure", "do", "basis", "table", "row_id", "column", "before",
        "after", "people_count", "why",
    ],
    "boundary": [
        "scenario", "definition", "zone_id", "municipality_id", "is_in", "area_id", "decided_by",
        "value", "threshold", "margin", "unit", "firmness_share", "change", "status",
    ],
    "boundary_municipalities": [
        "scenario", "definition", "municipality_id", "is_in", "area_id", "decided_by", "value",
        "threshold", "margin", "unit", "firmness_share", "change", "status",
    ],
    "structure": ["scenario", "subject", "measure", "value", "limit", "verdict", "status"],
}  # fmt: skip
ORDERS = (("m3-closed",), ("m3-closed", "vorsino-growth"), ("vorsino-growth", "m3-closed"))
Tables = Mapping[str, pd.DataFrame]


@pytest.fixture(scope="module")
def output(
    workspace: Workspace, results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the run of the whole workspace once."""
    return write_output(workspace, list(results.values()), tmp_path_factory.mktemp("run") / "build")


@pytest.fixture(scope="module")
def tables(output: Path) -> Tables:
    """Read the CSV files as a user would."""
    return {name: pd.read_csv(output / f"{name}.csv") for name in COLUMNS}


@pytest.fixture(scope="module")
def orders(workspace: Workspace) -> dict[tuple[str, ...], dict[str, Result]]:
    """Run one scenario alone, first and last, without the ranges of the scores."""
    with pytest.MonkeyPatch.context() as patch:
        few_runs(patch)
        return {
            names: {result.scenario.name: result for result in run(workspace, names)}
            for names in ORDERS
        }


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# ---- the contract


def test_a_run_writes_the_files_of_the_contract_and_nothing_else(output: Path) -> None:
    assert set(hashes(output)) == FILES


def test_the_folder_can_be_read_by_others(output: Path) -> None:
    assert output.stat().st_mode & 0o755 == 0o755


@pytest.mark.parametrize("name", COLUMNS)
def test_the_tables_have_the_columns_of_the_contract(tables: Tables, name: str) -> None:
    assert list(tables[name].columns) == COLUMNS[name]


@pytest.mark.parametrize("name", COLUMNS)
def test_excel_is_told_that_the_tables_are_utf_8(output: Path, name: str) -> None:
    content = (output / f"{name}.csv").read_bytes()
    # a table of plain letters needs no mark
    assert content.startswith(b"\xef\xbb\xbf") == (not content.isascii())
    assert content.count(b"\xef\xbb\xbf") <= 1
    assert b"\r" not in content
    content.decode("utf-8-sig")


def test_a_table_with_cyrillic_is_marked(output: Path) -> None:
    assert (output / "claims.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_cyrillic_survives_in_the_page_and_in_the_record(
    output: Path, workspace: Workspace
) -> None:
    name = workspace.region.name_ru
    assert name in (output / "index.html").read_text(encoding="utf-8")
    assert name in (output / "result.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["indicators", "scores", "flows"])
def test_every_scenario_is_in_every_table_the_baseline_first(
    tables: Tables, results: dict[str, Result], name: str
) -> None:
    assert list(tables[name]["scenario"].unique()) == list(results)
    assert next(iter(results)) == "baseline"


def test_every_scenario_but_the_baseline_has_receipts(
    tables: Tables, results: dict[str, Result]
) -> None:
    assert list(tables["receipts"]["scenario"].unique()) == list(results)[1:]


def test_an_indicator_has_one_value_unit_and_status_per_scenario_and_place(
    tables: Tables, workspace: Workspace
) -> None:
    rows = tables["indicators"]
    assert not rows.duplicated(["scenario", "place_id", "indicator"]).any()
    assert set(rows["indicator"]) == set(INDICATORS) - WITHOUT_RASTER
    places = set(workspace.region["zones"]["zone_id"]) | {WHOLE}
    places |= set(workspace.region["municipalities"]["municipality_id"])
    places |= set(workspace.region["links"]["link_id"]) | set(workspace.region["lines"]["line_id"])
    places |= set(workspace.region["hubs"]["hub_id"])
    own = rows[rows["scenario"] == "baseline"]
    assert set(own["place_id"]) <= places
    assert set(rows["status"]) <= set(STATUSES)
    units = rows.groupby("indicator")["unit"].agg(set)
    # a level has the unit of its raster
    known = [name for name, item in INDICATORS.items() if not item.unit.startswith("level")]
    own_units = units[units.index.isin(known)].to_dict()
    assert own_units == {name: {INDICATORS[name].unit} for name in own_units}
    assert units["night_lights_mean"] == {"brightness 0–255"}
    of_links_only = {"link_loss_person_min", "link_volume_veh_per_h"}
    whole = set(own.loc[own["place_id"] == WHOLE, "indicator"])
    assert whole == set(INDICATORS) - of_links_only - WITHOUT_RASTER
    unknown = rows[(rows["place_id"] == WHOLE) & rows["value"].isna()]
    # neither sectors of jobs, nor schools, parks, clinics, spending of municipalities are known
    goals = {INDICATORS[name].goal for name in unknown["indicator"]}
    assert goals <= {
        "functional_specialisation",
        "municipal_budgets",
        "infrastructure_connectivity",
    }
    anchors = {anchor.indicator for goal in workspace.goals for anchor in goal.anchors}
    assert not anchors & set(unknown["indicator"])


def test_a_score_lies_within_its_range_and_the_baseline_is_50(
    tables: Tables, workspace: Workspace
) -> None:
    scores = tables["scores"]
    assert not scores.duplicated(["scenario", "goal"]).any()
    assert list(scores["goal"].unique()) == [goal.id for goal in workspace.goals]
    assert (scores["low"] <= scores["score"]).all()
    assert (scores["score"] <= scores["high"]).all()
    assert scores["low"].min() >= 0
    assert scores["high"].max() <= 100
    base = scores[scores["scenario"] == "baseline"]
    assert (base[["score", "low", "high"]] == 50).all(axis=None)
    assert (scores["high"] > scores["low"]).any()


def test_the_flows_sum_to_the_workers_of_each_zone(tables: Tables, workspace: Workspace) -> None:
    flows = tables["flows"]
    own = flows[flows["scenario"] == "baseline"]
    zones = workspace.region["zones"]
    inside = zones[zones["kind"] != "outside"]
    lived = own.groupby("live_zone_id")["commuters_count"].sum()
    expected = inside["workers_count"]
    assert (lived.reindex(expected.index) - expected).abs().max() < 1e-3
    assert (flows["commuters_count"] > 0).all()
    assert flows["car_share"].dropna().between(0, 1).all()
    assert set(flows["status"]) <= {"modelled", "assumed"}


def test_a_receipt_says_before_after_and_why(tables: Tables) -> None:
    receipts = tables["receipts"].astype(object).fillna("")
    assert (receipts["before"].astype(str) != receipts["after"].astype(str)).all()
    assert (receipts["why"] != "").all()
    assert set(receipts["basis"]) <= {"proposal", "source"}
    assert receipts["change"].min() == 1


def test_the_record_holds_inputs_parameters_and_versions(
    output: Path, workspace: Workspace, results: dict[str, Result]
) -> None:
    record = json.loads((output / "result.json").read_text(encoding="utf-8"))
    assert record["inputs_sha256"] == workspace.inputs_sha256
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record["libraries"]["geopandas"] == gpd.__version__
    assert record["libraries"]["pandas"] == pd.__version__
    assert record["agglo"]
    digests = {
        path.stem: hashlib.sha256((path.parent / _data_file(path)).read_bytes()).hexdigest()
        for path in (workspace.root / "layers").glob("*.toml")
    }
    assert {item["layer"]: item["sha256"] for item in record["layers"]} == digests
    assert set(record["parameters"]) == set(workspace.assumptions)
    for name, item in record["parameters"].items():
        assert item["value"] == workspace.assumptions[name].value
        assert item["low"] <= item["value"] <= item["high"]
        assert item["status"] in STATUSES
        assert item["source"]
    assert list(record["scenarios"]) == list(results)
    closed = record["scenarios"]["m3-closed"]["changes"][0]
    assert (closed["do"], closed["road"], closed["km"]) == ("close_link", "M3", [95, 107])


def _data_file(metadata: Path) -> str:
    import tomllib

    return str(tomllib.loads(metadata.read_text(encoding="utf-8"))["file"])


# ---- the same numbers everywhere


@pytest.mark.parametrize("table", ["zones", "places"])
def test_every_number_of_the_geopackage_is_that_of_indicators_csv(
    output: Path, tables: Tables, table: str
) -> None:
    frame = gpd.read_file(output / "agglomeration.gpkg", layer=table)
    frame = pd.DataFrame(frame).set_index(["scenario", "zone_id"])
    rows = tables["indicators"]
    wide = rows.pivot(index=["scenario", "place_id"], columns="indicator", values="value")
    shown = [name for name in INDICATORS if name in frame]
    assert len(shown) >= 10
    expected = wide[shown].reindex(frame.index)
    assert expected.notna().equals(frame[shown].notna())
    # Six decimals in the table, four in the GeoPackage: half a unit of each.
    assert (frame[shown] - expected).abs().max(axis=None) <= 5.1e-5
    base = expected.xs("baseline").reindex(frame.index.get_level_values("zone_id")).to_numpy()
    changes = frame[[f"change_{name}" for name in shown]].to_numpy()
    assert pd.DataFrame(changes - (expected.to_numpy() - base)).abs().max(axis=None) <= 5.3e-5


def test_the_links_of_the_geopackage_carry_the_losses_of_indicators_csv(
    output: Path, tables: Tables
) -> None:
    links = gpd.read_file(output / "agglomeration.gpkg", layer="links")
    losses = links.dropna(subset="link_loss_person_min").set_index(["scenario", "link_id"])
    rows = tables["indicators"]
    rows = rows[rows["indicator"] == "link_loss_person_min"]
    expected = rows.set_index(["scenario", "place_id"])["value"].reindex(losses.index)
    assert len(losses) > 100
    assert (losses["link_loss_person_min"] - expected).abs().max() <= 5.1e-5


def test_the_page_shows_the_numbers_of_indicators_csv(output: Path, tables: Tables) -> None:
    data = page_data(output / "index.html")
    rows = tables["indicators"].set_index(["scenario", "place_id", "indicator"])["value"]
    compared = 0
    for scenario, columns in data["zone_values"].items():
        for name in data["shown"]:
            for zone, value in columns[name].items():
                expected = rows.get((scenario, zone, name))
                if value is None:
                    assert expected is None or pd.isna(expected)
                else:
                    assert abs(value - expected) <= 5.1e-5
                    compared += 1
    assert compared > 500
    for scenario in data["scenarios"]:
        for name, value in scenario["whole"].items():
            expected = rows[scenario["id"], WHOLE, name]
            if value is None:
                assert pd.isna(expected)
            else:
                assert abs(value - expected) <= 5.1e-5


def page_data(page: Path) -> dict:
    """Read the data out of a page."""
    text = page.read_text(encoding="utf-8")
    found, _ = json.JSONDecoder().raw_decode(text.split("var AGGLO = ", 1)[1])
    return dict(found)


def test_the_geopackage_is_sound_for_sqlite(output: Path) -> None:
    connection = sqlite3.connect(output / "agglomeration.gpkg")
    try:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        names = {row[0] for row in connection.execute("select table_name from gpkg_contents")}
    finally:
        connection.close()
    assert names >= {"zones", "places", "links", "flows", "municipalities", "stops", "railways"}


# ---- the same input, the same bytes


def test_two_writings_of_one_run_are_the_same_bytes(
    workspace: Workspace, results: dict[str, Result], output: Path, tmp_path: Path
) -> None:
    again = write_output(workspace, list(results.values()), tmp_path / "again")
    assert hashes(again) == hashes(output)


DRIVER = """
import sys, agglo.run, agglo.output, agglo.uncertain_runs
from pathlib import Path
from agglo.workspace import open_workspace
ends = agglo.uncertain_runs.assumption_ends
agglo.uncertain_runs.assumption_ends = lambda given: ends(given)[:1] + ends(given)[-1:]
workspace = open_workspace(sys.argv[1])
results = agglo.run.run(workspace, sys.argv[3:])
agglo.output.write_output(workspace, results, Path(sys.argv[2]))
"""


def test_the_hash_seed_and_the_process_do_not_change_a_byte(
    workspace: Workspace, tmp_path: Path
) -> None:
    running = {
        seed: subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(workspace.root), str(tmp_path / seed / "build"),
             "m3-upgrade", "vorsino-work-buses"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stderr=subprocess.PIPE, encoding="utf-8",
        )
        for seed in ("0", "1")
    }  # fmt: skip
    said = {seed: process.communicate(timeout=120)[1] for seed, process in running.items()}
    assert [process.returncode for process in running.values()] == [0, 0], said
    first, second = (hashes(tmp_path / seed / "build") for seed in ("0", "1"))
    assert set(first) == FILES
    assert first == second


@pytest.mark.parametrize("frame", ["indicators", "receipts", "scores"])
def test_a_scenario_alone_first_or_last_gives_the_same_rows(
    orders: dict[tuple[str, ...], dict[str, Result]], frame: str
) -> None:
    alone, *others = [getattr(orders[names]["m3-closed"], frame) for names in ORDERS]
    assert len(alone) > 0
    for other in others:
        pd.testing.assert_frame_equal(alone, other, check_exact=True)


def test_a_scenario_alone_first_or_last_gives_the_same_flows(
    orders: dict[tuple[str, ...], dict[str, Result]], results: dict[str, Result]
) -> None:
    alone = orders[ORDERS[0]]["m3-closed"].case.flows
    for found in (*(orders[names] for names in ORDERS[1:]), results):
        pd.testing.assert_frame_equal(alone, found["m3-closed"].case.flows, check_exact=True)


def test_a_scenario_named_first_still_comes_after_the_baseline(
    orders: dict[tuple[str, ...], dict[str, Result]],
) -> None:
    assert [list(orders[names]) for names in ORDERS] == [
        ["baseline", "m3-closed"],
        ["baseline", "m3-closed", "vorsino-growth"],
        ["baseline", "vorsino-growth", "m3-closed"],
    ]


# ---- whole or not at all


@pytest.fixture
def few(orders: dict[tuple[str, ...], dict[str, Result]]) -> list[Result]:
    """Return two results that are quick to write."""
    return list(orders[ORDERS[0]].values())


@pytest.fixture
def earlier(workspace: Workspace, few: list[Result], tmp_path: Path) -> Path:
    """Write an earlier output."""
    return write_output(workspace, few, tmp_path / "runs" / "build")


def test_results_of_different_inputs_are_refused(
    workspace: Workspace, few: list[Result], earlier: Path
) -> None:
    before = hashes(earlier)
    other = dataclasses.replace(few[1], inputs_sha256="0" * 64)
    with pytest.raises(CompareError, match=r"different inputs.*m3-closed \(00000000\)"):
        write_output(workspace, [few[0], other], earlier)
    assert hashes(earlier) == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a bug")])
@pytest.mark.parametrize("step", ["write_geopackage", "write_csv"])
def test_a_crash_while_writing_leaves_the_earlier_output_whole(
    workspace: Workspace,
    few: list[Result],
    earlier: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: Exception,
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise error

    before = hashes(earlier)
    monkeypatch.setattr(agglo.output, step, crash)
    wanted = OutputError if isinstance(error, OSError) else RuntimeError
    with pytest.raises(wanted, match=r"No space left|a bug"):
        write_output(workspace, few, earlier)
    assert hashes(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["build"]


@pytest.mark.parametrize("error", [PermissionError(13, "in use"), KeyboardInterrupt()])
def test_a_failure_at_the_last_move_puts_the_earlier_output_back(
    workspace: Workspace,
    few: list[Result],
    earlier: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if Path(target) == earlier and not self.name.endswith("-old"):
            raise error
        return rename(self, target)

    before = hashes(earlier)
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_output(workspace, few, earlier)
    monkeypatch.undo()
    assert earlier.is_dir()
    assert hashes(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["build"]


def test_a_new_output_replaces_all_of_the_earlier_one(
    workspace: Workspace, few: list[Result], earlier: Path
) -> None:
    before = hashes(earlier)
    write_output(workspace, few[:1], earlier)
    after = hashes(earlier)
    assert set(after) == set(before) == FILES
    assert after["scores.csv"] != before["scores.csv"]
    assert [path.name for path in earlier.parent.iterdir()] == ["build"]


def test_what_an_interrupted_run_left_behind_does_not_stop_the_next(
    workspace: Workspace, few: list[Result], earlier: Path
) -> None:
    left = earlier.with_name(".build-old")
    left.mkdir()
    (left / "index.html").write_text("old", encoding="utf-8")
    before = hashes(earlier)
    write_output(workspace, few, earlier)
    assert hashes(earlier) == before
    assert [path.name for path in earlier.parent.iterdir()] == ["build"]
