"""Commuting between centres, against the vectors of delineation.md, section 2."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_frame, merged_flows
from agglo.errors import FlowError
from agglo.territory.functional_polycentricity import (
    functional_polycentricity,
    nodality,
    shares_of_core,
    zone_balance,
)


def flows_of(
    rows: list[list[float]], names: str = "abc", outside: str = "", extra: float = 0.0
) -> Flows:
    frame = pd.DataFrame(rows, index=list(names), columns=list(names), dtype=float)
    residents = frame.sum(axis=1) + extra
    return flows_from_frame(frame, outside=list(outside), residents_count=residents)


def world() -> Flows:
    return flows_of([[800, 150, 50], [300, 400, 100], [200, 50, 250]])


def with_city() -> Flows:
    """The same, and half as many again work in a city beyond, whence 40 come to a."""
    return flows_of(
        [[800, 150, 50, 500], [300, 400, 100, 400], [200, 50, 250, 250], [40, 0, 0, 0]],
        names="abcX",
        outside="X",
    )


def test_nodality_is_who_comes_in_from_other_zones() -> None:
    assert nodality(world()).to_dict() == {"a": 500, "b": 200, "c": 150}
    assert nodality(with_city()).to_dict() == {"a": 500, "b": 200, "c": 150}
    assert nodality(with_city(), from_outside=True).to_dict() == {"a": 540, "b": 200, "c": 150}


def test_functional_polycentricity_is_that_of_the_vector() -> None:
    found = functional_polycentricity(world())
    assert found["density_share"] == pytest.approx(0.369565, abs=6e-7)
    assert found["balance_share"] == pytest.approx(0.381759, abs=6e-7)
    assert found["polycentricity_share"] == pytest.approx(0.141085, abs=6e-7)
    assert nodality(world()).std(ddof=0) == pytest.approx(154.5603, abs=6e-5)


def test_who_works_beyond_the_region_thins_the_density_and_leaves_the_balance() -> None:
    inner, outer = functional_polycentricity(world()), functional_polycentricity(with_city())
    assert outer["balance_share"] == inner["balance_share"]
    assert outer["density_share"] == pytest.approx(850 / 3450)


@pytest.mark.parametrize(
    ("rows", "balance"),
    [
        ([[0, 10, 10], [10, 0, 10], [10, 10, 0]], 1.0),
        ([[5, 0, 0], [10, 0, 0], [0, 0, 7]], 1 - math.sqrt(2) / 3 * 2),
    ],
    ids=["everybody alike", "one centre of three"],
)
def test_alike_zones_are_in_balance_and_a_lone_centre_is_not(
    rows: list[list[float]], balance: float
) -> None:
    assert functional_polycentricity(flows_of(rows))["balance_share"] == pytest.approx(balance)


def test_two_zones_of_which_one_draws_all_have_no_polycentricity() -> None:
    found = functional_polycentricity(flows_of([[5, 0], [10, 0]], names="ab"))
    assert found["balance_share"] == found["polycentricity_share"] == 0


@pytest.mark.parametrize("rows", [[[5.0]], [[0.0]]], ids=str)
def test_without_commuting_between_zones_there_is_no_balance(rows: list[list[float]]) -> None:
    found = functional_polycentricity(flows_of(rows, names="a"))
    assert math.isnan(found["balance_share"])
    assert math.isnan(found["polycentricity_share"])


def test_the_balance_of_zones_is_that_of_the_vector() -> None:
    balance = zone_balance(world())
    assert balance["residents_count"].tolist() == [1000, 800, 500]
    assert balance["jobs_count"].tolist() == [1300, 600, 400]
    assert balance["supply_share"].tolist() == [0.8, 0.5, 0.5]
    np.testing.assert_allclose(balance["demand_share"], [0.615385, 0.666667, 0.625], atol=6e-7)
    assert balance["jobs_per_resident"].tolist() == [1.3, 0.75, 0.8]
    assert balance["net_jobs_count"].tolist() == [300, -200, -100]


def test_two_zones_merged_contain_themselves_as_in_the_vector() -> None:
    merged = merged_flows(world(), pd.Series({"a": "ab", "b": "ab", "c": "c"}))
    row = zone_balance(merged).loc["ab"]
    assert row["internal_count"] == 1650
    assert row["supply_share"] == pytest.approx(0.916667, abs=6e-7)
    assert row["demand_share"] == pytest.approx(0.868421, abs=6e-7)


def test_residents_are_all_who_are_employed_wherever_they_work() -> None:
    away = zone_balance(flows_of([[800, 150, 50], [300, 400, 100], [200, 50, 250]], extra=100.0))
    assert away["residents_count"].tolist() == [1100, 900, 600]
    assert away["supply_share"].tolist() == pytest.approx([800 / 1100, 400 / 900, 250 / 600])
    assert zone_balance(with_city()).index.tolist() == ["a", "b", "c"]
    assert zone_balance(with_city()).loc["a", "jobs_count"] == 1340


def test_an_empty_zone_has_no_shares_and_breaks_nothing() -> None:
    balance = zone_balance(flows_of([[5, 0], [0, 0]], names="ab"))
    assert balance.loc["b", ["residents_count", "jobs_count", "net_jobs_count"]].tolist() == [0] * 3
    assert balance.loc["b", ["supply_share", "demand_share", "jobs_per_resident"]].isna().all()


def test_the_core_has_its_share_of_jobs_residents_and_inflows() -> None:
    one = shares_of_core(world(), core=["a"])
    assert one.to_dict() == pytest.approx(
        {"jobs_share": 1300 / 2300, "residents_share": 1000 / 2300, "inflow_share": 500 / 850}
    )
    two = shares_of_core(world(), core=["b", "a"])
    assert two["inflow_share"] == pytest.approx(250 / 400)
    assert shares_of_core(with_city(), core=["a"])["inflow_share"] == one["inflow_share"]
    assert math.isnan(shares_of_core(world(), core=list("abc"))["inflow_share"])


@pytest.mark.parametrize("core", [["x"], ["X"], []], ids=str)
def test_a_core_that_is_no_zone_of_the_region_is_refused(core: list[str]) -> None:
    with pytest.raises(FlowError, match=r"core zones: .* of its 3 zones"):
        shares_of_core(with_city(), core=core)
