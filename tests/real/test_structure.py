"""Structure on real data: Obninsk's towns, claims about them, Belgium's cities and communes."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.cases import cases_from_network
from agglo.commuting.flows import Flows, flows_from_frame, flows_from_table, merged_flows
from agglo.indicators.case import Case
from agglo.layers.build.__main__ import TABLES
from agglo.layers.build.claims import CORE, SATELLITES, claims, town_population
from agglo.parameters import parameters_from_assumptions
from agglo.scenarios.files import BASELINE, Scenario
from agglo.territory.claims import claim_verdicts, dated_sizes
from agglo.territory.development import development
from agglo.territory.functional_polycentricity import zone_balance
from agglo.territory.order import LINE_SHARE, WHOLE, order_within
from agglo.territory.polycentricity import polycentricity_panel
from agglo.territory.urbanisation import degree_of_urbanisation
from agglo.transport.network import network_from_regions
from agglo.workspace import Workspace

VECTOR_NAMES = {
    "primacy": "primacy_share",
    "core_over_rest": "core_rest_ratio",
    "two_city": "two_city_ratio",
    "jefferson": "four_city_ratio",
    "HHI": "concentration",
    "effN": "effective_centres",
    "rank_size_slope": "rank_size_slope",
    "meijers_burger": "top_slope",
    "entropy_norm": "entropy_share",
}
CELLS_PER_SIDE = 10
"""Cells of 100 m along a cell of 1 km."""


def test_the_panel_gives_every_figure_of_the_vectors(shared: Path) -> None:
    vector = json.loads((shared / "vectors.json").read_text())["polycentricity_census2021"]
    panel = polycentricity_panel(pd.DataFrame({"people": vector["pop"]}))
    assert sum(vector["pop"].values()) == vector["total"]
    wanted = {own: vector[name] for name, own in VECTOR_NAMES.items()}
    assert panel.loc["people", list(wanted)].to_dict() == pytest.approx(wanted, abs=6e-7)


@pytest.fixture(scope="module")
def earlier(shared: Path) -> pd.DataFrame:
    """Towns of 2017 and 2019."""
    return town_population(shared / "data" / "obninsk", TABLES)


def test_the_towns_add_up_to_their_published_totals(earlier: pd.DataFrame) -> None:
    sums = earlier.groupby("year")["population_count"].sum()
    assert sums.to_dict() == {2017: 210_845, 2019: 215_428}
    assert set(earlier["zone_id"]) == {*CORE, *SATELLITES}


def test_the_development_of_the_towns_is_that_of_delineation(earlier: pd.DataFrame) -> None:
    wanted = {2017: (1.476, 0.583), 2019: (1.508, 0.584)}
    for year, rows in earlier.groupby("year"):
        found = development(rows.set_index("zone_id").assign(kind="city"), core="obninsk")
        assert tuple(found["coefficient"].round(3)) == wanted[int(str(year))]


@pytest.fixture(scope="module")
def baseline(workspace: Workspace) -> Case:
    """The built-in region with its flows, and nothing that takes long."""
    one = Scenario(name=BASELINE, title="", title_ru="", horizon="year", steps=())
    parameters = parameters_from_assumptions(workspace.assumptions)
    network = network_from_regions({BASELINE: workspace.region}, parameters)
    return cases_from_network([one], network, parameters, needs=())[1][BASELINE]


@pytest.fixture(scope="module")
def sizes(baseline: Case, earlier: pd.DataFrame) -> pd.DataFrame:
    """Figures that the claims are tested on."""
    zones = baseline.region["zones"].loc[baseline.inside]
    return dated_sizes(
        baseline.region["population"],
        zones,
        zones_year=2021,
        zones_source="census",
        earlier=earlier,
    )


@pytest.fixture(scope="module")
def modelled(baseline: Case) -> Flows:
    """Flows of the built-in region."""
    zones = baseline.region["zones"]
    return flows_from_frame(
        baseline.flows,
        outside=list(zones.index[zones["kind"] == "outside"]),
        residents_count=zones["workers_count"],
    )


def test_the_claims_of_the_sources_have_the_verdicts_that_the_figures_give(
    sizes: pd.DataFrame, modelled: Flows
) -> None:
    found = claim_verdicts(claims(TABLES), sizes, flows=modelled, flows_year=2021)
    figures = found["figure"].round(4)
    assert found.loc["comparable_2021", "verdict"] == "holds"
    assert figures["comparable_2021"] == pytest.approx(1.032, abs=5e-4)
    assert figures["comparable_2017"] == pytest.approx(1.17, abs=5e-3)
    assert figures["comparable_2019"] == pytest.approx(1.215, abs=5e-4)
    same = found[found["statement_id"] == "no_hypertrophied_centre"]["verdict"]
    assert same.value_counts().to_dict() == {"holds": 3, "does_not_hold": 2}
    newest = found.loc["growth_newest"]
    assert newest["verdict"] == "does_not_hold"
    assert newest[["year_from", "year_to"]].tolist() == [2023, 2024]
    assert newest["contrary"] == "mo_borovsky;mo_zhukovsky;mo_maloyaroslavetsky"
    assert newest["note"] == (
        "mo_obninsk +2.23%; mo_borovsky -0.00%; mo_zhukovsky -1.70%; mo_maloyaroslavetsky +1.63%"
    )
    assert found.loc["growth_2021_2023", "contrary"] == "mo_zhukovsky"
    assert (found["verdict"] != "cannot_be_tested").all()
    assert found.loc["second_order_of_moscow", "status"] == "modelled"


def test_no_zone_of_obninsk_is_without_an_order_and_moscow_stays_below_the_line(
    modelled: Flows,
) -> None:
    order = order_within(modelled, core=["obninsk"], outside_core=["moscow"])
    assert "unknown" not in set(order["verdict"])
    assert order.loc[WHOLE, "outside_core_share"] < LINE_SHARE
    assert order.loc["obninsk", "chain"] == "obninsk → moscow"


@pytest.fixture(scope="module")
def belgium(shared: Path) -> tuple[Flows, pd.DataFrame]:
    """Commuting of 2011 and what is known of the communes."""
    folder = shared / "data" / "commuting" / "belgium_fua"
    ids = {"zone": str, "live": str, "work": str}
    zones = pd.read_csv(folder / "zones.csv", dtype=ids).set_index("zone")
    table = pd.read_csv(folder / "flows.csv", dtype=ids)
    known = flows_from_table(table, list(zones.index), residents_count=zones["employed_all"])
    return known, zones


def test_mechelen_is_the_least_self_contained_of_the_official_areas(
    belgium: tuple[Flows, pd.DataFrame], shared: Path
) -> None:
    flows, zones = belgium
    path = shared / "data" / "commuting" / "belgium_fua" / "expected_fua_antwerp_flanders.csv"
    areas = pd.read_csv(path, dtype=str).set_index("zone")["fua"].dropna()
    group = areas.reindex(zones.index).fillna(pd.Series(zones.index, index=zones.index))
    balance = zone_balance(merged_flows(flows, group)).loc[sorted(set(areas))]
    whole = balance.drop("BE001L3")  # Brussels: only its Flemish communes are given
    assert whole["supply_share"].idxmin() == "BE012L1"
    assert whole["supply_share"].min() == pytest.approx(0.44, abs=0.005)
    assert whole["demand_share"].min() == pytest.approx(0.38, abs=0.005)


def test_orders_around_brussels_are_those_of_plain_sums(
    belgium: tuple[Flows, pd.DataFrame], shared: Path
) -> None:
    flows, zones = belgium
    brussels = list(zones.index[zones["city_code"] == "BE001K1"])
    order = order_within(flows, core=["12025"], outside_core=brussels)
    table = pd.read_csv(
        shared / "data" / "commuting" / "belgium_fua" / "flows.csv",
        dtype={"live": str, "work": str},
    )
    to_brussels = table[table["work"].isin(brussels)].groupby("live")["n"].sum()
    share = (to_brussels / zones["employed_all"]).reindex(zones.index).fillna(0)
    np.testing.assert_allclose(order["outside_core_share"].drop(WHOLE), share, atol=1e-9)
    first = order["verdict"].drop(WHOLE) == "first_order"
    own = table[table["work"] == "12025"].set_index("live")["n"].reindex(zones.index).fillna(0)
    wanted = (share >= 0.15) & (share > own / zones["employed_all"])
    assert first.tolist() == wanted.tolist()
    assert wanted.sum() > 100
    assert order.loc["12025", "chain"] == "12025 → 21001"


def test_degrees_of_belgian_communes_agree_with_the_official_ones_as_measured(
    belgium: tuple[Flows, pd.DataFrame], shared: Path
) -> None:
    """84.7 % of 563 communes, whose official degree is of another grid and date."""
    shares = commune_shares(shared / "data" / "commuting" / "belgium_degurba")
    found = degree_of_urbanisation(shares)["class_id"].map({"city": 1, "town": 2, "rural": 3})
    official = belgium[1]["degurba_official_lau2019"].reindex(found.index).dropna()
    assert len(official) == 563
    assert (official.astype(int) == found[official.index]).mean() == pytest.approx(0.847, abs=5e-4)


def commune_shares(folder: Path) -> pd.DataFrame:
    """Shares of people and land by kind of cell, at 100 m, of the classed cells of 1 km."""
    rasterio = pytest.importorskip("rasterio")
    features = pytest.importorskip("rasterio.features")
    with (
        rasterio.open(folder / "POP.tif") as people,
        rasterio.open(folder / "expected_degurba_L1.tif") as classed,
    ):
        counts, kinds, transform = np.nan_to_num(people.read(1)), classed.read(1), people.transform
    units = gpd.read_file(folder / "units_2019.gpkg")
    a, b, c, d, e, f = tuple(transform)[:6]
    fine = rasterio.Affine(a / CELLS_PER_SIDE, b, c, d, e / CELLS_PER_SIDE, f)
    unit = features.rasterize(
        ((shape, at + 1) for at, shape in enumerate(units.geometry)),
        out_shape=tuple(CELLS_PER_SIDE * side for side in counts.shape),
        transform=fine,
        dtype="int32",
    )
    rows, columns = np.nonzero(unit)
    coarse = rows // CELLS_PER_SIDE, columns // CELLS_PER_SIDE
    kind, here = kinds[coarse], unit[rows, columns] - 1
    parts: dict[str, np.ndarray] = {}
    for suffix, weight in (("share", counts[coarse]), ("land_share", np.ones(len(here)))):
        sums = {
            name: np.bincount(here[kind == code], weight[kind == code], minlength=len(units))
            for name, code in (("centre", 3), ("cluster", 2), ("rural", 1))
        }
        whole = np.maximum(sum(sums.values()), 1e-12)
        parts |= {f"{name}_{suffix}": one / whole for name, one in sums.items()}
    return pd.DataFrame(parts, index=units["UID"].astype(str))
