"""The degree of urbanisation of units, from shares."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory.urbanisation import degree_of_urbanisation


def shares_of(*rows: tuple[float, float, float]) -> pd.DataFrame:
    names = ["centre_share", "cluster_share", "rural_share"]
    return pd.DataFrame(rows, columns=names, index=[f"u{at}" for at in range(len(rows))])


@pytest.mark.parametrize(
    ("row", "name", "decided_by", "margin"),
    [
        ((0.5, 0.0, 0.5), "city", "centre_share", 0.0),
        ((0.8, 0.1, 0.1), "city", "centre_share", 0.3),
        ((0.0, 0.49, 0.51), "rural", "rural_share", 0.01),
        ((0.0, 0.5, 0.5), "town", "rural_share", 0.0),
        ((0.49, 0.02, 0.49), "town", "centre_share", 0.01),
        ((0.1, 0.5, 0.4), "town", "rural_share", 0.1),
        ((0.0, 1.0, 0.0), "town", "centre_share", 0.5),
    ],
)
def test_half_makes_a_city_and_more_than_half_a_rural_unit(
    row: tuple[float, float, float], name: str, decided_by: str, margin: float
) -> None:
    found = degree_of_urbanisation(shares_of(row)).loc["u0"]
    assert found["class_id"] == name
    assert found["decided_by"] == decided_by
    assert found["margin"] == pytest.approx(margin)
    assert found["threshold"] == 0.5


@pytest.mark.parametrize("nobody", [0.0, math.nan])
def test_a_unit_without_people_goes_by_its_land(nobody: float) -> None:
    frame = shares_of((nobody, nobody, nobody), (0.2, 0.6, 0.2))
    land = {"centre_land_share": 0.0, "cluster_land_share": 0.1, "rural_land_share": 0.9}
    found = degree_of_urbanisation(frame.assign(**land))
    assert found["class_id"].tolist() == ["rural", "town"]
    assert found["decided_by"].tolist() == ["rural_land_share", "centre_share"]
    with pytest.raises(TableError, match="centre_land_share"):
        degree_of_urbanisation(frame)


@pytest.mark.parametrize(
    "row", [(0.5, 0.1, 0.1), (1.2, 0.0, -0.2), (0.5, math.nan, 0.5), (math.inf, 0.0, 0.0)], ids=str
)
def test_shares_that_do_not_make_a_whole_are_refused_by_unit(
    row: tuple[float, float, float],
) -> None:
    with pytest.raises(TableError, match=r"unit 'u1': .* add up to 1"):
        degree_of_urbanisation(shares_of((1.0, 0.0, 0.0), row))


def test_a_missing_column_is_named_and_no_units_give_no_classes() -> None:
    with pytest.raises(TableError, match="rural_share"):
        degree_of_urbanisation(shares_of((1.0, 0.0, 0.0)).drop(columns="rural_share"))
    assert degree_of_urbanisation(shares_of()).empty
