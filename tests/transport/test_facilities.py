"""Access to facilities and trips by several modes, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.errors import NetworkError
from agglo.transport.facilities import facility_access, intermodal_share, nearest_minutes

ZONES = ["a", "b", "c"]
TIMES = pd.DataFrame(
    {
        "Обнинское": [10.0, 20.0, np.inf],
        "Балабаново": [40.0, 15.0, np.inf],
        "hospital": [15.0, 45.0, 30.0],
    },
    index=ZONES,
)
KIND = pd.Series({"hospital": "hospital", "Обнинское": "station", "Балабаново": "station"})
PEOPLE = pd.Series({"c": 100, "a": 300, "b": 100})


def test_each_zone_goes_to_the_nearest_facility_of_a_kind() -> None:
    got = nearest_minutes(TIMES, KIND)
    assert got.to_dict("list") == {"hospital": [15, 45, 30], "station": [10, 15, np.inf]}
    assert got.index.tolist() == ZONES


def test_means_weigh_people_and_shares_count_those_without_a_way() -> None:
    got = facility_access(nearest_minutes(TIMES, KIND), PEOPLE)
    assert got.loc["station"].to_dict() == pytest.approx(
        {
            "mean_min": (300 * 10 + 100 * 15) / 400,
            "unserved_share": 0.2,
            "within_15_min_share": 0.8,
            "within_30_min_share": 0.8,
            "within_45_min_share": 0.8,
        }
    )
    assert got.loc["hospital"].to_dict() == pytest.approx(
        {
            "mean_min": (300 * 15 + 100 * 45 + 100 * 30) / 500,
            "unserved_share": 0,
            "within_15_min_share": 0.6,
            "within_30_min_share": 0.8,
            "within_45_min_share": 1,
        }
    )


def test_the_order_of_zones_and_facilities_does_not_matter() -> None:
    got = facility_access(nearest_minutes(TIMES.iloc[::-1, [2, 0, 1]], KIND), PEOPLE)
    pd.testing.assert_frame_equal(got, facility_access(nearest_minutes(TIMES, KIND), PEOPLE))


def test_a_new_facility_never_lengthens_the_way() -> None:
    before = nearest_minutes(TIMES.drop(columns="Балабаново"), KIND)
    assert (nearest_minutes(TIMES, KIND) <= before).all(axis=None)


def test_where_nobody_lives_or_nothing_is_reached_there_is_no_mean() -> None:
    empty = facility_access(nearest_minutes(TIMES, KIND), PEOPLE * 0)
    assert empty.isna().all(axis=None)
    nowhere = facility_access(pd.DataFrame({"port": [np.inf]}, index=["a"]), PEOPLE)
    assert np.isnan(nowhere.loc["port", "mean_min"])
    assert nowhere.loc["port", "unserved_share"] == 1


def test_gaps_are_refused_by_name() -> None:
    with pytest.raises(NetworkError, match="facility 'hospital' has no kind"):
        nearest_minutes(TIMES, KIND.drop("hospital"))
    with pytest.raises(NetworkError, match="the time from 'c' to 'Обнинское' is not a number"):
        nearest_minutes(TIMES.replace(np.inf, np.nan), KIND)
    with pytest.raises(NetworkError, match="zone 'b' has no population"):
        facility_access(nearest_minutes(TIMES, KIND), PEOPLE.drop("b"))


def pairs(*minutes: float) -> pd.DataFrame:
    """One origin, several destinations."""
    return pd.DataFrame([minutes], index=["home"], columns=[f"d{i}" for i in range(len(minutes))])


def test_a_trip_is_intermodal_if_no_single_mode_is_as_quick() -> None:
    """Car and train, car alone, as quick by train, no way, cut off from the car but not both."""
    together = pairs(40, 20, 50, np.inf, 70)
    car = pairs(60, 20, 80, np.inf, np.inf)
    train = pairs(55, np.inf, 50, np.inf, np.inf)
    trips = pairs(10, 20, 30, 1000, 40)
    got = intermodal_share(together, {"car": car, "train": train}, trips)
    assert got == pytest.approx((10 + 40) / 100)
    assert intermodal_share(together, {"car": car}, trips) == pytest.approx((10 + 30 + 40) / 100)


def test_intermodal_trips_do_not_depend_on_the_order_of_rows_and_modes() -> None:
    together, car, train, trips = pairs(40, 20), pairs(60, 20), pairs(50, 90), pairs(1, 3)
    flipped = {"train": train[["d1", "d0"]], "car": car}
    assert intermodal_share(together, {"car": car, "train": train}, trips) == 0.25
    assert intermodal_share(together, flipped, trips[["d1", "d0"]]) == 0.25


def test_a_thousandth_of_a_second_makes_no_trip_intermodal() -> None:
    assert intermodal_share(pairs(40), {"car": pairs(40.0005)}, pairs(5)) == 0


def test_without_trips_there_is_no_share() -> None:
    assert np.isnan(intermodal_share(pairs(40), {"car": pairs(50)}, pairs(0)))
    assert np.isnan(intermodal_share(pairs(np.inf), {"car": pairs(np.inf)}, pairs(9)))


def test_a_mode_quicker_than_all_together_is_refused() -> None:
    with pytest.raises(NetworkError, match="'car' alone is quicker than all modes together"):
        intermodal_share(pairs(40), {"car": pairs(30)}, pairs(1))
    with pytest.raises(NetworkError, match="'bus' alone"):
        intermodal_share(pairs(40), {"bus": pairs(np.nan)}, pairs(1))
    with pytest.raises(NetworkError, match="names no mode"):
        intermodal_share(pairs(40), {}, pairs(1))
