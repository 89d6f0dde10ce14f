"""A workspace founded from an extract runs like the built-in one."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("osmium")

from agglo.cli import app
from agglo.errors import AggloError, LayerError, OutputError, SettingsError, TableError
from agglo.founding import found_workspace
from agglo.layers.extract.region import Sources
from agglo.run import run
from agglo.workspace import open_workspace
from tests.feeds import feed_texts, zip_feed
from tests.layers.test_extract import QUOTED, grid_town
from tests.osm_worlds import write

LINES = (
    "line,mode,headway_min,sequence,stop,run_min\nt,train,20,1,Первая,0\nt,train,20,2,Вторая,7\n"
)


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(grid_town(), tmp_path_factory.mktemp("extract") / "town.osm")


@pytest.fixture(scope="module")
def founded(extract: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("founded") / "город"
    lines = extract.parent / "lines.csv"
    lines.write_text(LINES, encoding="utf-8")
    return found_workspace(folder, Sources(osm=extract, lines=lines, name="Городок «Сад»"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cache" not in path.parts
    }


def test_it_opens_and_names_its_sources_and_what_is_assumed(founded: Path) -> None:
    workspace = open_workspace(founded)
    assert workspace.region.name_ru == "Городок «Сад»"
    assert workspace.region.crs == "EPSG:32637"
    by_layer = {item.layer: item for item in workspace.region.provenance}
    assert "OpenStreetMap" in by_layer["links"].source
    assert by_layer["links"].licence == "ODbL 1.0"
    assert by_layer["zones"].status == "assumed"
    assert "people, assumed" in by_layer["zones"].note
    assert QUOTED in set(workspace.region["zones"]["name_ru"])


def test_the_same_pipeline_runs_on_it(founded: Path) -> None:
    results = run(open_workspace(founded))
    assert [one.scenario.name for one in results] == ["baseline", "example-closed-road"]
    case = results[0].case
    zones = case.region["zones"]
    assert case.flows.to_numpy().sum() == pytest.approx(zones["workers_count"].sum(), rel=1e-6)
    assert (case.travel.minutes["transit"].to_numpy() < 300).any()


def test_a_feed_brings_lines_and_stops_that_streets_lead_to(extract: Path, tmp_path: Path) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon\nA,Первая,55.1001,36.6001\nB,Вторая,55.1049,36.6049\n"
    )
    clock = [f"{hour:02}:{minute:02}" for hour in (7, 8, 11, 12, 13, 14) for minute in (0, 20, 40)]
    later = [f"{time[:3]}{int(time[3:]) + 6:02}" for time in clock]
    timetable = "\n".join(
        f"t{number} r A {start}, B {end}"
        for number, (start, end) in enumerate(zip(clock, later, strict=True))
    )
    feed = zip_feed(tmp_path / "feed.zip", feed_texts(timetable, stops=stops))
    region = open_workspace(found_workspace(tmp_path / "w", Sources(osm=extract, gtfs=feed))).region
    assert region["lines"]["headway_min"].tolist() == [20]
    assert region["lines"]["headway_off_peak_min"].tolist() == [20]
    assert set(region["lines"]["status"]) == {"observed"}
    assert region["line_stops"]["run_min"].tolist() == [0, 6]
    assert sorted(region["interchanges"]["stop_id"]) == ["A", "B"]
    by_layer = {item.layer: item for item in region.provenance}
    assert by_layer["lines"].source == "feed.zip"


def test_founding_twice_gives_the_same_bytes(founded: Path, extract: Path, tmp_path: Path) -> None:
    lines = extract.parent / "lines.csv"
    again = found_workspace(
        tmp_path / "again", Sources(osm=extract, lines=lines, name="Городок «Сад»")
    )
    assert contents(again) == contents(founded)


def test_an_empty_folder_is_taken_and_a_full_one_is_left_alone(
    extract: Path, tmp_path: Path
) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / "mine.txt").write_text("mine", encoding="utf-8")
    found_workspace(empty, Sources(osm=extract))
    with pytest.raises(OutputError, match="is there already and not empty"):
        found_workspace(full, Sources(osm=extract))
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"crs": "EPSG:4326"}, TableError, "must be projected"),
        ({"population_count": -5.0}, SettingsError, "--population must be above 0"),
        ({"most_zones": 1}, SettingsError, "--zones must be 2 or more"),
        ({"gtfs": Path("a"), "lines": Path("b")}, SettingsError, "either --gtfs or --lines"),
        ({"osm": Path("nowhere.osm.pbf")}, LayerError, "nowhere.osm.pbf"),
        ({"lines": Path("nowhere.csv")}, LayerError, "nowhere.csv"),
        ({"gtfs": Path("nowhere.zip")}, LayerError, "nowhere.zip"),
    ],
)
def test_bad_sources_are_one_error_and_leave_nothing(
    extract: Path,
    tmp_path: Path,
    changed: dict[str, object],
    error: type[AggloError],
    message: str,
) -> None:
    sources = Sources(**{"osm": extract, **changed})  # type: ignore[arg-type]
    with pytest.raises(error, match=message):
        found_workspace(tmp_path / "new", sources)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_line_table_leaves_nothing(extract: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.csv"
    lines.write_text(LINES.replace("Вторая", "Третья"), encoding="utf-8")
    with pytest.raises(TableError, match="Третья"):
        found_workspace(tmp_path / "new", Sources(osm=extract, lines=lines))
    assert [path.name for path in tmp_path.iterdir()] == ["lines.csv"]


def test_the_command_says_the_next_step(extract: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", str(tmp_path / "w"), "--osm", str(extract)])
    assert done.exit_code == 0
    assert "next: agglo run --workspace" in done.output
    assert (tmp_path / "w" / "agglo.toml").is_file()
