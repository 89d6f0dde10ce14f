"""The commands: what they answer to broken input, and that an earlier output stays whole."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import agglo.cli
import agglo.output
import agglo.run
from agglo.errors import AggloError
from agglo.paths import builtin_workspace
from tests.quick import few_runs

KEPT = ("baseline", "vorsino-growth")
GROWTH = Path("scenarios/vorsino-growth.toml")
HEAVY = ("folium", "geopandas", "numpy", "pandas", "scipy", "selenium", "shapely")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one error, checked to be one: no traceback, nothing after it but its faults."""
        assert self.code == 2, self
        assert "Traceback" not in self.err
        assert len(re.findall(r"^error: ", self.err, flags=re.MULTILINE)) == 1, self.err
        _, _, message = self.err.partition("error: ")
        first, *faults = message.rstrip("\n").split("\n")
        assert first
        assert all(fault.startswith("  - ") for fault in faults), self.err
        return message


Call = Callable[..., Answer]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line in this process, without the ranges of the scores."""
    few_runs(monkeypatch)

    def run_it(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["agglo", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            agglo.cli.main()
        said = capsys.readouterr()
        return Answer(code=int(ended.value.code or 0), out=said.out, err=said.err)

    return run_it


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace of two scenarios with an earlier output in maps/build."""
    source, root = builtin_workspace(), tmp_path_factory.mktemp("template") / "workspace"
    shutil.copytree(source / "layers", root / "layers")
    for folder, pattern in (("scenarios", "*.toml"), ("maps", "*.toml"), (".", "agglo.toml")):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for path in (source / folder).glob(pattern):
            if folder != "scenarios" or path.stem in KEPT:
                shutil.copy(path, root / folder)
    with pytest.MonkeyPatch.context() as patch:
        few_runs(patch)
        patch.setattr(sys, "argv", ["agglo", "run", "--workspace", str(root)])
        with pytest.raises(SystemExit) as ended:
            agglo.cli.main()
    assert ended.value.code in (None, 0)
    return root


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Path:
    """Copy the workspace for one test."""
    return Path(shutil.copytree(template, tmp_path / "workspace"))


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file of a folder; an empty folder would make every comparison true."""
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    assert found, folder
    return found


def beside(folder: Path) -> set[str]:
    """List what stands next to the output."""
    return {path.name for path in folder.parent.iterdir()}


# ---- ways to break a workspace


def in_csv(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    """Change a CSV layer, every value as the text it is."""

    def apply(root: Path) -> None:
        path = root / "layers" / name
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        change(table).to_csv(path, index=False)

    return apply


def in_geojson(name: str, change: Callable[[dict], None]) -> Callable[[Path], None]:
    """Change a GeoJSON layer."""

    def apply(root: Path) -> None:
        path = root / "layers" / name
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    return apply


def in_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a text in a file; the text must be there."""

    def apply(root: Path) -> None:
        path = root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return apply


def without(name: str) -> Callable[[Path], None]:
    """Take a file away."""
    return lambda root: (root / name).unlink()


def emptied(name: str) -> Callable[[Path], None]:
    """Leave a file of no bytes."""
    return lambda root: (root / name).write_bytes(b"")


def moved(points: list) -> list:
    """Turn degrees into something like metres, however deep the coordinates are nested."""
    if isinstance(points[0], list):
        return [moved(item) for item in points]
    return [points[0] * 64_000, points[1] * 111_000]


def to_metres(layer: dict) -> None:
    for feature in layer["features"]:
        feature["geometry"]["coordinates"] = moved(feature["geometry"]["coordinates"])


def set_first(key: str, value: object) -> Callable[[dict], None]:
    def change(layer: dict) -> None:
        layer["features"][0]["properties"][key] = value

    return change


def drop_property(key: str) -> Callable[[dict], None]:
    def change(layer: dict) -> None:
        for feature in layer["features"]:
            del feature["properties"][key]

    return change


def wild_vertex(value: float) -> Callable[[dict], None]:
    def change(layer: dict) -> None:
        layer["features"][0]["geometry"]["coordinates"][1][0] = value

    return change


def with_cell(row: int, column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        changed = table.copy()
        changed.loc[row, column] = value
        return changed

    return change


def first_row_again(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.head(1)])


def no_rows(layer: dict) -> None:
    layer["features"] = []


