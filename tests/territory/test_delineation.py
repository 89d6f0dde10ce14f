"""What every delineation gives: areas, summaries, names that do not depend on order."""

from __future__ import annotations

import pandas as pd
import pytest

from agglo.commuting.flows import Flows, flows_from_table
from agglo.territory.delineation import Delineation, is_with, named_areas, summary_of_areas


def world() -> Flows:
    table = pd.DataFrame(
        [("a", "a", 800), ("a", "b", 150), ("a", "c", 50), ("b", "a", 300), ("b", "b", 400),
         ("b", "c", 100), ("c", "a", 200), ("c", "b", 50), ("c", "c", 250)],
        columns=["live", "work", "n"],
    )  # fmt: skip
    return flows_from_table(table, ["a", "b", "c"])


def delineated(**area: str) -> Delineation:
    areas = pd.DataFrame(
        {"area_id": list(area.values()), "decided_by": "", "value": 0.0, "threshold": 0.0,
         "margin": 0.0},
        index=pd.Index(area, name="zone_id"),
    )  # fmt: skip
    return Delineation(method="fua", areas=areas, parameters={}, status="observed")


def test_the_summary_gives_the_self_containment_of_the_published_vector() -> None:
    summary = summary_of_areas(delineated(a="x", b="x", c=""), world())
    assert list(summary.index) == ["x"]
    row = summary.loc["x"]
    assert row["internal_count"] == 1650
    assert row["supply_share"] == pytest.approx(0.916667, abs=1e-6)
    assert row["demand_share"] == pytest.approx(0.868421, abs=1e-6)
    assert (row["zones_count"], row["residents_count"], row["jobs_count"]) == (2, 1800, 1900)


def test_an_area_has_the_name_of_its_zone_with_most_jobs() -> None:
    names = named_areas(pd.Series({"c": 7, "b": 7, "a": None}), world())
    assert names.to_dict() == {"c": "b", "b": "b", "a": ""}


def test_of_equal_zones_the_lowest_id_names_the_area() -> None:
    equal = flows_from_table(
        pd.DataFrame({"live": ["10", "9"], "work": ["10", "9"], "n": [5, 5]}), ["10", "9"]
    )
    assert set(named_areas(pd.Series({"10": 0, "9": 0}), equal)) == {"9"}


def test_a_zone_is_always_with_itself_and_nobody_is_with_a_zone_of_no_area() -> None:
    assert is_with(delineated(a="", b="", c="y"), "a").tolist() == [True, False, False]
    assert is_with(delineated(a="y", b="", c="y"), "a").tolist() == [True, False, True]
