"""Every published number of access, commuting and gains, read from the file that lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.gravity import gravity_flows
from agglo.commuting.modes import mode_shares
from agglo.indicators.access import (
    effective_labour_market,
    exponential_pull,
    jobs_per_worker,
    pulled_count,
    reach_count,
    self_containment,
    spatial_availability,
)
from agglo.indicators.balance import job_housing_mismatch, job_housing_ratio
from agglo.indicators.excess import (
    capacity_used_share,
    commute_bounds,
    excess_share,
    mean_commute_min,
)
from agglo.indicators.surplus import logsum_surplus_min, rule_of_half
from agglo.transport.skims import skim
from tests.tntp import read_network

Vector = Mapping[str, Any]


@pytest.fixture(scope="module")
def vectors(shared: Path) -> Vector:
    """Return the published numbers by name."""
    path = shared / "vectors.json"
    if not path.is_file():
        pytest.skip(f"published numbers are absent: {path}")
    found: Vector = json.loads(path.read_text(encoding="utf-8"))
    return found


def names(values: list[Any]) -> list[str]:
    return [f"z{number}" for number in range(len(values))]


def series(values: list[float]) -> pd.Series:
    return pd.Series(values, index=names(values), dtype=float)


def matrix(values: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(values, index=names(values), columns=names(values[0]), dtype=float)


def check(wanted: Vector, got: Vector, *, given: set[str], rel: float = 1e-9) -> None:
    """Compare every number of a vector; none may be left out."""
    assert set(got) == set(wanted) - given
    for name, value in got.items():
        found = np.asarray(value, dtype=float)
        np.testing.assert_allclose(found, wanted[name], rtol=rel, err_msg=name)


def test_toy_abc(vectors: Vector) -> None:
    toy = vectors["toy_ABC"]
    cost, workers, jobs = matrix(toy["cost"]), series(toy["workers"]), series(toy["jobs"])
    decay = toy["beta"]
    pull = exponential_pull(cost, decay_per_min=decay)
    got = {
        "hansen": pulled_count(pull, jobs),
        "shen": jobs_per_worker(cost, workers, jobs, decay_per_min=decay),
        "spatial_availability": spatial_availability(pull, workers, jobs),
        "cum30": reach_count(cost, jobs, within_min=30),
        "effective_labour_market_30": effective_labour_market(cost, workers, jobs, within_min=30),
    }
    check(toy, got, given={"cost", "jobs", "workers", "beta"}, rel=1e-12)


def test_gravity_2x2(vectors: Vector) -> None:
    towns = vectors["gravity_2x2"]
    cost, workers, jobs = matrix(towns["cost"]), series(towns["O"]), series(towns["D"])
    flows = gravity_flows(cost, workers, jobs, decay_per_min=towns["beta"])
    people = flows.to_numpy()
    bounds, mean = commute_bounds(cost, workers, jobs), mean_commute_min(flows, cost)
    own = self_containment(flows, pd.Series(flows.index, index=flows.index))
    got = {
        "T": people,
        "odds_ratio": people[0, 0] * people[1, 1] / (people[0, 1] * people[1, 0]),
        "mean": mean,
        "min": bounds.least_min,
        "max": bounds.most_min,
        "excess": excess_share(mean, bounds),
        "capacity_used": capacity_used_share(mean, bounds),
        "self_containment_supply": own["supply_share"],
        "self_containment_demand": own["demand_share"],
        "job_housing": job_housing_ratio(workers, jobs),
        "mismatch": job_housing_mismatch(workers, jobs),
    }
    check(towns, got, given={"O", "D", "cost", "beta"})


@pytest.mark.parametrize("number", [0, 1])
def test_logit_cs(vectors: Vector, number: int) -> None:
    choice = vectors["logit_cs"][number]
    scale, people = choice["beta"], choice["n"]
    liked = np.exp(choice["U"])
    before, after = (np.array(choice[name], dtype=float) for name in ("c0", "c1"))
    weights = {str(i): np.array([own]) for i, own in enumerate(liked / liked.sum())}
    shares = [
        np.array(
            [
                float(share[0])
                for share in mode_shares(
                    {str(i): np.array([own]) for i, own in enumerate(minutes)},
                    weights,
                    scale_per_min=scale,
                ).values()
            ]
        )
        for minutes in (before, after)
    ]
    size = pd.Series(liked)
    gain = logsum_surplus_min(
        pd.DataFrame([before]),
        pd.DataFrame([after]),
        size_before=size,
        size_after=size,
        scale_per_min=scale,
    )
    half = rule_of_half(
        *(pd.DataFrame([people * share]) for share in shares),
        before_min=pd.DataFrame([before]),
        after_min=pd.DataFrame([after]),
    )
    got: dict[str, Any] = {
        "logsum": people * gain[0],
        "rule_of_half": half.to_numpy().sum(),
    }
    given = {"beta", "U", "c0", "c1", "n"}
    check({name: choice[name] for name in {*got, *given}}, got, given=given)
    printed = {name: choice[name] for name in ("P0", "P1") if name in choice}
    assert set(choice) == {*got, *given, *printed}
    for name, share in zip(("P0", "P1"), shares, strict=True):
        if name in printed:
            np.testing.assert_allclose(share, printed[name], atol=5e-6)


def test_siouxfalls(vectors: Vector, shared: Path) -> None:
    """The numbers of commuting; those of the network stand in tests/transport."""
    published = vectors["network"]["siouxfalls"]
    network = read_network(shared / "data" / "networks" / "tntp" / "SiouxFalls", "SiouxFalls")
    ends = [
        [network.topology.nodes[i] for i in numbers]
        for numbers in (network.from_numbers, network.to_numbers)
    ]
    minutes = skim(network.topology, network.congestion.free_min, *ends).astype(float)
    cost, trips = matrix(minutes.tolist()), matrix(network.demand.tolist())
    bounds = commute_bounds(cost, trips.sum(axis=1), trips.sum(), may_be_0_within=True)
    got = {
        "od_total": trips.to_numpy().sum(),
        "obs_mean_fft": mean_commute_min(trips, cost),
        "min_mean": bounds.least_min,
        "max_mean": bounds.most_min,
    }
    check({name: published[name] for name in got}, got, given=set(), rel=1e-8)
