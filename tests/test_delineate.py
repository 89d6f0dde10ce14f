"""`agglo delineate`: any flows and zones in, a folder that says why out; bad input, one error."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box
from typer.testing import CliRunner

from agglo.cli import app
from agglo.errors import AggloError, FlowError, LayerError, OutputError, SettingsError

FLOWS = [
    ("1", "1", 900), ("1", "2", 100), ("2", "1", 300), ("2", "2", 500), ("3", "3", 950),
    ("3", "4", 50), ("4", "3", 200), ("4", "4", 300), ("2", "3", 10), ("4", "1", 5),
]  # fmt: skip
"""Two towns, 1 and 3, each with a village whose people work there."""

LMA = ("--min-size", "400", "--target-size", "1200")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a folder with flows and zones."""
    write_flows(tmp_path, FLOWS)
    write_zones(tmp_path)
    return tmp_path


def write_flows(folder: Path, rows: list[tuple[str, str, object]]) -> None:
    frame = pd.DataFrame(rows, columns=["live", "work", "n"])
    frame.to_csv(folder / "flows.csv", index=False)


def write_zones(folder: Path, *, crs: str | None = "EPSG:32637", ids: str = "1234") -> None:
    squares = [box(400_000 + 5000 * i, 6_100_000, 405_000 + 5000 * i, 6_105_000) for i in range(4)]
    zones = gpd.GeoDataFrame(
        {"code": list(ids), "name": ["Город «А»", "село Б", 'Town "C"', "</script>"],
         "city": ["A", "", "C", ""], "employed": [1000, 810, 1000, 505]},
        geometry=squares, crs=crs,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file without a CRS is what one test wants
        zones.to_file(folder / "zones.gpkg")


def delineate(folder: Path, *options: str, method: str = "lma") -> list[str]:
    """Run the command as a user does; return what it prints."""
    done = CliRunner().invoke(
        app,
        ["delineate", "--method", method, "--flows", str(folder / "flows.csv"), "--zones",
         str(folder / "zones.gpkg"), "--out", str(folder / "out"), *options],
    )  # fmt: skip
    if isinstance(done.exception, AggloError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def areas(folder: Path) -> dict[str, str]:
    frame = pd.read_csv(folder / "out" / "areas.csv", dtype=str, keep_default_na=False)
    return dict(zip(frame["zone_id"], frame["area_id"], strict=True))


def test_a_folder_with_areas_summary_layers_map_and_record_appears(files: Path) -> None:
    said = delineate(files, *LMA)
    assert {path.name for path in (files / "out").iterdir()} == {
        "areas.csv", "summary.csv", "areas.gpkg", "index.html", "delineation.json"
    }  # fmt: skip
    assert areas(files) == {"1": "1", "2": "1", "3": "3", "4": "3"}
    assert "lma: 4 zone(s), 2 area(s), 0 zone(s) in none (observed)" in said
    table = pd.read_csv(files / "out" / "areas.csv")
    assert list(table) == ["zone_id", "area_id", "decided_by", "value", "threshold", "margin"]
    summary = pd.read_csv(files / "out" / "summary.csv").set_index("area_id")
    assert summary["residents_count"].to_dict() == {1: 1810, 3: 1505}


def test_the_geopackage_holds_the_numbers_of_the_table(files: Path) -> None:
    delineate(files, *LMA)
    zones = gpd.read_file(files / "out" / "areas.gpkg", layer="zones").set_index("zone_id")
    table = pd.read_csv(files / "out" / "areas.csv", dtype={"zone_id": str}).set_index("zone_id")
    assert zones["margin"].to_numpy() == pytest.approx(table["margin"].to_numpy(), abs=1e-6)
    assert zones.crs.to_epsg() == 32637
    assert len(gpd.read_file(files / "out" / "areas.gpkg", layer="areas")) == 2


def test_the_record_names_parameters_sources_and_status(files: Path) -> None:
    delineate(files, *LMA)
    record = json.loads((files / "out" / "delineation.json").read_text(encoding="utf-8"))
    assert record["method"] == "lma"
    assert record["parameters"]["min_size_count"] == 400
    assert record["status"] == "observed"
    assert record["sources"][0].startswith("flows.csv (sha256 ")
    assert str(files) not in json.dumps(record)


def test_the_same_input_gives_the_same_bytes_in_any_order_of_rows(files: Path) -> None:
    delineate(files, *LMA)
    first = {path.name: path.read_bytes() for path in (files / "out").iterdir()}
    delineate(files, *LMA)
    assert {path.name: path.read_bytes() for path in (files / "out").iterdir()} == first
    write_flows(files, FLOWS[::-1])
    delineate(files, *LMA)
    assert (files / "out" / "areas.csv").read_bytes() == first["areas.csv"]


@pytest.mark.parametrize(
    ("method", "options", "wanted"),
    [
        ("fua", ("--cities", "city"), {"1": "A", "2": "A", "3": "C", "4": "C"}),
        ("fua", ("--core", "1"), {"1": "1", "2": "1", "3": "", "4": ""}),
        ("fua", ("--core-jobs", "1000", "--share", "0.38"),
         {"1": "1", "2": "", "3": "3", "4": "3"}),
        ("threshold", ("--core", "3"), {"1": "", "2": "", "3": "3", "4": "3"}),
        ("threshold", ("--core", "3", "--share", "0.45"), {"1": "", "2": "", "3": "3", "4": ""}),
        ("dominant", (), {"1": "1", "2": "1", "3": "3", "4": "3"}),
        ("communities", (), {"1": "1", "2": "1", "3": "3", "4": "3"}),
        ("commuting-zones", (), {"1": "1", "2": "1", "3": "3", "4": "3"}),
    ],
)  # fmt: skip
def test_every_method_answers_by_its_rule(
    files: Path, method: str, options: tuple[str, ...], wanted: dict[str, str]
) -> None:
    delineate(files, *options, method=method)
    assert areas(files) == wanted


def test_isochrones_need_times_alone(files: Path) -> None:
    times = [(a, b, 30.0 * abs(int(a) - int(b))) for a in "1234" for b in "1234"]
    pd.DataFrame(times, columns=["from", "to", "min"]).to_csv(files / "times.csv", index=False)
    done = CliRunner().invoke(
        app,
        ["delineate", "--method", "isochrone", "--times", str(files / "times.csv"), "--zones",
         str(files / "zones.gpkg"), "--core", "1", "--within", "60", "--out", str(files / "out")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert areas(files) == {"1": "1", "2": "1", "3": "1", "4": ""}


def test_firmness_stands_beside_each_zone(files: Path) -> None:
    delineate(files, "--core", "1", "--firmness", "30", "--share", "0.37", method="fua")
    table = pd.read_csv(files / "out" / "areas.csv", dtype={"zone_id": str}).set_index("zone_id")
    firm = table["firmness_share"]
    assert firm["1"] == 1
    assert 0 < firm["2"] < 1
    assert firm["3"] == 1
    first = (files / "out" / "areas.csv").read_bytes()
    write_flows(files, FLOWS[::-1])
    delineate(files, "--core", "1", "--firmness", "30", "--share", "0.37", method="fua")
    assert (files / "out" / "areas.csv").read_bytes() == first


def test_all_employed_residents_may_stand_in_a_column(files: Path) -> None:
    delineate(files, "--core", "1", "--residents", "employed", method="fua")
    assert areas(files)["2"] == "1"
    pd.DataFrame({"code": list("1234"), "all": [1000, 3000, 1000, 505]}).to_csv(
        files / "more.csv", index=False
    )
    delineate(
        files, "--core", "1", "--residents", "all", "--zone-table", str(files / "more.csv"),
        method="fua",
    )  # fmt: skip
    assert areas(files)["2"] == ""


def test_columns_of_other_names_are_named(files: Path) -> None:
    frame = pd.DataFrame(FLOWS, columns=["home", "job", "people"])
    frame.to_csv(files / "flows.csv", index=False, sep=";")
    delineate(files, *LMA, "--live", "home", "--work", "job", "--count", "people")
    assert areas(files) == {"1": "1", "2": "1", "3": "3", "4": "3"}


def test_a_place_outside_counts_and_is_not_delineated(files: Path) -> None:
    write_flows(files, [*FLOWS, ("2", "moscow", 5000)])
    delineate(files, "--core", "1", "--outside", "moscow", method="fua")
    assert areas(files) == {"1": "1", "2": "", "3": "", "4": ""}
    delineate(files, "--core", "1", "--outside", "moscow", "--without", "moscow", method="fua")
    assert areas(files)["2"] == "1"


def test_every_id_that_is_no_zone_may_lie_outside(files: Path) -> None:
    write_flows(files, [*FLOWS, ("2", "abroad", 5000), ("far", "1", 7)])
    with pytest.raises(FlowError, match=r"'abroad'.*no zone"):
        delineate(files, "--core", "1", method="fua")
    said = "\n".join(delineate(files, "--core", "1", "--unknown-outside", method="fua"))
    assert "2 place(s) of the flows are no zones and lie outside" in said
    assert areas(files) == {"1": "1", "2": "", "3": "", "4": ""}


def test_the_jobs_of_a_place_outside_decide_whether_it_dominates(files: Path) -> None:
    write_flows(files, [*FLOWS, ("1", "moscow", 120), ("3", "moscow", 60)])
    delineate(files, "--outside", "moscow", method="dominant")
    assert areas(files) == {"1": "1", "2": "1", "3": "3", "4": "3"}
    delineate(files, "--outside", "moscow=7000000", method="dominant")
    assert areas(files) == dict.fromkeys("1234", "moscow")


def test_several_years_are_averaged_by_commuting_zones_alone(files: Path) -> None:
    frame = pd.DataFrame(FLOWS, columns=["live", "work", "n"])
    other = frame.assign(n=1.0, year=2001)[lambda one: one["live"] == one["work"]]
    pd.concat([frame.assign(year=2011), other]).to_csv(files / "flows.csv", index=False)
    years = ("--only", "year=2011", "--only", "year=2001")
    delineate(files, *years, "--cut", "0.6", method="commuting-zones")
    # ties of 0.5 in 2011 and none in 2001: on average 0.25
    assert areas(files)["4"] != areas(files)["3"]
    delineate(files, *years[:2], "--cut", "0.6", method="commuting-zones")
    assert areas(files)["4"] == areas(files)["3"]
    with pytest.raises(SettingsError, match="takes the flows of one year"):
        delineate(files, *years, *LMA)


def test_a_square_matrix_is_read_as_it_is(files: Path) -> None:
    frame = pd.DataFrame(FLOWS, columns=["live", "work", "n"])
    frame.pivot(index="live", columns="work", values="n").fillna(0).to_csv(files / "flows.csv")
    delineate(files, *LMA)
    assert areas(files) == {"1": "1", "2": "1", "3": "3", "4": "3"}


def test_areas_are_compared_with_those_of_a_file(files: Path) -> None:
    official = pd.DataFrame({"code": list("1234"), "town": ["x", "x", "y", "y"], "other": "z"})
    official.to_csv(files / "official.csv", index=False)
    with pytest.raises(LayerError, match=r"--compare-column.*town, other"):
        delineate(files, *LMA, "--compare", str(files / "official.csv"))
    official.drop(columns="other").to_csv(files / "official.csv", index=False)
    said = "\n".join(delineate(files, *LMA, "--compare", str(files / "official.csv")))
    assert "official.csv, 'town': adjusted Rand index 1.0000 over 4 zones" in said
    official.drop(columns="other").assign(town=["x", "y", "x", "y"]).to_csv(
        files / "official.csv", index=False
    )
    said = "\n".join(delineate(files, *LMA, "--compare", str(files / "official.csv")))
    assert "adjusted Rand index -0.5000" in said


def test_zones_are_joined_by_a_column_first(files: Path) -> None:
    table = pd.DataFrame({"code": list("1234"), "district": ["N", "N", "S", "S"]})
    table.to_csv(files / "more.csv", index=False)
    more = ("--zone-table", str(files / "more.csv"), "--merge")
    said = "\n".join(delineate(files, *more, "district", method="dominant"))
    assert "4 zones were joined to 2 by 'district'" in said
    assert areas(files) == {"N": "S", "S": "S"}
    layer = gpd.read_file(files / "out" / "areas.gpkg", layer="zones").set_index("zone_id")
    assert layer.area.to_dict() == pytest.approx({"N": 5e7, "S": 5e7})
    with pytest.raises(SettingsError, match="no column 'county'; there are"):
        delineate(files, *more, "county", method="dominant")
    table.assign(district=["N", "", "S", "S"]).to_csv(files / "more.csv", index=False)
    with pytest.raises(SettingsError, match="zone '2' has no district"):
        delineate(files, *more, "district", method="dominant")


def test_degrees_are_projected_and_said(files: Path) -> None:
    zones = gpd.read_file(files / "zones.gpkg").to_crs("EPSG:4326")
    zones.to_file(files / "zones.gpkg")
    said = "\n".join(delineate(files, "--cities", "city", method="fua"))
    assert "projected from degrees to EPSG:32637" in said
    assert areas(files) == {"1": "A", "2": "A", "3": "C", "4": "C"}


def bad_flows(*rows: tuple[str, str, object]) -> Callable[[Path], None]:
    return lambda folder: write_flows(folder, [*FLOWS, *rows])


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (bad_flows(("1", "3", -4)), FlowError, "below 0"),
        (bad_flows(("1", "3", None)), LayerError, "'1' → '3'|count|empty"),
        (bad_flows(("1", "9", 4)), FlowError, "'9' \\(work\\) is no zone"),
        (bad_flows(("1", "1", 4)), FlowError, "'1 → 1' stands more than once"),
        (lambda f: write_flows(f, FLOWS[:4]), FlowError, "2 zone\\(s\\) have no flows at all: '3'"),
        (lambda f: write_zones(f, ids="1134"), LayerError, "'?1'?"),
        (lambda f: write_zones(f, ids="abcd"), LayerError, "id"),
        (lambda f: write_zones(f, crs=None), LayerError, "CRS"),
        (lambda f: write_zones(f, crs="EPSG:4326"), LayerError, "degrees"),
        (lambda f: (f / "zones.gpkg").unlink(), LayerError, "zones.gpkg"),
        (lambda f: (f / "flows.csv").write_text(""), LayerError, "flows.csv"),
        (lambda f: (f / "flows.csv").write_text("a,b\n1,2\n"), LayerError, "live"),
    ],
)  # fmt: skip
def test_bad_input_is_one_error_and_the_earlier_output_stays_whole(
    files: Path, spoil: Callable[[Path], object], kind: type[AggloError], said: str
) -> None:
    delineate(files, *LMA)
    before = {path.name: path.read_bytes() for path in (files / "out").iterdir()}
    spoil(files)
    with pytest.raises(kind, match=said):
        delineate(files, *LMA)
    assert {path.name: path.read_bytes() for path in (files / "out").iterdir()} == before
    assert [path.name for path in files.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("method", "options", "said"),
    [
        ("lmas", (), "unknown method 'lmas'; known: lma, fua"),
        ("lma", ("--core", "1"), "'lma' does not use --core; it uses --min-size"),
        ("fua", (), "name the cores in one way"),
        ("fua", ("--core", "1", "--core-jobs", "5"), "name the cores in one way"),
        ("fua", ("--cities", "town"), "no column 'town'; there are"),
        ("dominant", ("--known-pair", "1"), "must look like A:B"),
    ],
)
def test_an_option_that_says_nothing_is_refused(
    files: Path, method: str, options: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        delineate(files, *options, method=method)
    assert not (files / "out").exists()


def test_a_transposed_matrix_is_found_by_a_known_pair(files: Path) -> None:
    delineate(files, *LMA, "--known-pair", "2:1")
    with pytest.raises(FlowError, match="look transposed"):
        delineate(files, *LMA, "--known-pair", "1:2")


def test_withheld_counts_are_declared_and_the_status_says_so(files: Path) -> None:
    write_flows(files, [*FLOWS, ("3", "1", "*")])
    with pytest.raises(LayerError, match=r"\*"):
        delineate(files, *LMA)
    said = "\n".join(delineate(files, *LMA, "--suppressed", "*", "--suppressed-below", "5"))
    assert "withheld" in said
    assert "(assumed)" in said


def test_a_folder_of_somebody_else_is_not_replaced(files: Path) -> None:
    (files / "out").mkdir()
    (files / "out" / "thesis.doc").write_text("years of work")
    with pytest.raises(OutputError, match=r"thesis\.doc"):
        delineate(files, *LMA)
    assert (files / "out" / "thesis.doc").read_text() == "years of work"


def test_names_that_could_break_the_page_are_shown_as_they_are(files: Path) -> None:
    delineate(files, *LMA)
    page = (files / "out" / "index.html").read_text(encoding="utf-8")
    assert "Город «А»" in page
    assert page.count("</script>") == page.count("<script")


def test_labour_markets_stay_possible_when_their_thresholds_are_varied(files: Path) -> None:
    delineate(files, "--firmness", "20", "--min-size", "400", "--target-size", "420")
    assert "firmness_share" in pd.read_csv(files / "out" / "areas.csv")


def test_the_seat_of_a_city_is_its_core_in_whatever_order_zones_stand(files: Path) -> None:
    found = {}
    for turned in (False, True):
        zones = gpd.read_file(files / "zones.gpkg").set_index("code")
        order = ["4", "2", "3", "1"] if turned else list("1234")
        zones.loc[order].reset_index().to_file(files / "zones.gpkg")
        delineate(files, "--cities", "city", "--firmness", "20", "--share", "0.37", method="fua")
        table = pd.read_csv(files / "out" / "areas.csv", dtype={"zone_id": str})
        found[turned] = table.set_index("zone_id")["firmness_share"].sort_index()
    assert found[False].tolist() == found[True].tolist()
    assert found[False][["1", "3"]].tolist() == [1, 1]


def test_options_about_files_are_refused_where_none_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["delineate", "-m", "lma", "--residents", "all", "--out", str(tmp_path / "out")]
    )
    assert isinstance(done.exception, SettingsError)
    assert "--residents: only of use with files" in str(done.exception)


def test_percent_are_not_taken_for_shares(files: Path) -> None:
    with pytest.raises(SettingsError, match=r"--share is a share between 0 and 1; got 15"):
        delineate(files, "--core", "1", "--share", "15", method="fua")


def test_a_zone_without_times_is_named(files: Path) -> None:
    times = [(a, b, 30.0 * abs(int(a) - int(b))) for a in "123" for b in "1234"]
    pd.DataFrame(times, columns=["from", "to", "min"]).to_csv(files / "times.csv", index=False)
    command = ["delineate", "--method", "isochrone", "--times", str(files / "times.csv"),
               "--zones", str(files / "zones.gpkg"), "--core", "1", "--out",
               str(files / "out")]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert "no time from zone '4' to any other" in str(done.exception)
    done = CliRunner().invoke(app, [*command, "--allow-empty"])
    assert done.exit_code == 0, done.output
    assert areas(files)["4"] == ""


def test_the_record_says_all_that_was_asked_for(files: Path) -> None:
    delineate(files, "--cities", "city", "--residents", "employed", "--firmness", "5", "--seed",
              "0", method="fua")  # fmt: skip
    record = json.loads((files / "out" / "delineation.json").read_text(encoding="utf-8"))
    assert record["asked"]["cities"] == "city"
    assert (record["asked"]["firmness_draws_count"], record["asked"]["seed"]) == (5, 0)
    assert record["read"]["residents"] == "employed"


def test_a_summary_speaks_of_the_flows_that_were_delineated(files: Path) -> None:
    delineate(files, *LMA, "--without", "3")
    summary = pd.read_csv(files / "out" / "summary.csv", dtype={"area_id": str})
    counts = summary.set_index("area_id")["jobs_count"]
    # who lives in 2 or 4 and works in 3 is gone, and nobody from 3 works elsewhere
    assert counts.sum() == 900 + 100 + 300 + 500 + 300 + 5


def test_the_status_of_flows_may_be_told(files: Path) -> None:
    assert "(modelled)" in "\n".join(delineate(files, *LMA, "--status", "modelled"))
    with pytest.raises(AggloError, match="status must be one of observed"):
        delineate(files, *LMA, "--status", "guessed")
