"""Layers: a data file beside its metadata, in CSV, GeoJSON or GeoPackage."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from agglo.errors import LayerError, TableError
from agglo.layers.catalogue import EDITED_NOTE, METADATA_KEYS, read_layers
from agglo.tables import TABLES
from tests import worlds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the two banks as layers, the zones as GeoPackage."""
    for name, frame in worlds.two_banks_tables().items():
        write_layer(tmp_path, name, frame)
    return tmp_path


def write_layer(folder: Path, name: str, frame: pd.DataFrame, *, table: str = "") -> Path:
    """Write a layer; an empty one with geometry as CSV would have none, so it is GeoJSON."""
    if isinstance(frame, gpd.GeoDataFrame):
        path = folder / f"{name}.{'gpkg' if name == 'zones' else 'geojson'}"
        frame.to_crs("EPSG:4326").to_file(path)
    else:
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False)
    write_metadata(folder, name, path, table=table or name)
    return path


def write_metadata(folder: Path, name: str, path: Path, **changed: str) -> None:
    about = {
        **dict.fromkeys(METADATA_KEYS, "test"),
        "table": name,
        "file": path.name,
        "status": "assumed",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        **changed,
    }
    text = "".join(f'{key} = "{value}"\n' for key, value in about.items())
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def test_layers_come_back_as_the_tables_they_were(folder: Path) -> None:
    tables, where, provenance = read_layers(folder)
    assert set(tables) == set(TABLES)
    assert where["zones"] == "zones.gpkg"
    assert {item.layer for item in provenance} == set(TABLES)
    region, wanted = worlds.region_of(tables), worlds.two_banks()
    for name in ("nodes", "lines", "line_stops", "connectors"):
        pd.testing.assert_frame_equal(
            region[name], wanted[name], check_column_type=False, check_dtype=False
        )
    moved = region.geo("zones").distance(wanted.geo("zones"))
    assert (moved < 0.01).all()


def test_ids_that_look_like_numbers_or_nothing_stay_texts(folder: Path) -> None:
    path = folder / "nodes.csv"
    frame = pd.read_csv(path)
    frame["name_ru"] = ["007", "NA", "nan"]
    frame.to_csv(path, index=False)
    tables, _, _ = read_layers(folder)
    assert tables["nodes"]["name_ru"].tolist() == ["007", "NA", "nan"]


def test_a_layer_that_was_edited_says_so_and_carries_its_own_hash(folder: Path) -> None:
    path = folder / "nodes.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("town", "city"), encoding="utf-8")
    _, _, provenance = read_layers(folder)
    nodes = next(item for item in provenance if item.layer == "nodes")
    assert nodes.note == EDITED_NOTE
    assert nodes.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [item.layer for item in provenance if item.note] == ["nodes"]


def test_a_table_may_be_spread_over_two_layers(folder: Path) -> None:
    zones = worlds.two_banks_tables()["zones"]
    figures = ["population_count", *(c for c in zones if c.startswith(("jobs", "workers")))]
    write_layer(folder, "zones", zones.drop(columns=figures))
    write_layer(folder, "work", pd.DataFrame(zones[["zone_id", *figures]])[::-1], table="zones")
    tables, where, provenance = read_layers(folder)
    assert where["zones"] == "work.csv, zones.gpkg"
    assert len(provenance) == len(TABLES) + 1
    region = worlds.region_of(tables)
    pd.testing.assert_series_equal(
        region["zones"]["jobs_count"], worlds.two_banks()["zones"]["jobs_count"]
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lambda work: work.iloc[:2], "must have the same zone_id; only one of them has away"),
        (
            lambda work: work.assign(zone_id=["west", "east", "west"]),
            "work.csv: 'west' stands more than once in 'zone_id'",
        ),
        (
            lambda work: work.rename(columns={"zone_id": "zone"}),
            "work.csv: column 'zone_id' is missing; table 'zones' is joined by it",
        ),
    ],
    ids=["a row short", "a row twice", "no key"],
)
def test_layers_of_one_table_must_match_row_for_row(
    folder: Path, rows: object, message: str
) -> None:
    zones = worlds.two_banks_tables()["zones"]
    work = pd.DataFrame(zones[["zone_id", "jobs_count"]])
    write_layer(folder, "zones", zones.drop(columns="jobs_count"))
    write_layer(folder, "work", rows(work), table="zones")  # type: ignore[operator]
    with pytest.raises(TableError, match=message):
        read_layers(folder)


