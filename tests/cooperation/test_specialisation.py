"""What places are specialised in, on tables whose answers are known by hand or published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agglo.cooperation.relatedness import (
    economic_complexity,
    proximity,
    relatedness_density,
    specialised,
)
from agglo.cooperation.specialisation import (
    duplication,
    hachman_index,
    krugman_index,
    location_quotients,
    mean_duplication,
    sector_concentration,
    sector_entropy_bits,
    specialisation_coefficient,
)
from agglo.errors import TableError

TOWNS = ["Боровск", "a'b", "c"]
BY_PLACE = (
    krugman_index,
    specialisation_coefficient,
    sector_concentration,
    hachman_index,
    sector_entropy_bits,
)


def table(rows: list[list[float]], sectors: str = "CGHKM") -> pd.DataFrame:
    return pd.DataFrame(rows, index=TOWNS[: len(rows)], columns=list(sectors)[: len(rows[0])])


def test_published_figures_of_five_places_and_four_sectors_come_out(shared: Path) -> None:
    known = json.loads((shared / "vectors.json").read_text(encoding="utf-8"))["specialisation"]
    jobs = pd.DataFrame(known["M"])
    assert location_quotients(jobs).loc[0].tolist() == pytest.approx(known["LQ_row0"], abs=1e-7)
    for key, function in (
        ("krugman", krugman_index),
        ("HHI", sector_concentration),
        ("hachman", hachman_index),
        ("entropy_bits", sector_entropy_bits),
    ):
        assert function(jobs).tolist() == pytest.approx(known[key], abs=1e-8)
    assert specialisation_coefficient(jobs).tolist() == pytest.approx(
        [value / 2 for value in known["krugman"]], abs=1e-8
    )


def test_of_two_mirrored_towns_every_index_is_known() -> None:
    """Three quarters against one quarter in each, one half in both together."""
    jobs = table([[30, 10], [10, 30]])
    assert location_quotients(jobs).to_numpy().tolist() == [[1.5, 0.5], [0.5, 1.5]]
    assert krugman_index(jobs).tolist() == [0.5, 0.5]
    assert specialisation_coefficient(jobs).tolist() == [0.25, 0.25]
    assert sector_concentration(jobs).tolist() == [0.625, 0.625]
    assert hachman_index(jobs).tolist() == [0.8, 0.8]
    bits = 0.75 * np.log2(4 / 3) + 0.25 * 2
    assert sector_entropy_bits(jobs).tolist() == pytest.approx([bits, bits])
    assert duplication(jobs).to_numpy().tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert mean_duplication(jobs) == 0.5


def test_pairs_of_towns_count_by_the_product_of_their_jobs() -> None:
    jobs = table([[100, 0], [0, 50], [10, 0]])
    assert duplication(jobs).loc["c", "Боровск"] == 1
    assert duplication(jobs).loc["c", "a'b"] == 0
    assert mean_duplication(jobs) == pytest.approx(1000 / (5000 + 1000 + 500))


def test_a_town_without_jobs_has_no_specialisation_and_changes_nobody_elses() -> None:
    jobs = table([[30, 10], [10, 30], [0, 0]])
    for function in BY_PLACE:
        values = function(jobs)
        assert np.isnan(values["c"])
        assert values.iloc[:2].equals(function(jobs.iloc[:2]))
    assert location_quotients(jobs).loc["c"].isna().all()
    assert mean_duplication(jobs) == 0.5


def test_a_sector_that_nobody_has_changes_nothing() -> None:
    jobs = table([[30, 10, 0], [10, 30, 0]])
    for function in BY_PLACE:
        assert function(jobs).equals(function(jobs.iloc[:, :2]))
    assert location_quotients(jobs)["H"].isna().all()


def test_a_single_town_is_the_whole_and_repeats_nobody() -> None:
    jobs = table([[3, 5, 11]])
    assert krugman_index(jobs).item() == 0
    assert hachman_index(jobs).item() == pytest.approx(1)
    assert np.isnan(mean_duplication(jobs))


def test_without_towns_or_sectors_nothing_is_said() -> None:
    assert np.isnan(mean_duplication(pd.DataFrame()))
    assert krugman_index(pd.DataFrame(index=["a"])).isna().all()


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_a_count_that_is_none_is_refused_with_its_place_and_sector(wrong: float) -> None:
    with pytest.raises(TableError, match="'G' in \"a'b\""):
        krugman_index(table([[1, 2], [3, wrong]]))


def test_nearness_of_sectors_is_the_lesser_of_the_two_shares() -> None:
    """C is in three places, G in two of these, H in one of its own."""
    has = pd.DataFrame(
        {"C": [1, 1, 1, 0], "G": [1, 1, 0, 0], "H": [0, 0, 0, 1], "K": [0, 0, 0, 0]}, dtype=bool
    )
    near = proximity(has)
    assert near.loc["C", "G"] == pytest.approx(2 / 3)
    assert near.loc["C", "H"] == 0
    assert np.diag(near)[:3].tolist() == [1, 1, 1]
    assert near["K"].isna().all()
    assert near.equals(near.T)


def test_density_leaves_the_sector_itself_out() -> None:
    near = pd.DataFrame(
        [[1.0, 0.5, 0.25], [0.5, 1.0, 0.0], [0.25, 0.0, 1.0]],
        index=list("CGH"),
        columns=list("CGH"),
    )
    has = pd.DataFrame([[False, True, False]], columns=list("CGH"), index=["a"])
    density = relatedness_density(has, near).loc["a"]
    assert density.to_dict() == pytest.approx({"C": 0.5 / 0.75, "G": 0.0, "H": 0.0})


def test_a_sector_that_nothing_is_near_to_has_no_density() -> None:
    near = pd.DataFrame([[1.0, 0.0], [0.0, 1.0]], index=list("CG"), columns=list("CG"))
    has = pd.DataFrame([[True, True]], columns=list("CG"))
    assert relatedness_density(has, near).isna().to_numpy().all()
    with pytest.raises(TableError, match="no sector 'G'"):
        relatedness_density(has, near[["C"]])


def test_a_place_like_the_whole_has_every_sector_however_quotients_are_rounded() -> None:
    jobs = pd.DataFrame([[0.1, 0.2, 0.7], [0.3, 0.6, 2.1], [0.7, 1.4, 4.9]])
    assert specialised(location_quotients(jobs)).to_numpy().all()


def nested(count: int) -> pd.DataFrame:
    """Place i has the first sectors up to i: the more sectors, the rarer the last."""
    marks = np.tril(np.ones((count, count), dtype=bool))
    return pd.DataFrame(marks, index=[f"p{i:02}" for i in range(count)])


def test_complexity_is_the_second_eigenvector_of_the_walk_between_places() -> None:
    """A second way: the matrix itself, which is not symmetric, and its own eigenvectors."""
    has = nested(24)
    has.iloc[3, 20] = has.iloc[11, 2] = True
    got = economic_complexity(has)
    marks = has.to_numpy(dtype=float)
    walk = (marks / marks.sum(axis=1)[:, None]) @ (marks / marks.sum(axis=0)).T
    values, vectors = np.linalg.eig(walk)
    second = vectors[:, np.argsort(-values.real)[1]].real
    second = (second - second.mean()) / second.std()
    second *= np.sign(np.corrcoef(second, marks.sum(axis=1))[0, 1])
    np.testing.assert_allclose(got, second, atol=1e-8)
    assert got.mean() == pytest.approx(0)
    assert got.std(ddof=0) == pytest.approx(1)


def test_complexity_is_refused_for_few_places() -> None:
    with pytest.raises(TableError, match="at least 20 places with a sector; got 8"):
        economic_complexity(nested(8))
    assert len(economic_complexity(nested(8), least_places=5)) == 8


def test_complexity_is_refused_where_places_share_no_sector_with_the_others() -> None:
    blocks = np.kron(np.eye(2), nested(12).to_numpy()).astype(bool)
    with pytest.raises(TableError, match="share no sector with the others"):
        economic_complexity(pd.DataFrame(blocks))


def test_complexity_is_refused_in_a_tie() -> None:
    """Places on a ring, each with its own sector and the next: no order can be told."""
    ring = np.eye(24) + np.roll(np.eye(24), 1, axis=1)
    with pytest.raises(TableError, match="second eigenvalue is repeated"):
        economic_complexity(pd.DataFrame(ring.astype(bool)))


def test_complexity_without_a_sign_is_refused() -> None:
    """A path of places with two sectors each, mirrored: both ends are alike."""
    path = np.eye(24, 25) + np.eye(24, 25, k=1)
    with pytest.raises(TableError, match="no sign"):
        economic_complexity(pd.DataFrame(path.astype(bool)))


def test_places_without_sectors_and_sectors_without_places_are_left_out() -> None:
    has = nested(21)
    wider = has.assign(nobody=False)
    wider.loc["empty"] = False
    pd.testing.assert_series_equal(economic_complexity(wider), economic_complexity(has))
