"""Labour market areas of Brindisi and Sardinia equal those of the reference, zone by zone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_table
from agglo.territory.delineation import Delineation
from agglo.territory.dissolution import labour_market_labels
from agglo.territory.labour_markets import labour_market_areas
from agglo.territory.validity import STANDARDS, Standard, validity_of_areas
from benchmarks.territory_reference import reference_labels

CASES = [
    ("brindisi_lma", "1000_0.6667_10000_0.75", 9, 0),
    ("brindisi_lma", "1000_0.6667_10000_0.95", 6, 1),
    ("brindisi_lma", "1000_0.6_10000_0.7", 9, 0),
    ("brindisi_lma", "50_0.3_100_0.4", 20, 0),
    ("sardinia_lma", "1000_0.6667_10000_0.75", 36, 80),
    ("sardinia_lma", "3500_0.6667_25000_0.75", 20, 80),
]
"""Folder, standard, areas, zones on the reserve list: SOURCE.md beside the data."""


def standard_of(name: str) -> Standard:
    """Read a standard off the name of a file."""
    least, low, target, high = map(float, name.split("_"))
    return Standard(
        min_size_count=least,
        min_self_containment_share=low,
        target_size_count=target,
        target_self_containment_share=high,
    )


def flows_of(folder: Path) -> Flows:
    table = pd.read_csv(folder / "flows.csv")
    return flows_from_table(table, [str(one) for one in np.unique(table[["live", "work"]])])


def found_and_told(
    folder: Path, name: str, *, keep_reserve: bool
) -> tuple[Delineation, pd.DataFrame]:
    """Delineate, and read what the reference says; 0 is its reserve list."""
    kind = "before_reserve" if keep_reserve else "lma"
    told = pd.read_csv(folder / f"expected_{kind}_{name}.csv", index_col="zone")
    told.index = told.index.astype(str)
    found = labour_market_areas(
        flows_of(folder), **asdict(standard_of(name)), keep_reserve=keep_reserve
    )
    return found, told.reindex(found.areas.index)


@pytest.mark.parametrize("keep_reserve", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("folder", "name", "areas", "reserve"), CASES)
def test_every_zone_is_in_the_area_of_the_reference(
    folder: str, name: str, areas: int, reserve: int, keep_reserve: bool, shared: Path
) -> None:
    place = shared / "data" / "commuting" / folder
    found, told = found_and_told(place, name, keep_reserve=keep_reserve)
    pairs = pd.DataFrame({"own": found.areas["area_id"], "told": told["cluster"]})
    assert pairs["told"].notna().all()
    in_none = pairs["own"] == ""
    assert (in_none == (pairs["told"] == 0)).all()
    assert in_none.sum() == (reserve if keep_reserve else 0)
    distinct = pairs[~in_none].drop_duplicates()
    assert len(distinct) == distinct["own"].nunique() == distinct["told"].nunique() == areas


@pytest.mark.parametrize(("folder", "name", "areas", "reserve"), CASES)
def test_residents_and_jobs_of_every_area_are_those_of_the_reference(
    folder: str, name: str, areas: int, reserve: int, shared: Path
) -> None:
    del reserve
    place = shared / "data" / "commuting" / folder
    found, told = found_and_told(place, name, keep_reserve=False)
    table = validity_of_areas(found, flows_of(place), standard=standard_of(name))
    cluster = told["cluster"].groupby(found.areas["area_id"]).first()
    sums = pd.read_csv(place / f"expected_marginals_{name}.csv", index_col="cluster")
    assert len(table) == areas == len(sums)
    expected = sums.loc[cluster.loc[table.index]].to_numpy()
    np.testing.assert_array_equal(table[["size_count", "jobs_count"]].to_numpy(), expected)


def test_the_largest_area_of_brindisi_has_the_published_figures(shared: Path) -> None:
    place = shared / "data" / "commuting" / "brindisi_lma"
    found, _ = found_and_told(place, CASES[0][1], keep_reserve=False)
    table = validity_of_areas(found, flows_of(place), standard=STANDARDS["istat"])
    largest = table.loc[table["size_count"].idxmax()]
    counts = largest[["size_count", "jobs_count", "internal_count"]]
    assert counts.tolist() == [28895, 34742, 26868]
    assert largest["validity"] == pytest.approx(1.124944, abs=1e-6)


def test_the_one_area_of_sardinia_that_the_reserve_list_spoils_is_named(shared: Path) -> None:
    place = shared / "data" / "commuting" / "sardinia_lma"
    found, _ = found_and_told(place, CASES[4][1], keep_reserve=False)
    table = validity_of_areas(found, flows_of(place), standard=STANDARDS["istat"])
    spoilt = table.index[~table["is_valid"]]
    assert len(spoilt) == 1
    assert spoilt[0] in found.notes[-1]


@pytest.mark.parametrize(("folder", "name"), [case[:2] for case in CASES])
def test_the_plain_reference_of_the_benchmark_is_right_too(
    folder: str, name: str, shared: Path
) -> None:
    flows = flows_of(shared / "data" / "commuting" / folder)
    pairs, own = flows.counts.tocoo(), standard_of(name)
    low, high = own.min_self_containment_share, own.target_self_containment_share
    told = reference_labels(
        zip(pairs.row.tolist(), pairs.col.tolist(), pairs.data.tolist(), strict=True),
        standard=(own.min_size_count, own.target_size_count, low, high),
    )
    assert dict(enumerate(labour_market_labels(flows.counts, standard=own).tolist())) == told


def test_england_and_wales_has_88_areas_of_which_28_are_one_district(shared: Path) -> None:
    table = pd.read_csv(shared / "data" / "commuting" / "england_wales_cz" / "flows.csv.gz")
    table = table[table["year"] == 2011]
    flows = flows_from_table(table, np.unique(table[["live", "work"]]).tolist())
    found = labour_market_areas(flows, **asdict(STANDARDS["uk_2007"]))
    sizes = found.areas["area_id"].value_counts()
    assert (len(sizes), (sizes == 1).sum()) == (88, 28)
