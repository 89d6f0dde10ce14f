"""Newton steps: linear equations solved, and never a worse answer than before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from agglo.commuting.acceleration import accelerated, column_sums, row_sums, solved
from agglo.commuting.margins import margins_of


def test_conjugate_gradients_solve_what_elimination_solves() -> None:
    random = np.random.default_rng(3)
    root = random.normal(size=(8, 8))
    matrix = root @ root.T + np.eye(8)
    wanted = random.normal(size=8)
    found = solved(lambda x: matrix @ x, matrix @ wanted, np.diag(matrix), close=1e-12, most=50)
    np.testing.assert_allclose(found, wanted, rtol=1e-8)


def test_a_row_without_people_stays_where_it_is() -> None:
    people = np.array([2.0, 0.0, 4.0])
    found = solved(lambda x: people * x, np.array([1.0, 0, 1]), people, close=1e-12, most=9)
    assert found.tolist() == [0.5, 0, 0.25]


@pytest.mark.parametrize("seed", range(5))
def test_near_the_answer_a_step_comes_much_nearer(seed: int) -> None:
    random = np.random.default_rng(seed)
    friction = random.uniform(0.1, 1, (20, 20))
    workers, jobs = random.uniform(5, 50, (2, 20))
    jobs *= workers.sum() / jobs.sum()
    margins = margins_of(pd.Series(workers), pd.Series(jobs))
    row, column = np.ones(20), np.ones(20)
    for _ in range(3):
        row = workers / (friction @ column)
        column = jobs / (row @ friction)
    before = np.abs(row * (friction @ column) - workers).sum()
    row, column = accelerated(friction, row, column, margins)
    assert np.abs(row * (friction @ column) - workers).sum() < 0.01 * before
    np.testing.assert_allclose(column * (row @ friction), jobs)


def test_a_step_that_does_not_help_is_not_taken() -> None:
    friction = np.array([[1.0, 0.0], [0.0, 1.0]])
    margins = margins_of(pd.Series([60.0, 40]), pd.Series([50.0, 50]))
    row, column = np.array([1.0, 1.0]), np.array([50.0, 50.0])
    rows, columns = accelerated(friction, row, column, margins)
    assert rows.tolist() == row.tolist()
    assert columns.tolist() == column.tolist()


def test_sums_in_bands_are_sums_of_the_whole() -> None:
    random = np.random.default_rng(1)
    matrix = random.random((900, 400), dtype=np.float32)
    rows, columns = random.random(900), random.random(400)
    np.testing.assert_allclose(row_sums(matrix, columns), matrix.astype(float) @ columns)
    np.testing.assert_allclose(column_sums(matrix, rows), rows @ matrix.astype(float))
