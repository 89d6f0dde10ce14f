"""Published flows and zones, read without naming a column, against counts made with csv alone."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.commuting.disclosure import Disclosure, filled_table
from agglo.commuting.flows import flows_from_table
from agglo.commuting.gravity import gravity_flows
from agglo.commuting.observed import check_direction, coverage, joined_flows
from agglo.commuting.pivot import pivoted_flows
from agglo.errors import FlowError, LayerError
from agglo.layers.minute_files import read_minutes
from agglo.layers.od_files import read_flow_matrix, read_flow_table, read_flows
from agglo.layers.zone_files import read_zone_columns, read_zones

LONG = {
    "belgium_fua": ("flows.csv", {}, 123_201, 4_284_208),
    "brindisi_lma": ("flows.csv", {}, 337, 89_192),
    "sardinia_lma": ("flows.csv", {}, 10_997, None),
    "austria_migration": (
        "flows.csv", {"live": "origin", "work": "destination", "count": "flow"}, 72, 89_575
    ),
    "grand_est_nodal": ("nav.csv", {"live": "i", "work": "j", "count": "fij"}, 3_350, None),
    "england_wales_cz": ("flows.csv.gz", {"only": {"year": "2011"}}, None, None),
}  # fmt: skip

ZONES = {
    "belgium_fua": ("zones.gpkg", 589, "EPSG:32631", "column 'zone'", None),
    "brindisi_lma": ("zones.gpkg", 20, "EPSG:32633", "column 'PRO_COM'", "BRINDISI"),
    "sardinia_lma": ("zones.gpkg", 377, "EPSG:32632", "column 'PRO_COM'", "AGGIUS"),
    "england_wales_cz": ("zones.gpkg", 334, "EPSG:27700", "column 'lad20xcd'", "Hartlepool"),
    "grand_est_nodal": ("GE.gpkg", 159, "EPSG:2154", "layer 'urban_area' of 2", "Paris"),
    "kansas_gravity": ("county.gpkg", 105, "EPSG:32614", "column 'ID'", None),
}


@pytest.fixture(scope="module")
def commuting(shared: Path) -> Path:
    return shared / "data" / "commuting"


@pytest.fixture(scope="module")
def tables(commuting: Path) -> dict[str, pd.DataFrame]:
    """Read every table of flows once."""
    read = {
        case: read_flow_table(commuting / case / name, **choices)
        for case, (name, choices, _, _) in LONG.items()
    }
    return {**read, "kansas_gravity": read_flow_matrix(commuting / "kansas_gravity" / "od.csv")}


def by_csv(path: Path) -> list[dict[str, str]]:
    """Read a table without any of our code."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("case", LONG)
def test_a_long_table_is_read_as_it_stands(
    commuting: Path, tables: dict[str, pd.DataFrame], case: str
) -> None:
    name, choices, rows_count, people = LONG[case]
    columns = [
        choices.get(one, one if one != "count" else "n") for one in ("live", "work", "count")
    ]
    rows = [
        row
        for row in by_csv(commuting / case / name)
        if all(row[column] == text for column, text in choices.get("only", {}).items())
    ]
    table = tables[case]
    assert table["live"].tolist() == [row[columns[0]] for row in rows]
    assert table["work"].tolist() == [row[columns[1]] for row in rows]
    assert table["n"].tolist() == [float(row[columns[2]]) for row in rows]
    assert rows_count in (None, len(table))
    assert people in (None, table["n"].sum())


def test_a_square_table_is_read_as_it_stands(
    commuting: Path, tables: dict[str, pd.DataFrame]
) -> None:
    path = commuting / "kansas_gravity" / "od.csv"
    by_hand = {
        (row[""], work): float(cell)
        for row in by_csv(path)
        for work, cell in row.items()
        if work and float(cell) != 0
    }
    table = tables["kansas_gravity"]
    assert dict(zip(zip(table["live"], table["work"], strict=True), table["n"], strict=True)) == (
        by_hand
    )
    assert table["n"].sum() == 200_347
    pd.testing.assert_frame_equal(read_flows(path), table)


@pytest.mark.parametrize("case", ZONES)
def test_zones_are_found_without_naming_a_column(
    commuting: Path, tables: dict[str, pd.DataFrame], case: str
) -> None:
    name, count, crs, note, first_name = ZONES[case]
    table = tables[case]
    ids = {*table["live"], *table["work"]}
    zones = read_zones(commuting / case / name, flow_ids=ids)
    assert len(zones) == count
    assert zones.crs == crs
    assert note in zones.attrs["note"]
    assert zones["name"].iloc[0] == (first_name or zones.index[0])
    assert zones.is_valid.all()
    known = flows_from_table(table, zones.index, outside=ids - set(zones.index))
    assert known.counts.sum() == table["n"].sum()
    assert len(ids - set(zones.index)) <= 1


def test_the_zones_lie_where_they_are(commuting: Path, tables: dict[str, pd.DataFrame]) -> None:
    path = commuting / "belgium_fua" / "zones.gpkg"
    zones = read_zones(path, flow_ids=tables["belgium_fua"]["live"])
    raw = gpd.read_file(path).set_index("zone")
    area_m2 = read_zone_columns(commuting / "belgium_fua" / "zones.csv", zones)["area_m2"]
    # the areas are of 2019; six borders have moved or are drawn coarsely
    off = (zones.area / area_m2 - 1).abs()
    assert (off > 0.03).sum() == 6
    assert off.median() < 0.01
    assert zones.area.sum() == pytest.approx(30_700e6, rel=0.01)
    assert list(zones.index) == list(raw.index)


