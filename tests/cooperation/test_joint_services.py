"""Joint services: published savings, who wins and who pays, and where it turns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.cooperation.joint_services import (
    MOST_EXACT,
    break_even_coordination,
    break_even_elasticity,
    cost_split,
    saving_share,
    service_savings,
)
from agglo.errors import TableError

FOUR = pd.Series({"обнинск": 125_376.0, "боровский": 76_097, "мало'": 68_702, 'жуков"': 62_370})
"""Census 2021 (Rosstat)."""


def services(**changed: object) -> pd.DataFrame:
    rows = {
        "service_id": "waste",
        "municipality_id": list(FOUR.index),
        "cost_elasticity_low": 0.85,
        "cost_elasticity": 0.9,
        "cost_elasticity_high": 0.95,
        "coordination_low_share": 0.0,
        "coordination_share": 0.05,
        "coordination_high_share": 0.1,
    }
    return pd.DataFrame({**rows, **changed})


@pytest.mark.parametrize(
    ("elasticity", "four", "equal"),
    [(0.85, 18.349, 18.775), (0.9, 12.622, 12.945), (0.95, 6.514, 6.697)],
)
def test_savings_are_those_of_the_notes(elasticity: float, four: float, equal: float) -> None:
    """Methods 2c; n equal partners save 1 − n^(e − 1)."""
    assert 100 * saving_share(FOUR, cost_elasticity=elasticity) == pytest.approx(four, abs=5e-4)
    assert 100 * saving_share([7.0] * 4, cost_elasticity=elasticity) == (
        pytest.approx(equal, abs=5e-4)
    )
    assert saving_share([7.0] * 4, cost_elasticity=elasticity) == pytest.approx(
        1 - 4 ** (elasticity - 1), abs=1e-15
    )


def test_savings_are_those_of_the_vectors(shared: Path) -> None:
    vectors = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))["scale"]
    for name, quantities in (("four_municipalities", FOUR), ("eq_n4", pd.Series([1.0] * 4))):
        for elasticity, percent in vectors[name].items():
            got = saving_share(quantities, cost_elasticity=float(elasticity))
            assert 100 * got == pytest.approx(percent, abs=5e-4)


def test_coordination_comes_off_and_can_eat_the_saving_up() -> None:
    free = saving_share([1, 1], cost_elasticity=0.5)
    assert free == pytest.approx(1 - 2 / (2 * 2**0.5))
    assert saving_share([1, 1], cost_elasticity=0.5, coordination_share=0.4) == (
        pytest.approx(free - 0.4)
    )
    assert saving_share([1, 1], cost_elasticity=1.0, coordination_share=0.1) == pytest.approx(-0.1)


def test_one_partner_has_nobody_to_agree_with() -> None:
    assert saving_share([5.0], cost_elasticity=0.9, coordination_share=0.1) == 0
    assert saving_share([], cost_elasticity=0.9, coordination_share=0.1) == 0


def test_where_nobody_is_served_no_share_is_known() -> None:
    assert np.isnan(saving_share([0.0, 0.0], cost_elasticity=0.9))
    assert np.isnan(break_even_elasticity([0.0, 0.0], coordination_share=0.1))
    with pytest.raises(TableError, match="no partner provides anything"):
        cost_split(pd.Series([0.0, 0.0]), cost_elasticity=0.9)


def test_the_largest_numbers_do_not_overflow() -> None:
    assert saving_share([1e308, 1e308], cost_elasticity=0.9) == pytest.approx(1 - 2**-0.1)
    assert saving_share([1e-300, 1e-300], cost_elasticity=0.9) == pytest.approx(1 - 2**-0.1)


def test_break_even_of_equal_partners_is_known_in_closed_form() -> None:
    """n^(e − 1) = 1 − k, so e = 1 + ln(1 − k) / ln n."""
    assert break_even_elasticity([3.0] * 4, coordination_share=0.05) == (
        pytest.approx(1 + np.log(0.95) / np.log(4))
    )
    assert break_even_coordination([3.0] * 4, cost_elasticity=0.9) == pytest.approx(1 - 4**-0.1)


def test_coordination_that_eats_up_all_has_no_break_even() -> None:
    assert np.isnan(break_even_elasticity([1.0, 1.0], coordination_share=0.5))
    assert break_even_elasticity([1.0, 1.0], coordination_share=0.49) > 0
    assert np.isnan(break_even_elasticity([1.0, 0.0], coordination_share=0.2))
    assert break_even_elasticity([1.0, 2.0], coordination_share=0.0) == 1.0


# --- who wins and who pays


def test_two_partners_split_the_saving_in_halves() -> None:
    """Shapley of two: each gains half; by quantity 3 of 4 parts are the first one's to pay."""
    split = cost_split(pd.Series({"a": 9.0, "b": 3.0}), cost_elasticity=0.5)
    apart, together = 3 + 3**0.5, 12**0.5
    assert split["apart_share"].tolist() == pytest.approx([3 / apart, 3**0.5 / apart])
    gain = (apart - together) / 2 / apart
    assert split["shapley_gain_share"].tolist() == pytest.approx([gain, gain])
    assert split["quantity_split_share"].tolist() == (
        pytest.approx([0.75 * together / apart, 0.25 * together / apart])
    )
    assert split["quantity_gain_share"].tolist() == (
        pytest.approx([(3 - 0.75 * together) / apart, (3**0.5 - 0.25 * together) / apart])
    )