def test_a_column_that_stands_in_two_layers_is_refused(folder: Path) -> None:
    zones = worlds.two_banks_tables()["zones"]
    write_layer(folder, "work", pd.DataFrame(zones[["zone_id", "jobs_count"]]), table="zones")
    with pytest.raises(TableError, match=r"work.csv and zones.gpkg both have jobs_count"):
        read_layers(folder)


def test_an_empty_folder_holds_no_layers(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match=r"holds no layers; wanted NAME.toml"):
        read_layers(tmp_path)


def test_a_table_without_a_layer_is_named(folder: Path) -> None:
    (folder / "wages.toml").unlink()
    with pytest.raises(LayerError, match="lacks layers for the tables wages"):
        read_layers(folder)


def test_a_data_file_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "wages.csv").unlink()
    with pytest.raises(LayerError, match=r"layer 'wages' names the file .*wages.csv, which is not"):
        read_layers(folder)


@pytest.mark.parametrize("key", METADATA_KEYS)
def test_metadata_must_have_every_key(folder: Path, key: str) -> None:
    path = folder / "wages.toml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(x for x in lines if not x.startswith(f"{key} =")), encoding="utf-8")
    with pytest.raises(LayerError, match=f"wages.toml: metadata lacks {key}"):
        read_layers(folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"table": "rivers"}, "unknown table 'rivers'; known: municipalities"),
        ({"status": "sure"}, "status must be one of observed, modelled, assumed; got 'sure'"),
    ],
)
def test_metadata_must_name_a_table_and_a_status(
    folder: Path, changed: dict[str, str], message: str
) -> None:
    write_metadata(folder, "wages", folder / "wages.csv", **changed)
    with pytest.raises(LayerError, match=f"wages.toml: {message}"):
        read_layers(folder)


def test_malformed_metadata_is_refused(folder: Path) -> None:
    (folder / "wages.toml").write_text("table = wages", encoding="utf-8")
    with pytest.raises(LayerError, match=r"wages.toml: malformed TOML"):
        read_layers(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("wages.csv", b"", "wages.csv cannot be read as CSV"),
        ("wages.csv", b'a,b\n1,2,3\n4,5,6,7,8\n"', "wages.csv cannot be read as CSV"),
        ("wages.csv", "a,b\nруб,1\n".encode("cp1251"), "wages.csv cannot be read as CSV"),
        ("links.geojson", b"{", "links.geojson cannot be read as a layer"),
        ("links.geojson", b"", "links.geojson cannot be read as a layer"),
        ("zones.gpkg", b"SQLite format 3\x00 no more", "zones.gpkg cannot be read as a layer"),
    ],
)
def test_a_broken_data_file_is_named(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(LayerError, match=message):
        read_layers(folder)


def test_metres_that_call_themselves_degrees_are_refused(folder: Path) -> None:
    links = worlds.two_banks_tables()["links"]
    wrong = links.set_crs("EPSG:4326", allow_override=True)
    wrong.to_file(folder / "links.geojson", engine="pyogrio")
    with pytest.raises(LayerError, match="are no degrees though the CRS is WGS 84"):
        read_layers(folder)


def test_a_table_of_points_may_come_as_a_csv_saved_by_excel(folder: Path) -> None:
    """Excel puts a byte order mark before the first column's name."""
    path = folder / "nodes.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    tables, _, _ = read_layers(folder)
    assert "node_id" in tables["nodes"]


def test_the_order_in_which_files_were_written_does_not_matter(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    for path in sorted(folder.iterdir(), reverse=True):
        shutil.copy(path, other)
    assert read_layers(folder)[1:] == read_layers(other)[1:]