def say_metres(layer: dict) -> None:
    layer["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32637"}}


def all_context(layer: dict) -> None:
    for feature in layer["features"]:
        feature["properties"]["role"] = "context"


BROKEN: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "a column is missing in a CSV layer": (
        in_csv("work.csv", lambda table: table.drop(columns="jobs_count")),
        ("work.csv", "column 'jobs_count' is missing"),
    ),
    "a column is missing in a GeoJSON layer": (
        in_geojson("links.geojson", drop_property("speed_kmh")),
        ("links.geojson", "column 'speed_kmh' is missing"),
    ),
    "the column that joins two layers is missing": (
        in_csv("work.csv", lambda table: table.drop(columns="zone_id")),
        ("work.csv", "column 'zone_id' is missing"),
    ),
    "metres stand where degrees are due": (
        in_geojson("zones.geojson", to_metres),
        ("zones.geojson", "no degrees", "save the layer in EPSG:4326"),
    ),
    "a layer in degrees says that it is in metres": (
        in_geojson("links.geojson", say_metres),
        ("links.geojson", "EPSG:32637"),
    ),
    "the region's CRS does not measure in metres": (
        in_text("agglo.toml", 'crs = "EPSG:32637"', 'crs = "EPSG:4326"'),
        ("agglo.toml", "CRS", "must be projected, in metres", "EPSG:4326"),
    ),
    "the region's CRS does not exist": (
        in_text("agglo.toml", 'crs = "EPSG:32637"', 'crs = "EPSG:nonsense"'),
        ("agglo.toml", "CRS", "EPSG:nonsense", "unknown"),
    ),
    "an id stands twice": (
        in_csv("stops.csv", first_row_again),
        ("stops.csv", "stop_id", "more than once", "st_moscow"),
    ),
    "an id stands twice in a layer that is joined": (
        in_geojson("zones.geojson", lambda layer: layer["features"].append(layer["features"][0])),
        ("zones.geojson", "zone_id", "more than once", "obninsk"),
    ),
    "an id is absent": (
        in_geojson("links.geojson", set_first("link_id", None)),
        ("links.geojson", "'link_id' has no value"),
    ),
    "a population is negative": (
        in_csv("work.csv", with_cell(0, "population_count", "-125376")),
        ("work.csv", "'population_count'", "0 or more", "-125376", "obninsk"),
    ),
    "a population of the statistics is negative": (
        in_csv("population.csv", with_cell(0, "population_count", "-1")),
        ("population.csv", "'population_count'", "0 or more", "mo_borovsky"),
    ),
    "a number is a text": (
        in_csv("work.csv", with_cell(0, "jobs_count", "many")),
        ("work.csv", "'jobs_count'", "finite numbers", "many"),
    ),
    "a scenario names an unknown place": (
        in_text(GROWTH.as_posix(), 'zone = "vorsino"', 'zone = "vorsno"'),
        ("vorsino-growth.toml", "change 1", "'vorsno'", "did you mean", "vorsino"),
    ),
    "a scenario names an unknown argument": (
        in_text(GROWTH.as_posix(), "jobs_count = ", "job_count = "),
        ("vorsino-growth.toml", "change 1", "'job_count'", "did you mean 'jobs_count'?"),
    ),
    "a scenario is malformed TOML": (
        in_text(GROWTH.as_posix(), "[[change]]", "[[change]"),
        ("vorsino-growth.toml", "malformed TOML", "line"),
    ),
    "the metadata of a layer are malformed TOML": (
        in_text("layers/work.toml", 'table = "', "table = "),
        ("work.toml", "malformed TOML", "line"),
    ),
    "the settings are malformed TOML": (
        in_text("agglo.toml", "[region]", "[region"),
        ("agglo.toml", "malformed TOML", "line"),
    ),
    "the texts of the map are malformed TOML": (
        in_text("maps/text.toml", 'ru = "', "ru = "),
        ("text.toml", "malformed TOML", "line"),
    ),
    "a CSV layer has no rows": (
        in_csv("nodes.csv", lambda table: table.head(0)),
        ("nodes.csv", "is empty", "at least one row"),
    ),
    "a CSV layer has no bytes": (emptied("layers/nodes.csv"), ("nodes.csv", "cannot be read")),
    "a GeoJSON layer has no features": (
        in_geojson("links.geojson", no_rows),
        ("links.geojson",),
    ),
    "a GeoJSON layer has no bytes": (
        emptied("layers/links.geojson"),
        ("links.geojson", "cannot be read"),
    ),
    "a vertex is not a number": (
        in_geojson("links.geojson", wild_vertex(float("nan"))),
        ("links.geojson",),
    ),
    "a vertex is infinite": (
        in_geojson("links.geojson", wild_vertex(float("inf"))),
        ("links.geojson",),
    ),
    "a coordinate column is infinite": (
        in_csv("nodes.csv", with_cell(0, "lon", "inf")),
        ("nodes.csv", "'lon'", "finite numbers", "obninsk"),
    ),
    "a coordinate column has a gap": (
        in_csv("nodes.csv", with_cell(0, "lon", "")),
        ("nodes.csv", "'lon'", "no value", "obninsk"),
    ),
    "the data file of a layer is missing": (
        without("layers/links.geojson"),
        ("layer 'links'", "links.geojson", "not there"),
    ),
    "the metadata of a layer are missing": (without("layers/links.toml"), ("layers", "links")),
    "the settings are missing": (
        without("agglo.toml"),
        ("agglo.toml", "no workspace", "--workspace"),
    ),
    "the baseline is missing": (without("scenarios/baseline.toml"), ("scenarios", "baseline")),
    "the texts of the map are missing": (without("maps/text.toml"), ("text.toml", "No such file")),
    "the colours of the map are missing": (
        without("maps/theme.toml"),
        ("theme.toml", "No such file"),
    ),
    "a range does not hold its value": (
        in_text("agglo.toml", "low = 0.045", "low = 0.07"),
        ("agglo.toml", "decay_per_min", "0.07", "does not hold"),
    ),
    "the status of a row is no status": (
        in_csv("work.csv", with_cell(0, "status", "guessed")),
        ("work.csv", "'status'", "observed, modelled, assumed", "guessed"),
    ),
    "no municipality is a member": (
        in_geojson("municipalities.geojson", all_context),
        ("municipalities.geojson", "'role'", "member"),
    ),
    "the map is to show an unknown indicator": (
        in_text("maps/theme.toml", '"jobs_by_decay"', '"jobs_by_decy"'),
        ("theme.toml", "jobs_by_decy"),
    ),
    "the map is to show by zone what only the region has": (
        in_text("maps/theme.toml", '"jobs_by_decay"', '"population_primacy"'),
        ("theme.toml", "population_primacy"),
    ),
    "a colour is no colour": (
        in_text("maps/theme.toml", 'missing = "#d9d9d9"', 'missing = "grey"'),
        ("theme.toml", "grey", "#1a9850"),
    ),
    "the least flow is a text": (
        in_text("maps/theme.toml", "least_flow_count = 600", 'least_flow_count = "few"'),
        ("theme.toml", "least_flow_count", "few"),
    ),
    "a change would touch nothing": (
        in_text(GROWTH.as_posix(), "jobs_count = 2800", "jobs_count = 0"),
        ("vorsino-growth.toml", "change 1 (add_jobs)"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_input_gives_one_clear_error_and_leaves_the_earlier_output_whole(
    name: str, place: Path, call: Call
) -> None:
    break_it, parts = BROKEN[name]
    build = place / "maps" / "build"
    break_it(place)
    before, neighbours = hashes(build), beside(build)
    message = call("run", "--workspace", place).error
    assert [part for part in parts if part not in message] == [], message
    assert hashes(build) == before
    assert beside(build) == neighbours


def test_the_unbroken_workspace_gives_no_error(place: Path, call: Call) -> None:
    answer = call("run", "--workspace", place)
    assert answer.code == 0
    assert "error" not in answer.err
    assert "vorsino-growth" in answer.out
    assert str(place / "maps" / "build" / "index.html") in answer.out


def test_all_faults_of_a_table_come_at_once(place: Path, call: Call) -> None:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        spoilt = with_cell(0, "speed_kmh", "-4.8")(table)
        spoilt = with_cell(1, "mode", "swim")(spoilt)
        return with_cell(2, "zone_id", "atlantis")(spoilt)

    in_csv("connectors.csv", spoil)(place)
    message = call("run", "--workspace", place).error
    assert "3 fault(s)" in message
    assert message.count("\n  - ") == 3
    for part in ("connectors.csv", "-4.8", "swim", "atlantis"):
        assert part in message


def test_a_change_that_sets_what_is_already_so_is_refused(place: Path, call: Call) -> None:
    stops = pd.read_csv(place / "layers" / "line_stops.csv")
    run = stops[(stops["line_id"] == "kiev_express") & (stops["sequence"] == 1)]
    (place / GROWTH).write_text(
        'title = "Idle"\n[[change]]\ndo = "add_jobs"\nzone = "vorsino"\njobs_count = 10\n'
        '[[change]]\ndo = "set_run_time"\nline = "kiev_express"\nfrom_stop = "st_moscow"\n'
        f'to_stop = "st_ochakovo"\nrun_min = {run["run_min"].iloc[0]}\n',
        encoding="utf-8",
    )
    message = call("run", "--workspace", place).error
    assert "vorsino-growth.toml, change 2 (set_run_time)" in message
    assert "touches nothing" in message
    assert "kiev_express" in message
    assert "remove the change" in message


def test_an_unknown_scenario_is_answered_with_the_nearest_name(place: Path, call: Call) -> None:
    message = call("run", "vorsino-grwth", "--workspace", place).error
    assert "no scenario 'vorsino-grwth'" in message
    assert "did you mean vorsino-growth?" in message


def test_a_scenario_named_twice_is_refused(place: Path, call: Call) -> None:
    message = call("run", KEPT[1], KEPT[1], "--workspace", place).error
    assert "'vorsino-growth' is named more than once" in message


def test_a_scenario_may_be_a_file_anywhere(place: Path, call: Call, tmp_path: Path) -> None:
    own = tmp_path / "мои планы" / "мост.toml"
    own.parent.mkdir()
    shutil.copy(place / GROWTH, own)
    answer = call("run", own, "--workspace", place)
    assert answer.code == 0
    scores = pd.read_csv(place / "maps" / "build" / "scores.csv")
    assert list(scores["scenario"].unique()) == ["baseline", "мост"]


def test_two_scenarios_may_have_one_title(place: Path, call: Call) -> None:
    text = (place / GROWTH).read_text(encoding="utf-8")
    assert "jobs_count = 2800" in text
    copy = place / "scenarios" / "vorsino-growth-2.toml"
    copy.write_text(text.replace("jobs_count = 2800", "jobs_count = 5600"), encoding="utf-8")
    assert call("run", "--workspace", place).code == 0
    scores = pd.read_csv(place / "maps" / "build" / "scores.csv")
    assert list(scores["scenario"].unique()) == [*KEPT, "vorsino-growth-2"]


def test_an_output_folder_may_have_cyrillic_and_spaces_in_its_name(
    place: Path, call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "Мои расчёты" / "вариант 1 (черновик)"
    answer = call("run", "--workspace", place, "--out", out)
    assert answer.code == 0
    assert set(hashes(out)) == set(hashes(place / "maps" / "build"))
    assert beside(out) == {out.name}
    assert str(out / "index.html") in answer.out


# ---- output that cannot be written


def refuse_to_work(*_: object, **__: object) -> None:
    raise AssertionError("the run began before the output was looked at")


@pytest.mark.parametrize("case", ["a file", "under a file", "with foreign files", "the workspace"])
def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    case: str, place: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.docx").write_text("the only copy", encoding="utf-8")
    out, part = {
        "a file": (foreign / "thesis.docx", "is a file; name a folder with --out"),
        "under a file": (foreign / "thesis.docx" / "build", "cannot be written"),
        "with foreign files": (foreign, "agglo did not write"),
        "the workspace": (place, "agglo did not write"),
    }[case]
    before = hashes(tmp_path)
    monkeypatch.setattr(agglo.run, "run", refuse_to_work)
    message = call("run", "--workspace", place, "--out", out).error
    assert str(out) in message
    assert part in message
    assert hashes(tmp_path) == before


def test_a_folder_without_permission_is_refused_before_any_work(
    place: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = hashes(place)
    monkeypatch.setattr(tempfile, "mkdtemp", denied)
    monkeypatch.setattr(agglo.run, "run", refuse_to_work)
    message = call("run", "--workspace", place).error
    assert "maps/build" in Path(message.split(" cannot be written")[0]).as_posix()
    assert "Permission denied" in message
    assert hashes(place) == before


def test_an_output_folder_may_be_a_link_to_another_disk(
    place: Path, call: Call, tmp_path: Path
) -> None:
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    try:
        out.symlink_to(disk, target_is_directory=True)
    except OSError as error:
        pytest.skip(f"this system makes no links: {error}")
    for _ in range(2):
        assert call("run", "--workspace", place, "--out", out).code == 0
    assert hashes(out) == hashes(place / "maps" / "build")
    assert not list(tmp_path.glob(".out*"))


def test_railways_may_have_no_features(place: Path, call: Call) -> None:
    in_geojson("railways.geojson", no_rows)(place)
    assert call("run", "--workspace", place).code == 0


# ---- interrupts and crashes


@pytest.mark.parametrize("where", ["while it computes", "while it writes"])
def test_an_interrupt_ends_with_130_and_leaves_the_earlier_output_whole(
    where: str, place: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    build = place / "maps" / "build"
    before, neighbours = hashes(build), beside(build)
    module, name = {
        "while it computes": (agglo.run, "run"),
        "while it writes": (agglo.output, "write_geopackage"),
    }[where]
    monkeypatch.setattr(module, name, interrupted)
    answer = call("run", "--workspace", place)
    assert answer.code == 130
    assert "Traceback" not in answer.err
    assert hashes(build) == before
    assert beside(build) == neighbours


def test_an_interrupt_says_that_the_earlier_output_is_whole(
    place: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(agglo.run, "run", interrupted)
    assert "the earlier output is whole" in call("run", "--workspace", place).err


# ---- other commands, other processes


def test_check_names_every_layer_and_scenario(place: Path, call: Call) -> None:
    nodes = place / "layers" / "nodes.csv"
    nodes.write_bytes(nodes.read_bytes() + b"\n")
    answer = call("check", "--workspace", place)
    assert answer.code == 0
    for path in (place / "layers").glob("*.toml"):
        (line,) = re.findall(rf"^{path.stem} .*$", answer.out, flags=re.MULTILINE)
        assert re.search(r" (observed|modelled|assumed) ", line)
        assert ("edited since it was built" in line) == (path.stem == "nodes")
    assert re.search(r"^scenario baseline +0 values touched$", answer.out, flags=re.MULTILINE)
    assert re.search(r"^scenario vorsino-growth +[1-9]\d* values", answer.out, flags=re.MULTILINE)


def test_check_refuses_a_broken_scenario_and_a_broken_layer(place: Path, call: Call) -> None:
    BROKEN["a scenario names an unknown place"][0](place)
    assert "did you mean" in call("check", "--workspace", place).error
    BROKEN["a population is negative"][0](place)
    assert "work.csv" in call("check", "--workspace", place).error


def process(*arguments: object, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "agglo"]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip


def test_help_names_the_commands_without_importing_what_is_slow() -> None:
    code = (
        "import sys, agglo.cli\n"
        "sys.argv = ['agglo', '--help']\n"
        "try:\n    agglo.cli.main()\n"
        "except SystemExit as end:\n"
        f"    slow = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    sys.exit(f'imported {slow}' if slow else end.code)\n"
    )
    done = process(code=code)
    assert done.returncode == 0, done.stderr
    for word in ("run", "check", "Usage"):
        assert word in done.stdout


def test_the_real_command_answers_a_broken_input_with_exit_code_2(place: Path) -> None:
    build = place / "maps" / "build"
    before = hashes(build)
    BROKEN["an id stands twice"][0](place)
    done = process("run", "--workspace", place)
    answer = Answer(code=done.returncode, out=done.stdout, err=done.stderr)
    assert "stops.csv" in answer.error
    assert hashes(build) == before


def test_an_unknown_option_and_an_unknown_command_give_exit_code_2(call: Call) -> None:
    for arguments in (("run", "--nonsense"), ("nonsense",)):
        answer = call(*arguments)
        assert answer.code == 2
        assert "nonsense" in answer.err
        assert "Traceback" not in answer.err


def test_every_error_that_a_user_can_mend_is_an_agglo_error() -> None:
    found = [item for item in vars(agglo.errors).values() if isinstance(item, type)]
    assert len(found) > 5
    assert all(issubclass(item, AggloError) for item in found)