def test_the_large_pay_where_the_small_gain() -> None:
    """Coordination of 5 %: at its price per head the large partner pays more than apart."""
    split = cost_split(
        pd.Series({"large": 100.0, "small": 1.0}), cost_elasticity=0.9, coordination_share=0.05
    )
    assert split["quantity_gain_share"]["large"] < 0 < split["quantity_gain_share"]["small"]


def test_partners_keep_their_order_and_equals_pay_alike() -> None:
    split = cost_split(FOUR, cost_elasticity=0.9, coordination_share=0.05)
    assert list(split.index) == list(FOUR.index)
    turned = cost_split(FOUR.iloc[::-1], cost_elasticity=0.9, coordination_share=0.05)
    pd.testing.assert_frame_equal(turned.iloc[::-1], split, rtol=1e-12)
    alike = cost_split(pd.Series([4.0, 4.0, 9.0]), cost_elasticity=0.8)["shapley_split_share"]
    assert alike[0] == pytest.approx(alike[1], rel=1e-12)


def test_too_many_partners_are_refused() -> None:
    many = pd.Series(np.ones(MOST_EXACT + 1))
    with pytest.raises(TableError, match=r"19 partners make too many coalitions; wanted 18"):
        cost_split(many, cost_elasticity=0.9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quantities": [1.0, -2.0], "cost_elasticity": 0.9}, "a quantity is -2; wanted"),
        ({"quantities": [1.0, np.nan], "cost_elasticity": 0.9}, "a quantity is nan"),
        ({"quantities": [1.0, np.inf], "cost_elasticity": 0.9}, "a quantity is inf"),
        ({"quantities": [1.0], "cost_elasticity": 0.0}, "cost_elasticity must be above 0"),
        ({"quantities": [1.0], "cost_elasticity": np.nan}, "cost_elasticity must be above 0"),
        (
            {"quantities": [1.0], "cost_elasticity": 0.9, "coordination_share": 1.1},
            "coordination_share must be between 0 and 1; got 1.1",
        ),
    ],
)
def test_what_is_no_quantity_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        saving_share(arguments.pop("quantities"), **arguments)  # type: ignore[arg-type]


# --- the table


def test_a_service_saves_within_a_range_and_turns_somewhere() -> None:
    got = service_savings(services(), FOUR).loc["waste"]
    assert got["partners_count"] == 4
    assert got["population_count"] == FOUR.sum()
    low, middle, high = (
        got[name] for name in ("saving_low_share", "saving_share", "saving_high_share")
    )
    assert 100 * np.array([low + 0.1, middle + 0.05, high]) == (
        pytest.approx([6.514, 12.622, 18.349], abs=5e-4)
    )
    assert got["break_even_coordination_share"] == pytest.approx(0.12622, abs=5e-6)
    assert saving_share(
        FOUR, cost_elasticity=got["break_even_elasticity"], coordination_share=0.05
    ) == pytest.approx(0, abs=1e-9)


def test_services_do_not_depend_on_the_order_of_rows() -> None:
    both = pd.concat([services(), services(service_id="buses", cost_elasticity=0.92)])
    turned = service_savings(both.iloc[::-1], FOUR.iloc[::-1])
    pd.testing.assert_frame_equal(service_savings(both, FOUR), turned, rtol=1e-12)
    assert list(turned.index) == ["buses", "waste"]


def test_a_partner_whose_people_nobody_knows_leaves_the_saving_unknown() -> None:
    got = service_savings(services(), FOUR.drop("мало'")).loc["waste"]
    assert got["partners_count"] == 4
    assert got.drop("partners_count").isna().all()


def test_no_service_saves_nothing() -> None:
    assert service_savings(services().iloc[:0], FOUR).empty
