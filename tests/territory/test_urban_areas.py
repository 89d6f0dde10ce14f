"""Level 2 of units, cities of urban centres, and urban areas of connected clusters."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from agglo.commuting.flows import flows_from_frame
from agglo.errors import TableError
from agglo.territory.functional_areas import functional_urban_areas
from agglo.territory.urban_areas import cities_from_centres, urban_areas
from agglo.territory.urbanisation import (
    FINER_PARTS,
    classed_units,
    degree_of_urbanisation,
    finer_degree_of_urbanisation,
)

LEVEL_2 = ("centre", *FINER_PARTS)


def shares_of(*rows: tuple[float, ...], land: bool = False) -> pd.DataFrame:
    """Centre, dense, semi-dense, suburban, rural cluster, low, very low density."""
    frame = pd.DataFrame(
        rows, columns=[f"{part}_share" for part in LEVEL_2],
        index=[f"u{at}" for at in range(len(rows))], dtype=float,
    )  # fmt: skip
    frame["cluster_share"] = frame[["dense_share", "semi_dense_share", "suburban_share"]].sum(
        axis=1
    )
    rural = ["rural_cluster_share", "low_density_share", "very_low_density_share"]
    frame["rural_share"] = frame[rural].sum(axis=1)
    if land:
        return frame.rename(columns=lambda name: name.replace("_share", "_land_share"))
    return frame


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ((0.5, 0, 0, 0, 0, 0, 0.5), "city"),
        ((0.3, 0.2, 0, 0.5, 0, 0, 0), "dense_town"),
        ((0.0, 0.5, 0.5, 0, 0, 0, 0), "dense_town"),
        ((0.2, 0.2, 0.1, 0.3, 0, 0.1, 0.1), "suburb"),
        ((0.0, 0.0, 0.1, 0.4, 0, 0.5, 0), "suburb"),
        # semi-dense and rural make half, suburban and rural do not: no suburb
        ((0.2, 0.2, 0.3, 0.1, 0, 0.2, 0), "semi_dense_town"),
        ((0.0, 0.0, 1.0, 0, 0, 0, 0), "semi_dense_town"),
        ((0.1, 0, 0, 0.1, 0.3, 0.5, 0), "village"),
        ((0.0, 0, 0, 0, 0.5, 0, 0.5), "village"),
        ((0.0, 0, 0, 0, 0.4, 0.2, 0.4), "dispersed_rural"),
        ((0.0, 0, 0, 0, 0.4, 0.1, 0.5), "mostly_uninhabited"),
    ],
)
def test_units_are_divided_further_by_the_rules_of_the_manual(
    row: tuple[float, ...], name: str
) -> None:
    shares = shares_of(row)
    classes = degree_of_urbanisation(shares)["class_id"]
    assert finer_degree_of_urbanisation(shares, classes).tolist() == [name]


def test_an_empty_unit_goes_by_land_on_both_levels_and_one_off_the_raster_has_no_class() -> None:
    nobody = (0.0,) * 7
    people = shares_of((1, 0, 0, 0, 0, 0, 0), nobody, nobody)
    land = shares_of((1, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0.2, 0.2, 0.6), nobody, land=True)
    found = classed_units(people.join(land))
    assert found["level_1_code"].tolist() == [3, 1, 0]
    assert found["level_2_code"].tolist() == [30, 11, 0]
    assert found["level_1"].tolist() == ["city", "rural", ""]
    assert found["level_2"].tolist() == ["city", "mostly_uninhabited", ""]
    assert found["decided_by"].tolist() == ["centre_share", "rural_land_share", ""]
    assert found["value"].tolist()[:2] == [1.0, 1.0]
    assert math.isnan(found["value"].iloc[2])


def test_a_half_that_rounding_missed_is_a_half() -> None:
    row = (0.49999999999, 0, 0, 0, 0, 0.50000000001, 0)
    assert degree_of_urbanisation(shares_of(row))["class_id"].tolist() == ["city"]


def test_shares_of_level_2_that_do_not_make_a_whole_are_refused() -> None:
    shares = shares_of((0.5, 0.1, 0, 0.1, 0, 0, 0))
    with pytest.raises(TableError, match="add up to 1"):
        finer_degree_of_urbanisation(shares, pd.Series({"u0": "city"}))
    with pytest.raises(TableError, match="dense_share"):
        finer_degree_of_urbanisation(shares.drop(columns="dense_share"), pd.Series({"u0": "city"}))


# Cities


def people_of(*rows: tuple[str, int, float, float, float]) -> pd.DataFrame:
    columns = ["unit_id", "number", "people_count", "unit_share", "group_share"]
    return pd.DataFrame(rows, columns=columns).assign(land_km2=1.0)


UNITS = pd.Index(["9", "10", "11", "12"])


def test_a_city_is_made_of_the_units_that_live_mostly_in_one_centre() -> None:
    people = people_of(
        ("9", 1, 40e3, 0.5, 0.3), ("10", 1, 90e3, 0.9, 0.6), ("11", 1, 9e3, 0.49, 0.1),
        ("11", 2, 8e3, 0.48, 0.1), ("12", 2, 60e3, 0.8, 0.7),
    )  # fmt: skip
    found = cities_from_centres(people, UNITS)
    assert found.to_dict() == {"9": "10", "10": "10", "11": "", "12": "12"}
    shuffled = people.sample(frac=1, random_state=1)
    assert cities_from_centres(shuffled, UNITS).to_dict() == found.to_dict()


def test_a_city_may_have_to_hold_most_of_its_centre() -> None:
    people = people_of(("9", 1, 40e3, 0.9, 0.75), ("10", 2, 40e3, 0.9, 0.74))
    found = cities_from_centres(people, UNITS, least_centre_share=0.75)
    assert found.to_dict() == {"9": "9", "10": "", "11": "", "12": ""}


def test_a_unit_half_in_each_of_two_centres_takes_the_one_with_more_people() -> None:
    people = people_of(("9", 2, 40e3, 0.5, 0.5), ("9", 1, 40e3, 0.5, 0.4), ("10", 1, 50e3, 1, 0.5))
    assert cities_from_centres(people, UNITS)["9"] == "10"
    with pytest.raises(TableError, match="above 0"):
        cities_from_centres(people, UNITS, least_unit_share=0)
    with pytest.raises(TableError, match="'9' is none of the units"):
        cities_from_centres(people, pd.Index(["10"]))


def test_no_centre_makes_no_city() -> None:
    assert cities_from_centres(people_of(), UNITS).tolist() == [""] * 4


def test_cities_go_into_functional_urban_areas() -> None:
    people = people_of(("9", 1, 60e3, 0.9, 1.0))
    flows = flows_from_frame(
        pd.DataFrame([[90, 10], [20, 80]], index=["9", "10"], columns=["9", "10"])
    )
    found = functional_urban_areas(flows, cities_from_centres(people, pd.Index(["9", "10"])))
    assert found.areas["area_id"].to_dict() == {"9": "9", "10": "9"}


# Urban areas


def with_land(shares: pd.DataFrame) -> pd.DataFrame:
    land = {
        f"{part}_land_share": value for part, value in (("centre", 0), ("cluster", 1), ("rural", 0))
    }
    return shares.assign(**land)


def test_units_that_share_a_connected_cluster_make_one_urban_area() -> None:
    shares = with_land(
        shares_of(
            (1, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0.5, 0, 0.5, 0), (0, 0, 0, 0.4, 0, 0.6, 0),
            (0, 0, 0, 1, 0, 0, 0),
        )
    ).set_axis(UNITS)  # fmt: skip
    people = people_of(
        ("9", 1, 60e3, 1, 0.6), ("10", 1, 900, 0.3, 0.1), ("10", 2, 600, 0.2, 0.1),
        ("11", 1, 800, 0.4, 0.1), ("12", 2, 5e3, 1, 0.9),
    )  # fmt: skip
    found = urban_areas(shares, people, status="modelled", parameters={"version": "R2023A"})
    areas = found.areas
    assert areas["area_id"].to_dict() == {"9": "9", "10": "9", "11": "", "12": "12"}
    assert areas["decided_by"].unique().tolist() == ["urban_share"]
    assert areas["value"].tolist() == [1, 0.5, 0.4, 1]
    assert areas["margin"].tolist() == pytest.approx([0.5, 0, -0.1, 0.5])
    assert found.method == "degurba"
    assert areas.index.name == "zone_id"


def test_an_empty_unit_belongs_to_the_cluster_with_most_of_its_land() -> None:
    shares = with_land(shares_of((0,) * 7, (1, 0, 0, 0, 0, 0, 0))).set_axis(["park", "town"])
    people = people_of(
        ("park", 1, 0, 0, 0), ("park", 2, 0, 0, 0), ("town", 2, 9e3, 1, 1)
    ).assign(land_km2=[1.0, 2.0, 3.0])  # fmt: skip
    found = urban_areas(shares, people, status="modelled", parameters={}).areas
    assert found["area_id"].to_dict() == {"park": "town", "town": "town"}
    assert found["decided_by"].to_dict() == {"park": "urban_land_share", "town": "urban_share"}


def test_a_unit_off_the_raster_is_in_no_area_and_has_no_number() -> None:
    shares = with_land(shares_of((0,) * 7)).assign(cluster_land_share=0.0)
    found = urban_areas(shares, people_of(), status="modelled", parameters={}).areas.iloc[0]
    assert found["area_id"] == ""
    assert found["decided_by"] == "no_data"
    assert math.isnan(found["value"])
    assert math.isnan(found["margin"])
