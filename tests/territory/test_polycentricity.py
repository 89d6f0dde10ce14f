"""Polycentricity of the seven towns, against published figures, and both views of a centre."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory import polycentricity as measures
from agglo.territory.polycentricity import MEASURES, centre_readings, polycentricity_panel

NAMES = ["Obninsk", "Maloyaroslavets", "Balabanovo", "Zhukov", "Borovsk", "Belousovo", "Yermolino"]
TOWNS = pd.Series([125376, 41836, 29029, 16224, 12598, 10946, 10809], index=NAMES)
"""Census 2021; vectors.json, polycentricity_census2021."""

TOWNS_2019 = pd.Series([118151, 27411, 25775, 13569, 10507, 9811, 10204], index=NAMES)
TOWNS_2017 = pd.Series([113639, 27791, 25752, 13251, 10966, 9288, 10158], index=NAMES)
"""Estimates of 1 January; delineation.md, 1.9 and 1.11."""

PUBLISHED = {
    "primacy_share": 0.507969,
    "core_rest_ratio": 1.032394,
    "two_city_ratio": 2.996845,
    "four_city_ratio": 1.439631,
    "concentration": 0.311407,
    "effective_centres": 3.21123,
    "rank_size_slope": -1.306874,
    "top_slope": -1.455364,
    "entropy_share": 0.772188,
}
Measure = Callable[[pd.Series], float]


@pytest.mark.parametrize(("name", "wanted"), PUBLISHED.items())
def test_the_seven_towns_give_the_published_value(name: str, wanted: float) -> None:
    measure = MEASURES[name]
    assert measure(TOWNS) == pytest.approx(wanted, abs=6e-7)
    assert measure(TOWNS.sample(frac=1, random_state=1)) == measure(TOWNS)


@pytest.mark.parametrize(
    ("name", "wanted", "decimals"),
    [
        ("primacy_share", 0.5484, 4),
        ("two_city_ratio", 4.31, 2),
        ("four_city_ratio", 1.770, 3),
        ("concentration", 0.342, 3),
        ("top_slope", -1.681, 3),
        ("rank_size_slope", -1.2726, 4),
        ("rank_half_slope", -0.9859, 4),
        ("core_rest_ratio", 1.215, 3),
    ],
)
def test_the_towns_of_2019_give_the_published_value(
    name: str, wanted: float, decimals: int
) -> None:
    assert round(MEASURES[name](TOWNS_2019), decimals) == wanted


def test_the_slopes_of_two_three_and_four_towns_are_those_published_for_2019() -> None:
    slopes = [measures.rank_size_slope(TOWNS_2019.nlargest(count)) for count in (2, 3, 4)]
    assert np.round(slopes, 4).tolist() == [-2.1078, -1.4636, -1.4717]
    assert measures.top_slope(TOWNS_2019) == pytest.approx(np.mean(slopes))


def test_core_and_rest_were_less_equal_in_2017_than_at_the_census() -> None:
    assert measures.core_rest_ratio(TOWNS_2017) == pytest.approx(1.17, abs=0.005)
    assert measures.core_rest_ratio(TOWNS_2019) == pytest.approx(1 / 0.823, abs=0.001)
    assert measures.core_rest_ratio(TOWNS) == pytest.approx(1 / 0.969, abs=0.001)


@pytest.mark.parametrize("sizes", [TOWNS, TOWNS_2019, TOWNS_2017], ids=["2021", "2019", "2017"])
def test_slopes_are_those_of_a_polynomial_fit(sizes: pd.Series) -> None:
    ordered = np.log(np.sort(sizes.to_numpy(dtype=float))[::-1])
    ranks = np.arange(1, len(ordered) + 1)
    half = np.log(ranks - 0.5)
    assert measures.rank_size_slope(sizes) == pytest.approx(
        np.polyfit(np.log(ranks), ordered, 1)[0]
    )
    assert measures.rank_half_slope(sizes) == pytest.approx(np.polyfit(half, ordered, 1)[0])
    assert measures.pareto_exponent(sizes) == pytest.approx(-np.polyfit(ordered, half, 1)[0])


def test_the_rank_size_rule_has_slope_one_and_a_first_twice_the_second() -> None:
    zipf = pd.Series([60.0 / rank for rank in range(1, 8)])
    assert measures.rank_size_slope(zipf) == pytest.approx(-1)
    assert measures.top_slope(zipf) == pytest.approx(-1)
    assert measures.two_city_index(zipf) == pytest.approx(2)
    assert measures.jefferson_index(zipf) == pytest.approx(12 / 13)
    panel = polycentricity_panel(zipf.to_frame("people"))
    assert panel["slope_verdict"].tolist() == panel["two_city_verdict"].tolist() == ["polycentric"]


@pytest.mark.parametrize("count", [2, 5, 12])
def test_equal_centres_count_in_full(count: int) -> None:
    equal = pd.Series([7.0] * count)
    assert measures.effective_centres(equal) == count
    assert measures.primacy(equal) == pytest.approx(1 / count)
    assert measures.entropy_share(equal) == pytest.approx(1)
    assert measures.rank_size_slope(equal) == pytest.approx(0, abs=1e-12)
    assert measures.top_slope(equal) == pytest.approx(0, abs=1e-12)
    assert math.isnan(measures.pareto_exponent(equal))


@pytest.mark.parametrize("name", MEASURES)
def test_empty_towns_add_no_centre(name: str) -> None:
    with_ghosts = pd.concat([TOWNS, pd.Series({"x": 0, "y": 0})])
    assert MEASURES[name](with_ghosts) == MEASURES[name](TOWNS)


def test_one_town_among_empty_ones_is_all_there_is() -> None:
    lone = pd.Series([5.0, 0.0, 0.0])
    values = {name: measure(lone) for name, measure in MEASURES.items()}
    assert values["primacy_share"] == values["effective_centres"] == 1
    assert values["core_rest_ratio"] == values["two_city_ratio"] == math.inf
    assert values["entropy_share"] == 0
    assert math.isnan(values["rank_size_slope"])
    assert math.isnan(values["top_slope"])


@pytest.mark.parametrize("sizes", [[5.0], [], [5.0, -1.0], [0.0, 0.0], [5.0, math.nan]], ids=str)
@pytest.mark.parametrize("name", MEASURES)
def test_what_is_no_set_of_centres_is_refused(name: str, sizes: list[float]) -> None:
    with pytest.raises(TableError, match="needs two or more centres"):
        MEASURES[name](pd.Series(sizes, dtype=float))


def test_the_panel_shows_both_views_and_merges_neither() -> None:
    """The core has half of the people, yet the towns fall more steeply than the rule."""
    panel = polycentricity_panel(pd.DataFrame({"population": TOWNS, "equal": 1.0}))
    assert panel.index.tolist() == ["population", "equal"]
    row = panel.loc["population"]
    assert row["centres_count"] == 7
    assert {name: round(row[name], 6) for name in PUBLISHED} == pytest.approx(PUBLISHED, abs=6e-7)
    assert row["core_share_verdict"] == "no_hypertrophy"
    assert row["slope_verdict"] == row["two_city_verdict"] == "monocentric"
    assert panel.loc["equal", "slope_verdict"] == "polycentric"
    assert panel.loc["equal", "core_share_verdict"] == "no_hypertrophy"


def test_the_views_can_disagree_the_other_way_round_too() -> None:
    """Two like towns and crumbs: nobody is steep at the top, and no core outweighs the rest."""
    twins = pd.DataFrame({"people": [100.0, 90.0, 80.0, 70.0]})
    giant = pd.DataFrame({"people": [300.0, 100.0, 40.0]})
    assert polycentricity_panel(twins)["slope_verdict"].tolist() == ["polycentric"]
    assert polycentricity_panel(giant)["core_share_verdict"].tolist() == ["hypertrophy"]


def test_comparable_ends_where_it_is_told_to() -> None:
    sizes = pd.DataFrame({"people": [125.0, 60.0, 40.0]})
    assert polycentricity_panel(sizes)["core_share_verdict"].tolist() == ["no_hypertrophy"]
    stricter = polycentricity_panel(sizes, comparable_ratio=1.2)
    assert stricter["core_share_verdict"].tolist() == ["hypertrophy"]


def test_readings_say_what_was_compared_with_what() -> None:
    readings = centre_readings(polycentricity_panel(TOWNS.to_frame("population")))
    assert readings[["view", "key", "limit", "verdict"]].to_numpy().tolist() == [
        ["core_share", "core_rest_ratio", 1.25, "no_hypertrophy"],
        ["slope", "top_slope", -1.0, "monocentric"],
        ["two_city", "two_city_ratio", 2.0, "monocentric"],
    ]
    assert readings["value"].round(4).tolist() == [1.0324, -1.4554, 2.9968]


@pytest.mark.parametrize("sizes", [[4.0], [0.0, 0.0], []], ids=str)
def test_a_quantity_without_two_centres_has_no_verdict(sizes: list[float]) -> None:
    panel = polycentricity_panel(pd.DataFrame({"inflow": np.array(sizes, dtype=float)}))
    row = panel.loc["inflow"]
    assert row[list(MEASURES)].isna().all()
    assert (
        row[[name for name in panel if name.endswith("_verdict")]].tolist() == ["not_defined"] * 3
    )
    assert set(centre_readings(panel)["verdict"]) == {"not_defined"}


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_the_panel_names_quantity_and_centre_of_a_wrong_size(wrong: float) -> None:
    frame = pd.DataFrame({"people": [1.0, 2.0], "jobs": [1.0, wrong]}, index=["a", "б"])
    with pytest.raises(TableError, match=r"sizes of jobs .* at 'б'"):
        polycentricity_panel(frame)


@pytest.mark.parametrize("sizes", [[-1.0], [0.0, math.nan], [0.0, -1.0]], ids=str)
def test_a_wrong_size_is_no_lack_of_centres(sizes: list[float]) -> None:
    with pytest.raises(TableError, match="sizes of jobs"):
        polycentricity_panel(pd.DataFrame({"jobs": sizes}))


def test_the_panel_leaves_what_it_is_given_alone() -> None:
    frame = TOWNS.to_frame("people")
    kept = frame.copy()
    polycentricity_panel(frame)
    pd.testing.assert_frame_equal(frame, kept)
