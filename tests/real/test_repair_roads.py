"""The coarse roads of Natural Earth and the built-in links, repaired and looked over."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from agglo.layers.islands import islands
from agglo.layers.repair import Repaired, network_from_lines, repair_lines
from agglo.paths import builtin_workspace

CRS = "EPSG:32637"


@pytest.fixture(scope="module")
def coarse(shared: Path) -> gpd.GeoDataFrame:
    """Return 279 lines, 4,955 km, round Obninsk and Moscow."""
    return gpd.read_file(shared / "data/obninsk/roads_naturalearth.gpkg")


def parts(made: Repaired) -> pd.DataFrame:
    return islands(made.nodes, made.links, crs=CRS)


def test_as_drawn_with_every_crossing_a_junction_97_6_percent_of_the_nodes_are_one_part(
    coarse: gpd.GeoDataFrame,
) -> None:
    found = parts(network_from_lines(coarse, crs=CRS, snap_m=0, join_crossings=True))
    assert len(found) == 4
    assert (found["nodes"][0], found["nodes"].sum()) == (281, 288)
    assert found["nodes_share"][0] == pytest.approx(0.976, abs=5e-4)
    assert found["links_share"][0] == pytest.approx(341 / 345)
    assert found["km_share"][0] == pytest.approx(0.971, abs=5e-4)
    assert found["gap_m"][1:].round().tolist() == [35, 511, 39]


@pytest.mark.parametrize("crossings", [True, False])
def test_within_600_m_all_is_one_part_and_within_500_m_it_is_not(
    coarse: gpd.GeoDataFrame, crossings: bool
) -> None:
    one = network_from_lines(coarse, crs=CRS, snap_m=600, join_crossings=crossings)
    two = network_from_lines(coarse, crs=CRS, snap_m=500, join_crossings=crossings)
    assert len(parts(one)) == 1
    assert len(parts(two)) > 1
    assert not any("island" in line for line in repair_lines(one.report))


def test_what_is_repaired_keeps_its_km_and_needs_no_second_repair(
    coarse: gpd.GeoDataFrame,
) -> None:
    once = network_from_lines(coarse, crs=CRS, snap_m=25)
    drawn_km = coarse.to_crs(CRS).length.sum() / 1000
    added_km = once.report.loc[once.report["action"] == "repaired", "km"].sum()
    assert once.links["length_km"].sum() == pytest.approx(drawn_km + added_km, abs=1e-3)
    assert 0 < added_km < 0.2
    twice = network_from_lines(once.links, crs=CRS, snap_m=25)
    assert set(twice.report["action"]) == {"reported"}
    pd.testing.assert_frame_equal(pd.DataFrame(once.links), pd.DataFrame(twice.links))


def test_the_built_in_links_are_one_part() -> None:
    layers = builtin_workspace() / "layers"
    found = islands(
        pd.read_csv(layers / "nodes.csv"), gpd.read_file(layers / "links.geojson"), crs=CRS
    )
    assert len(found) == 1
    assert found["nodes"][0] > 50
