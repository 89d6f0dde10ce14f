"""Isochrones of cores as areas: who is in, by how many minutes, and whose."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.errors import TableError
from agglo.territory.delineation import COLUMNS, is_with
from agglo.territory.isochrone_areas import isochrone_areas

ZONES = ["a", "b", "c", "d", "isle"]


def minutes() -> pd.DataFrame:
    """A line: a to b 30 minutes, on to c 60, on to d 90; nothing leads to the isle."""
    at = np.array([0.0, 30, 90, 180])
    frame = pd.DataFrame(np.inf, index=ZONES, columns=ZONES)
    frame.iloc[:4, :4] = np.abs(at[:, None] - at)
    frame.loc["isle", "isle"] = 5.0
    return frame


def test_zones_within_the_limit_are_in_and_say_by_how_much() -> None:
    found = isochrone_areas(minutes(), cores=["a"], within_min=60, status="observed")
    assert found.method == "isochrone"
    assert found.status == "observed"
    assert list(found.areas.columns) == list(COLUMNS)
    assert found.areas["area_id"].to_dict() == {"a": "a", "b": "a", "c": "", "d": "", "isle": ""}
    assert found.areas["decided_by"].tolist() == ["core", *["minutes_to_core"] * 4]
    assert found.areas["value"].tolist()[1:] == [30, 90, 180, math.inf]
    assert found.areas["margin"].tolist()[1:] == [30, -30, -120, -math.inf]
    assert found.areas.loc["a", ["value", "margin"]].isna().all()
    assert set(found.areas["threshold"]) == {60}
    assert is_with(found, "a").tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(("limit", "zones"), [(89.999, "ab"), (90.0, "abc"), (0.0, "a")])
def test_the_limit_itself_is_in_time(limit: float, zones: str) -> None:
    areas = isochrone_areas(minutes(), cores=["a"], within_min=limit).areas
    assert "".join(areas.index[areas["area_id"] == "a"]) == zones
    if limit == 90:
        assert areas.loc["c", "margin"] == 0


def test_without_a_word_the_limit_is_an_hour_and_a_half() -> None:
    found = isochrone_areas(minutes(), cores=["a"])
    assert found.parameters == {"cores": "a", "within_min": 90.0}
    assert found.status == "modelled"


def test_the_way_counts_from_home_to_the_core() -> None:
    one_way = minutes()
    one_way.loc["b", "a"], one_way.loc["a", "b"] = 20.0, 500.0
    areas = isochrone_areas(one_way, cores=["a"], within_min=60).areas
    assert areas.loc["b", "value"] == 20


def test_of_several_cores_the_nearest_and_of_equals_the_lowest_id() -> None:
    areas = isochrone_areas(minutes(), cores=["d", "a"], within_min=90).areas
    assert areas["area_id"].to_dict() == {"a": "a", "b": "a", "c": "a", "d": "d", "isle": ""}
    assert areas.loc["c", "value"] == 90
    numbered = minutes().iloc[:4, :4].set_axis([10, 5, 7, 9]).set_axis([10, 5, 7, 9], axis=1)
    tied = isochrone_areas(numbered, cores=["10", "9"], within_min=90).areas
    assert tied.loc["7", "area_id"] == "9"


def test_a_core_of_several_zones_is_one_area() -> None:
    by_zone = {"a": "greater", "d": "greater", "b": ""}
    for cores in (by_zone, pd.Series(by_zone)):
        areas = isochrone_areas(minutes(), cores=cores, within_min=90).areas
        assert areas["area_id"].tolist() == ["greater"] * 4 + [""]
        assert areas["decided_by"].eq("core").tolist() == [True, False, False, True, False]


def test_a_core_may_lie_beyond_the_region() -> None:
    inside = minutes().loc[["b", "c"]]
    areas = isochrone_areas(inside, cores=["a"], within_min=60).areas
    assert areas["area_id"].to_dict() == {"b": "a", "c": ""}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cores": ["x"]}, "no column for 'x'; there are 5 columns"),
        ({"cores": []}, "got none"),
        ({"cores": pd.Series({"a": ""})}, "got none"),
        ({"within_min": -1.0}, "within_min must be 0 or more"),
        ({"within_min": math.nan}, "within_min must be 0 or more"),
        ({"status": "guessed"}, "status must be one of"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        isochrone_areas(minutes(), **{"cores": ["a"], **change})


@pytest.mark.parametrize("wrong", [math.nan, -1.0])
def test_a_time_that_is_none_is_refused_by_name(wrong: float) -> None:
    frame = minutes()
    frame.loc["c", "a"] = wrong
    with pytest.raises(TableError, match="minutes from 'c' to 'a' are"):
        isochrone_areas(frame, cores=["a"])
    assert isochrone_areas(frame, cores=["b"], within_min=60).areas.loc["c", "area_id"] == "b"


def test_a_zone_that_stands_twice_is_refused() -> None:
    frame = minutes()
    with pytest.raises(TableError, match="stands twice"):
        isochrone_areas(frame.loc[["a", "a"]], cores=["a"])


def test_no_zones_give_no_areas() -> None:
    assert isochrone_areas(minutes().iloc[:0], cores=["a"]).areas.empty
