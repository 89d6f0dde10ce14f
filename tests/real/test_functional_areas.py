"""Belgium's official functional urban areas, and Apulia's labour markets made contiguous."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from agglo.commuting.flows import Flows, flows_from_table
from agglo.territory.contiguity import (
    border_lengths_from_zones,
    connected_parts,
    neighbours_from_zones,
)
from agglo.territory.delineation import Delineation
from agglo.territory.functional_areas import functional_urban_areas
from agglo.territory.repair import contiguous_areas
from agglo.territory.threshold_areas import threshold_areas

METRIC_CRS = "EPSG:3035"


@dataclass(frozen=True, slots=True, kw_only=True)
class Belgium:
    """The census of 2011: flows between 589 communes, their cities and borders."""

    flows: Flows
    cities: pd.Series
    official: pd.Series
    neighbours: sparse.csr_array
    border_m: sparse.csr_array


@pytest.fixture(scope="module")
def belgium(shared: Path) -> Belgium:
    folder = shared / "data" / "commuting" / "belgium_fua"
    zones = pd.read_csv(folder / "zones.csv", dtype={"zone": str}).set_index("zone")
    table = pd.read_csv(folder / "flows.csv", dtype={"live": str, "work": str})
    shapes = gpd.read_file(folder / "zones.gpkg").to_crs(METRIC_CRS).set_index("zone")
    shapes = shapes.loc[zones.index]
    official = pd.read_csv(folder / "expected_fua_antwerp_flanders.csv", dtype=str)
    return Belgium(
        flows=flows_from_table(table, zones.index, residents_count=zones["employed_all"]),
        cities=zones["city_code"],
        official=official.set_index("zone")["fua"].fillna(""),
        neighbours=neighbours_from_zones(shapes),
        border_m=border_lengths_from_zones(shapes),
    )


@pytest.fixture(scope="module")
def with_contiguity(belgium: Belgium) -> Delineation:
    return functional_urban_areas(
        belgium.flows, belgium.cities, neighbours=belgium.neighbours, border_m=belgium.border_m
    )


def test_all_199_communes_with_an_official_area_are_in_it(
    belgium: Belgium, with_contiguity: Delineation
) -> None:
    plain = functional_urban_areas(belgium.flows, belgium.cities)
    for found in (plain, with_contiguity):
        # cities are BE002C1 or BE001K1, their areas BE002L2 or BE001L3: five characters agree.
        area = found.areas["area_id"].loc[belgium.official.index].str[:5]
        assert len(area) == 199
        assert (area != "").sum() == 96
        assert area.to_dict() == belgium.official.str[:5].to_dict()


def test_contiguity_changes_nothing_in_all_589_communes(
    belgium: Belgium, with_contiguity: Delineation
) -> None:
    plain = functional_urban_areas(belgium.flows, belgium.cities)
    pd.testing.assert_frame_equal(with_contiguity.areas, plain.areas)
    assert with_contiguity.notes == (
        "area BE001K1 is one destination of the cities BE001K1, BE008C1",
    )


def test_the_frontier_keeps_knokke_out_as_in_the_official_list(belgium: Belgium) -> None:
    border_m = belgium.border_m.tolil()
    border_m.setdiag(0)
    without_edges = border_m.tocsr()
    without_edges.eliminate_zeros()
    found = functional_urban_areas(
        belgium.flows, belgium.cities, neighbours=belgium.neighbours, border_m=without_edges
    )
    assert "enclaves added: 31043" in found.notes
    assert belgium.official["31043"] == ""


def test_residents_who_work_abroad_decide_about_some_communes(belgium: Belgium) -> None:
    rows = np.asarray(belgium.flows.counts.sum(axis=1)).ravel()
    assert (rows <= belgium.flows.residents_count).all()
    fewer = Flows(
        places=belgium.flows.places,
        counts=belgium.flows.counts,
        is_outside=belgium.flows.is_outside,
        residents_count=rows,
        status="observed",
    )
    wrong = functional_urban_areas(fewer, belgium.cities).areas["area_id"]
    area = wrong.loc[belgium.official.index].str[:5]
    assert (area != belgium.official.str[:5]).any()


def test_every_commune_has_a_neighbour_though_its_border_is_ragged(belgium: Belgium) -> None:
    assert np.diff(belgium.neighbours.indptr).min() >= 1
    assert (belgium.neighbours != belgium.neighbours.T).nnz == 0
    land = connected_parts(belgium.neighbours, np.zeros(589, dtype=np.int64))
    assert len(set(land)) == 1


def test_by_the_threshold_rule_out_commuters_alone_give_the_same_members_without_merging(
    belgium: Belgium,
) -> None:
    by_share = functional_urban_areas(belgium.flows, belgium.cities, merge_share=2.0)
    by_tie = threshold_areas(belgium.flows, belgium.cities, threshold_share=0.15, side="out")
    pd.testing.assert_frame_equal(by_tie.areas, by_share.areas)


@pytest.mark.parametrize("choices", ["1000_0.6667_10000_0.75", "1000_0.6667_10000_0.95"])
def test_labour_markets_hang_together_after_the_repair(shared: Path, choices: str) -> None:
    folder = shared / "data" / "commuting" / "brindisi_lma"
    shapes = gpd.read_file(folder / "zones.gpkg")
    shapes = shapes.set_index(shapes.columns[0]).to_crs(METRIC_CRS)
    shapes.index = shapes.index.astype(str)
    expected = pd.read_csv(folder / f"expected_lma_{choices}.csv", dtype=str)
    area = expected.set_index(expected.columns[0]).iloc[:, 0]
    flows = flows_from_table(pd.read_csv(folder / "flows.csv"), area.index)
    touching = neighbours_from_zones(shapes.loc[area.index])
    areas = pd.DataFrame(
        {"area_id": area, "decided_by": "validity", "value": 1.0, "threshold": 1.0, "margin": 0.0}
    )
    before = Delineation(method="lma", areas=areas, parameters={}, status="observed")
    after = contiguous_areas(before, flows, touching).areas["area_id"]
    assert parts_count(touching, after) == after.nunique() == area.nunique()
    assert ((after != area).any()) == (parts_count(touching, area) > area.nunique())


def parts_count(touching: sparse.csr_array, area: pd.Series) -> int:
    return len(set(connected_parts(touching, np.unique(area, return_inverse=True)[1])))
