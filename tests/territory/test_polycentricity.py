"""Polycentricity of the seven towns, against the census vector."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory import polycentricity as measures

TOWNS = pd.Series(
    {
        "Obninsk": 125376,
        "Maloyaroslavets": 41836,
        "Balabanovo": 29029,
        "Zhukov": 16224,
        "Borovsk": 12598,
        "Belousovo": 10946,
        "Yermolino": 10809,
    }
)
"""Census 2021; vectors.json, polycentricity_census2021."""


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [
        (measures.primacy, 0.507969),
        (measures.two_city_index, 2.996845),
        (measures.jefferson_index, 1.439631),
        (measures.concentration, 0.311407),
        (measures.effective_centres, 3.21123),
        (measures.rank_size_slope, -1.306874),
    ],
)
def test_the_seven_towns_give_the_published_value(
    measure: Callable[[pd.Series], float], wanted: float
) -> None:
    assert measure(TOWNS) == pytest.approx(wanted, abs=6e-7)
    assert measure(TOWNS.sample(frac=1, random_state=1)) == pytest.approx(measure(TOWNS))


@pytest.mark.parametrize("count", [2, 5, 12])
def test_equal_centres_count_in_full(count: int) -> None:
    equal = pd.Series([7.0] * count)
    assert measures.effective_centres(equal) == count
    assert measures.primacy(equal) == pytest.approx(1 / count)
    assert measures.rank_size_slope(equal) == pytest.approx(0, abs=1e-12)


def test_empty_towns_add_no_centre() -> None:
    with_ghosts = pd.concat([TOWNS, pd.Series({"x": 0, "y": 0})])
    assert measures.effective_centres(with_ghosts) == measures.effective_centres(TOWNS)
    assert measures.rank_size_slope(with_ghosts) == measures.rank_size_slope(TOWNS)


@pytest.mark.parametrize("sizes", [[5.0], [], [5.0, -1.0], [0.0, 0.0], [5.0, math.nan]], ids=str)
@pytest.mark.parametrize("measure", [measures.primacy, measures.effective_centres])
def test_what_is_no_set_of_centres_is_refused(
    measure: Callable[[pd.Series], float], sizes: list[float]
) -> None:
    with pytest.raises(TableError, match="needs two or more centres"):
        measure(pd.Series(sizes, dtype=float))
