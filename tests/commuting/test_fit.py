"""Measures of fit: the published vector, frames in any order, flows, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.fit import cpc_share, fit_measures, off_diagonal
from agglo.commuting.flows import Flows, flows_from_frame
from agglo.errors import FlowError

SEEN = np.array([100.0, 50, 30, 20])
MODEL = np.array([90.0, 60, 40, 10])
IDS = ["Ёлкино", "b"]


def square(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values.reshape(2, 2), IDS, IDS)


def test_the_published_measures_come_out() -> None:
    """delineation.md, section 2: goodness of fit."""
    measures = fit_measures(SEEN, MODEL)
    wanted = {
        "cpc_share": 0.9,
        "ssi": 0.845067,
        "rmse_count": 10,
        "srmse": 0.2,
        "nrmse": 1.414214,
        "r2": 0.894737,
        "kl_nats": 0.0332623,
    }
    for name, value in wanted.items():
        assert measures[name] == pytest.approx(value, rel=2e-6), name
    assert measures["r2_pearson"] == pytest.approx(np.corrcoef(SEEN, MODEL)[0, 1] ** 2)


def test_a_perfect_model_has_perfect_measures() -> None:
    assert fit_measures(SEEN, SEEN).round(12).to_dict() == {
        "cpc_share": 1, "ssi": 1, "rmse_count": 0, "srmse": 0, "nrmse": 0, "r2": 1,
        "r2_pearson": 1, "kl_nats": 0,
    }  # fmt: skip


def test_flows_that_have_nothing_in_common_share_nobody() -> None:
    measures = fit_measures(np.array([5.0, 0, 0]), np.array([0.0, 3, 2]))
    assert measures["cpc_share"] == measures["ssi"] == 0
    assert measures["kl_nats"] == math.inf


def test_empty_pairs_count_in_means_but_tell_nothing_about_likeness() -> None:
    more = np.concatenate([SEEN, [0.0] * 4]), np.concatenate([MODEL, [0.0] * 4])
    short, long = fit_measures(SEEN, MODEL), fit_measures(*more)
    for name in ("cpc_share", "ssi", "nrmse", "kl_nats"):
        assert long[name] == pytest.approx(short[name])
    assert long["rmse_count"] == pytest.approx(10 / math.sqrt(2))
    assert long["srmse"] == pytest.approx(0.2 * math.sqrt(2))
    assert long["r2"] == pytest.approx(1 - 400 / ((more[0] - 25) ** 2).sum())
    assert long["r2_pearson"] == pytest.approx(np.corrcoef(*more)[0, 1] ** 2)


def test_of_a_flat_matrix_there_is_nothing_to_explain() -> None:
    measures = fit_measures(np.full(4, 5.1), MODEL)
    assert math.isnan(measures["r2"])
    assert math.isnan(measures["r2_pearson"])


def test_zones_are_matched_by_name_and_not_by_place() -> None:
    mixed = square(MODEL).iloc[::-1, ::-1]
    pd.testing.assert_series_equal(fit_measures(square(SEEN), mixed), fit_measures(SEEN, MODEL))
    long = pd.Series(SEEN, list("abcd")), pd.Series(MODEL, list("abcd"))[::-1]
    assert cpc_share(*long) == pytest.approx(0.9)


@pytest.mark.parametrize("kinds", [(True, True), (True, False), (False, True)])
def test_flows_and_frames_give_the_same_measures(kinds: tuple[bool, bool]) -> None:
    random = np.random.default_rng(1)
    ids = [f"z{i}" for i in range(12)]
    frames = [
        pd.DataFrame(random.integers(0, 4, (12, 12)).astype(float), ids, ids) for _ in range(2)
    ]
    frames[1] = frames[1].loc[ids[::-1], ids]
    given: list[pd.DataFrame | Flows] = [
        flows_from_frame(frame, outside=["z3"]) if is_flows else frame
        for frame, is_flows in zip(frames, kinds, strict=True)
    ]
    pd.testing.assert_series_equal(fit_measures(*given), fit_measures(*frames), rtol=1e-12)


def test_who_works_at_home_can_be_left_out() -> None:
    seen, model = (off_diagonal(square(one)) for one in (SEEN, MODEL))
    assert seen.tolist() == [50, 30]
    assert cpc_share(seen, model) == pytest.approx(160 / 180)
    with pytest.raises(FlowError, match="not the same zones in one order; got 2 rows and 2"):
        off_diagonal(square(SEEN).iloc[::-1])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (MODEL[:3], r"observed flows have shape \(4,\), modelled ones \(3,\)"),
        (np.array([1.0, np.nan, 1, 1]), r"1 modelled flow\(s\) are missing, infinite or below 0"),
        (np.array([1.0, -1, -1, 1]), r"2 modelled flow\(s\)"),
        (np.array([1.0, np.inf, 1, 1]), r"1 modelled flow\(s\)"),
        (np.zeros(4), "nobody commutes in the modelled flows"),
    ],
)
def test_flows_that_cannot_be_compared_are_refused(other: np.ndarray, message: str) -> None:
    with pytest.raises(FlowError, match=message):
        fit_measures(SEEN, other)
    with pytest.raises(FlowError, match=r"observed|shape"):
        cpc_share(other, SEEN)


def test_other_zones_are_refused_by_name() -> None:
    other = square(MODEL).rename(index={"b": "c"}, columns={"b": "c"})
    with pytest.raises(FlowError, match="2 stand in one of them only, such as 'b'"):
        cpc_share(square(SEEN), other)
    with pytest.raises(FlowError, match="such as 'b'"):
        cpc_share(flows_from_frame(square(SEEN)), flows_from_frame(other))
    twice = pd.DataFrame(1.0, ["b", "b"], IDS)
    with pytest.raises(FlowError, match="not about the same zones"):
        cpc_share(twice, square(SEEN))
