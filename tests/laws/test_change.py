"""Laws of change: totals are kept, parts add up, and neither order nor units matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agglo.imagery.built_up import built_by_year, built_ha
from agglo.imagery.change import built_by_epoch, built_up_gain, gain_by_period
from agglo.imagery.consistency import power_law
from agglo.imagery.coverage import coverage_from_zones
from agglo.imagery.growth import land_consumption_ratio
from agglo.imagery.land_take import housing_land_take, kind_shares
from agglo.imagery.transitions import class_transitions_ha, kinds_lost, vegetation_lost
from agglo.rasters import GREEN_KINDS, Band
from tests.imagery_squares import CLASSES, boxes, hectares

SIDE = 4
SHARES = arrays(float, (SIDE, SIDE), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0, np.nan]))
CODES = arrays(float, (SIDE, SIDE), elements=st.sampled_from([*map(float, CLASSES), np.nan]))
YEARS = arrays(float, (SIDE, SIDE), elements=st.sampled_from([1975.0, 1990, 2000, 2020, np.nan]))
CUTS = st.tuples(st.floats(0.3, 3.7), st.floats(0.3, 3.7))
GRID = hectares(SIDE, SIDE)
WHOLE = coverage_from_zones(GRID, boxes({"all": (-0.5, -0.5, SIDE + 0.5, SIDE + 0.5)}))


def quarters(cut: tuple[float, float]):
    """Cut the raster in four at any point; together the zones are the raster."""
    x, y = cut
    return boxes(
        {"nw": (0, 0, x, y), "ne": (x, 0, SIDE, y), "sw": (0, y, x, SIDE), "se": (x, y, SIDE, SIDE)}
    )


@given(SHARES, SHARES, CUTS)
def test_the_gains_of_zones_that_tile_the_raster_add_up(
    before: np.ndarray, after: np.ndarray, cut: tuple[float, float]
) -> None:
    first, second = (built_ha(one, GRID, quantity="share") for one in (before, after))
    parts = built_up_gain(first, second, coverage_from_zones(GRID, quarters(cut)), years=5)
    whole = built_up_gain(first, second, WHOLE, years=5)
    known = ~np.isnan(before + after)
    for name, cells in (("built_before_ha", first), ("built_after_ha", second)):
        expected = cells[known].sum()
        assert parts[name].sum() == pytest.approx(expected, abs=1e-5)
        if known.any():
            assert whole[name].iloc[0] == pytest.approx(expected, abs=1e-5)
    assert parts["compared_share"].between(0, 1).all()


@given(SHARES, SHARES)
def test_going_back_in_time_turns_the_sign_of_a_gain(before: np.ndarray, after: np.ndarray) -> None:
    first, second = (built_ha(one, GRID, quantity="share") for one in (before, after))
    there = built_up_gain(first, second, WHOLE, years=3)["gain_ha"]
    back = built_up_gain(second, first, WHOLE, years=3)["gain_ha"]
    pd.testing.assert_series_equal(there, -back)


@given(YEARS, CUTS)
def test_periods_add_up_to_the_whole_time_and_cells_never_unbuild(
    codes: np.ndarray, cut: tuple[float, float]
) -> None:
    coverage = coverage_from_zones(GRID, quarters(cut))
    bounds = (1975, 1990, 2000, 2020)
    built = built_by_epoch(codes, coverage, years=bounds, is_unknown_unbuilt=True)
    assert (built.diff(axis=1).iloc[:, 1:] >= -1e-9).all(axis=None)
    parts = gain_by_period(built, bounds=bounds)["gain_ha"].groupby(level=0).sum()
    whole = gain_by_period(built, bounds=(1975, 2020))["gain_ha"].droplevel([1, 2])
    assert parts.reindex(whole.index).to_numpy() == pytest.approx(whole.to_numpy(), abs=1e-9)
    for year in bounds:
        cells = built_by_year(codes, year, is_unknown_unbuilt=True)
        assert built[year].sum() == pytest.approx(cells.sum(), abs=1e-3)


@given(CODES, CODES, CUTS)
def test_a_transition_matrix_keeps_the_land_of_both_epochs(
    before: np.ndarray, after: np.ndarray, cut: tuple[float, float]
) -> None:
    coverage = coverage_from_zones(GRID, quarters(cut))
    found = class_transitions_ha(before, after, coverage, classes=CLASSES)
    known = ~np.isnan(before + after)
    assert np.nansum(found.to_numpy()) == pytest.approx(known.sum(), abs=1e-3)
    totals = found.groupby(level="before").sum()
    for code, one in CLASSES.items():
        had = (known & (before == code)).sum()
        has = (known & (after == code)).sum()
        assert totals.loc[one.kind].sum() == pytest.approx(had, abs=1e-3)
        assert totals[one.kind].sum() == pytest.approx(has, abs=1e-3)


@given(CODES, CODES)
def test_what_green_has_is_what_it_had_less_its_losses_and_more_its_gains(
    before: np.ndarray, after: np.ndarray
) -> None:
    found = kinds_lost(class_transitions_ha(before, after, WHOLE, classes=CLASSES))
    row = found.iloc[0]
    if row.isna().all():
        assert np.isnan(before + after).all()
        return
    assert row["after_ha"] == pytest.approx(row["before_ha"] - row["lost_ha"] + row["gained_ha"])
    green = [code for code, one in CLASSES.items() if one.kind in GREEN_KINDS]
    known = ~np.isnan(before + after)
    lost = known & np.isin(before, green) & ~np.isin(after, green)
    assert row["lost_ha"] == pytest.approx(lost.sum(), abs=1e-3)
    assert row.filter(like="lost_to_").sum() == pytest.approx(row["lost_ha"])


@given(
    arrays(float, (SIDE, SIDE), elements=st.floats(-1, 1)),
    arrays(float, (SIDE, SIDE), elements=st.floats(-1, 1)),
)
def test_a_larger_fall_never_loses_more_and_no_fall_more_than_was_green(
    before: np.ndarray, after: np.ndarray
) -> None:
    found = vegetation_lost(before, after, WHOLE, falls=(0.1, 0.2, 0.4, 0.8))
    assert (found["lost_ha"].diff().dropna() <= 1e-9).all()
    assert (found["lost_ha"] <= found["green_before_ha"] + 1e-9).all()


@given(CODES, CUTS)
def test_shares_of_kinds_are_the_parts_of_the_area(
    codes: np.ndarray, cut: tuple[float, float]
) -> None:
    shares = kind_shares(quarters(cut), Band(values=codes, grid=GRID), classes=CLASSES)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert (shares >= 0).all(axis=None)


@settings(max_examples=12)
@given(CODES, st.floats(-5000, 50_000), st.floats(20, 500))
def test_every_hectare_that_new_residents_need_is_accounted_for(
    codes: np.ndarray, people: float, land_m2: float
) -> None:
    zones = boxes({"z": (0, 0, SIDE, SIDE)})
    taken = housing_land_take(
        pd.Series({"z": people}), zones, Band(values=codes, grid=GRID), classes=CLASSES,
        land_m2_per_resident=land_m2,
    ).loc["z"]  # fmt: skip
    assert taken.sum() == pytest.approx(max(people, 0) * land_m2 / 1e4)
    assert (taken >= 0).all()
    assert taken[["built", "water"]].tolist() == [0, 0]
    assert taken.drop("no_land_left").sum() <= SIDE * SIDE * 1.01


@given(
    st.lists(
        st.tuples(st.floats(1, 1e4), st.floats(0.1, 1e6), st.floats(1, 1e6)), min_size=1, max_size=5
    ),
    st.floats(1, 50),
    st.floats(0.1, 10),
)
def test_the_log_ratio_does_not_care_for_units_and_the_other_is_never_below_it(
    rows: list[tuple[float, float, float]], years: float, unit: float
) -> None:
    """(V₁ − V₀)/V₀ ≥ ln(V₁/V₀): the newer form reads the same growth as more."""
    land, people, more = (pd.Series(one) for one in zip(*rows, strict=True))
    after = land * 1.3
    one = land_consumption_ratio(land, after, people, people + more, years=years, form="logarithm")
    other = land_consumption_ratio(
        land * unit, after * unit, people * unit, (people + more) * unit, years=years
    )
    assert (other["ratio"] >= one["ratio"] - 1e-9).all()
    expected = np.log(1.3) / np.log((people + more) / people)
    assert one["ratio"].to_numpy() == pytest.approx(expected.to_numpy())


PLACES = st.lists(
    st.tuples(st.floats(10, 1e6), st.floats(0.1, 1e4)),
    min_size=5,
    max_size=12,
    unique_by=lambda place: place[0],
)


@given(PLACES, st.floats(0.01, 100), st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_a_power_law_cares_for_neither_units_nor_order(
    places: list[tuple[float, float]], x_unit: float, y_unit: float, random
) -> None:
    frame = pd.DataFrame(places, columns=["x", "y"])
    law = power_law(frame["x"], frame["y"])
    order = list(frame.index)
    random.shuffle(order)
    other = power_law(frame["x"].loc[order] * x_unit, frame["y"].loc[order] * y_unit)
    assert other.exponent == pytest.approx(law.exponent, rel=1e-6, abs=1e-9)
    assert other.r2 == pytest.approx(law.r2, rel=1e-6, abs=1e-9)
    ratio = other.table["ratio"].reindex(frame.index)
    assert ratio.to_numpy() == pytest.approx(law.table["ratio"].to_numpy(), rel=1e-6)


@given(PLACES)
def test_the_expected_times_the_ratio_is_what_was_measured(
    places: list[tuple[float, float]],
) -> None:
    frame = pd.DataFrame(places, columns=["x", "y"])
    table = power_law(frame["x"], frame["y"]).table
    assert (table["expected"] * table["ratio"]).to_numpy() == pytest.approx(frame["y"].to_numpy())
    assert np.median(np.log(table["ratio"])) == pytest.approx(0, abs=1e-9)
