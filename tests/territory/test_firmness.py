"""Firmness: stratified draws with common random numbers, and shares of runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory.firmness import (
    Spreads,
    factors,
    firmness,
    firmness_of_areas,
    strata,
    triangular,
)


def test_every_stratum_is_drawn_once() -> None:
    assert np.allclose(np.sort(strata("x", Spreads(draws_count=10))), np.arange(0.05, 1, 0.1))


def test_a_name_and_a_seed_alone_decide_the_draws() -> None:
    spreads = Spreads(draws_count=50)
    assert (strata("x", spreads) == strata("x", Spreads(draws_count=50, flow_share=0.5))).all()
    assert (strata("x", spreads) != strata("y", spreads)).any()
    assert (strata("x", spreads) != strata("x", Spreads(draws_count=50, seed=2))).any()


def test_the_quantiles_are_those_of_the_triangle() -> None:
    # P(X ≤ x) on [0, 1, 4]: x²/4 up to 1, then 1 − (4 − x)²/12
    parts = np.array([0.0, 0.04, 0.25, 0.67, 1.0])
    assert triangular(parts, 0.0, 1.0, 4.0) == pytest.approx(
        [0.0, 0.4, 1.0, 4 - np.sqrt(12 * 0.33), 4.0]
    )


def test_a_range_without_width_stays_where_it_is() -> None:
    assert triangular(np.array([0.1, 0.9]), 5.0, 5.0, 5.0).tolist() == [5.0, 5.0]


def test_factors_stay_within_their_share_and_average_to_one() -> None:
    drawn = factors("times", 0.2, Spreads(draws_count=1000))
    assert drawn.min() > 0.8
    assert drawn.max() < 1.2
    assert drawn.mean() == pytest.approx(1, abs=1e-9)
    assert (factors("times", 0.0, Spreads()) == 1).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"draws_count": 0}, "1 draw or more"), ({"minutes_share": 1.0}, "minutes_share must be"),
     ({"threshold_share": -0.1}, "threshold_share"), ({"flow_share": float("nan")}, "flow_share")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(TableError, match=said):
        Spreads(**wrong)  # type: ignore[arg-type]


def test_firmness_is_the_share_of_runs_inside() -> None:
    runs = [pd.Series({"a": True, "b": one}) for one in (True, False, False, False)]
    assert firmness(runs).to_dict() == {"a": 1.0, "b": 0.25}


def test_runs_over_other_zones_or_none_are_refused() -> None:
    with pytest.raises(TableError, match="same zones"):
        firmness([pd.Series({"a": True}), pd.Series({"b": True})])
    with pytest.raises(TableError, match="at least one run"):
        firmness([])


def test_a_zone_is_firm_while_it_stays_with_the_seat_of_its_area() -> None:
    base = pd.Series({"a": "a", "b": "a", "c": "c", "d": ""})
    runs = [
        pd.Series({"a": "x", "b": "x", "c": "c", "d": ""}),
        pd.Series({"a": "a", "b": "c", "c": "c", "d": "c"}),
    ]
    seats = pd.Series({"a": "a", "c": "c"})
    found = firmness_of_areas(base, lambda draw: runs[draw], seats=seats, draws_count=2)
    assert found.to_dict() == {"a": 1.0, "b": 0.5, "c": 1.0, "d": 0.5}


def test_the_seat_decides_whose_company_counts() -> None:
    base = pd.Series({"a": "CITY", "b": "CITY"})
    run = pd.Series({"a": "CITY", "b": "OTHER"})
    for seat, wanted in (("a", {"a": 1.0, "b": 0.0}), ("b", {"a": 0.0, "b": 1.0})):
        found = firmness_of_areas(
            base, lambda _: run, seats=pd.Series({"CITY": seat}), draws_count=1
        )
        assert found.to_dict() == wanted
