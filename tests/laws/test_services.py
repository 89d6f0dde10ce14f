"""Laws of services run together and of jobs by sector."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.cooperation.joint_services import break_even_elasticity, cost_split, saving_share
from agglo.scenarios.sector_jobs import unnamed_leave

QUANTITY = st.floats(1, 1e6)
PARTNERS = st.lists(QUANTITY, min_size=2, max_size=6)
ELASTICITY = st.floats(0.3, 1.3)
COORDINATION = st.floats(0, 0.5)


@given(PARTNERS, st.floats(0.001, 0.45))
def test_at_the_break_even_nothing_is_saved(partners: list[float], coordination: float) -> None:
    elasticity = break_even_elasticity(partners, coordination_share=coordination)
    got = saving_share(partners, cost_elasticity=elasticity, coordination_share=coordination)
    assert got == pytest.approx(0, abs=1e-9)


@given(PARTNERS, ELASTICITY, COORDINATION, st.floats(0.001, 1000))
def test_a_saving_falls_with_elasticity_and_does_not_know_units(
    partners: list[float], elasticity: float, coordination: float, unit: float
) -> None:
    own = {"cost_elasticity": elasticity, "coordination_share": coordination}
    got = saving_share(partners, **own)
    dearer = saving_share(partners, **{**own, "cost_elasticity": elasticity + 0.05})
    assert dearer < got
    assert saving_share([unit * one for one in partners], **own) == pytest.approx(got, abs=1e-12)


@given(PARTNERS, ELASTICITY, COORDINATION)
def test_both_splits_pay_the_whole_bill(
    partners: list[float], elasticity: float, coordination: float
) -> None:
    own = {"cost_elasticity": elasticity, "coordination_share": coordination}
    split = cost_split(pd.Series(partners), **own)
    bill = 1 - saving_share(partners, **own)
    for name in ("quantity_split_share", "shapley_split_share"):
        assert split[name].sum() == pytest.approx(bill, rel=1e-9)
    assert split["apart_share"].sum() == pytest.approx(1)


@given(st.lists(QUANTITY, min_size=2, max_size=5), ELASTICITY, COORDINATION)
def test_shapley_is_the_mean_over_all_orders_of_joining(
    partners: list[float], elasticity: float, coordination: float
) -> None:
    own = {"cost_elasticity": elasticity, "coordination_share": coordination}
    apart = [one**elasticity for one in partners]

    def cost(members: tuple[int, ...]) -> float:
        alone = sum(apart[one] for one in members)
        if len(members) < 2:
            return alone
        return sum(partners[one] for one in members) ** elasticity + coordination * alone

    orders = list(permutations(range(len(partners))))
    value = np.zeros(len(partners))
    for order in orders:
        for place, one in enumerate(order):
            value[one] += cost(order[: place + 1]) - cost(order[:place])
    expected = value / len(orders) / sum(apart)
    got = cost_split(pd.Series(partners), **own)["shapley_split_share"]
    assert got.to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=5), st.floats(0, 1e5), st.floats(0, 1))
def test_of_no_more_jobs_the_sector_is_known_than_there_are(
    known: list[float], others: float, left: float
) -> None:
    table = pd.DataFrame(
        {"zone_id": "a", "sector": [f"s{i}" for i in range(len(known))], "jobs_count": known}
    )
    before = sum(known) + others
    got = unnamed_leave(table, pd.Series({"a": before}), pd.Series({"a": before * left}))
    assert got["jobs_count"].sum() <= before * left * (1 + 1e-9)
    assert (got["jobs_count"] <= table["jobs_count"]).all()
    if before * (1 - left) <= others * (1 - 1e-9):
        assert got["jobs_count"].tolist() == known