def test_columns_of_belgian_zones_are_joined(
    commuting: Path, tables: dict[str, pd.DataFrame]
) -> None:
    folder = commuting / "belgium_fua"
    zones = read_zones(folder / "zones.gpkg", flow_ids=tables["belgium_fua"]["live"])
    joined = read_zone_columns(folder / "zones.csv", zones)
    wanted = {row["zone"]: row for row in by_csv(folder / "zones.csv")}
    assert joined["city_code"].to_dict() == {one: row["city_code"] for one, row in wanted.items()}
    assert joined["employed_all"].sum() == sum(
        float(row["employed_all"]) for row in wanted.values()
    )
    assert joined.loc["11002", "name"] == "Anvers"
    flows = flows_from_table(
        tables["belgium_fua"], joined.index, residents_count=joined["employed_all"]
    )
    assert (flows.residents_count >= np.asarray(flows.counts.sum(axis=1)).ravel()).all()


def test_a_table_turned_round_is_noticed(commuting: Path) -> None:
    path = commuting / "belgium_fua" / "flows.csv"
    for live, work in (("live", "work"), ("work", "live")):
        table = read_flow_table(path, live=live, work=work)
        flows = flows_from_table(table, sorted({*table["live"], *table["work"]}))
        if live == "live":
            assert check_direction(flows, live="11001", work="11002") is flows
        else:
            with pytest.raises(FlowError, match=r"2,145 back.*look transposed"):
                check_direction(flows, live="11001", work="11002")


def test_a_sample_times_ten_is_rounded_to_ten_and_a_census_is_not(commuting: Path) -> None:
    path = commuting / "england_wales_cz" / "flows.csv.gz"
    sample = read_flow_table(path, only={"year": "1991"})
    filled, notes, status = filled_table(sample, Disclosure(rounded_to_count=10))
    assert (filled["high_count"] - filled["low_count"] <= 10).all()
    assert notes == ("counts are rounded to 10: each may be off by 5",)
    assert status == "observed"
    with pytest.raises(FlowError, match="declared as rounded to 10"):
        filled_table(read_flow_table(path, only={"year": "2011"}), Disclosure(rounded_to_count=10))


@pytest.mark.parametrize("case", ["belgium_fua", "grand_est_nodal"])
def test_a_file_with_other_columns_names_those_it_has(commuting: Path, case: str) -> None:
    with pytest.raises(LayerError, match=r"lacks the column\(s\) 'home'.*it has "):
        read_flow_table(commuting / case / LONG[case][0], live="home")


def test_each_observed_county_brings_the_flows_closer(
    commuting: Path, tables: dict[str, pd.DataFrame]
) -> None:
    km = read_minutes(commuting / "kansas_gravity" / "distance.csv")
    km = km.mask(np.eye(len(km), dtype=bool), np.inf)
    true = tables["kansas_gravity"].pivot(index="live", columns="work", values="n")
    true = true.reindex(index=km.index, columns=km.columns).fillna(0.0)
    workers, jobs = true.sum(axis=1), true.sum()

    def shared_share(got: pd.DataFrame) -> float:
        return 2 * np.minimum(got, true).to_numpy().sum() / (got + true).to_numpy().sum()

    shares = []
    for step in (0, 4, 2, 1):
        seen = true.iloc[::step] if step else true.iloc[:0]
        joined = joined_flows(seen, km, workers, jobs, decay_per_min=0.075)
        np.testing.assert_allclose(joined.sum(axis=1), workers)
        np.testing.assert_allclose(joined.sum(), jobs, atol=1e-4)
        shares.append(shared_share(joined))
    assert shares[0] == pytest.approx(0.85519, abs=1e-3)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert coverage(workers, true.index[::2]).zones_share == pytest.approx(53 / 105)


def test_real_flows_pivot_into_a_scenario_and_back(
    commuting: Path, tables: dict[str, pd.DataFrame]
) -> None:
    km = read_minutes(commuting / "kansas_gravity" / "distance.csv")
    km = km.mask(np.eye(len(km), dtype=bool), np.inf)
    true = tables["kansas_gravity"].pivot(index="live", columns="work", values="n")
    true = true.reindex(index=km.index, columns=km.columns).fillna(0.0)
    workers, jobs = true.sum(axis=1), true.sum()
    base = gravity_flows(km, workers, jobs, decay_per_min=0.075)
    assert pivoted_flows(true, base, base.copy()).equals(true)
    more_jobs, more_workers = jobs.copy(), workers.copy()
    more_jobs["20001"] += 4000
    more_workers += 4000 * workers / workers.sum()
    now = gravity_flows(km, more_workers, more_jobs, decay_per_min=0.075)
    got = pivoted_flows(true, base, now)
    np.testing.assert_allclose(got.sum(), more_jobs, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(got.sum(axis=1), more_workers, rtol=1e-6)
