"""Weights that add up to 1: drawn evenly, ordered, cut where two scenarios are level."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from agglo.errors import TableError
from agglo.transport.topology import Floats

MOST_ORDERED = 8
"""Goals whose orders are listed one by one; more of them cannot be ordered here."""


def flat_weights(
    goals: Sequence[str], *, count: int, seed: int, at_least: Sequence[tuple[str, str]] = ()
) -> Floats:
    """Draw weights evenly from all that are not negative and add up to 1 (flat Dirichlet).

    Exponential variates over their sum (Devroye 1986, unverified). Under an order the largest
    weight goes to the first goal of an order drawn evenly from all that agree with it: these
    cut the set into parts of one size, so the draw stays even.

    Parameters
    ----------
    at_least
        Pairs of goals of which the first weighs no less than the second.

    Returns
    -------
    flat_weights
        ``count`` × goals.
    """
    random = np.random.default_rng(seed)
    drawn = random.exponential(size=(count, len(goals)))
    weights: Floats = drawn / drawn.sum(axis=1, keepdims=True)
    if not at_least:
        return weights
    orders = np.array(_orders(list(goals), at_least))
    chosen = orders[random.integers(len(orders), size=count)]
    ordered: Floats = np.empty_like(weights)
    np.put_along_axis(ordered, chosen, -np.sort(-weights, axis=1), axis=1)
    return ordered


def _orders(goals: list[str], at_least: Sequence[tuple[str, str]]) -> list[tuple[int, ...]]:
    """List the orders of goals, heaviest first, that agree with all pairs."""
    for name in (name for pair in at_least for name in pair):
        if name not in goals:
            raise TableError(
                f"at_least names the goal '{name}', which has no score; scored: {', '.join(goals)}"
            )
    if len(goals) > MOST_ORDERED:
        raise TableError(f"at most {MOST_ORDERED} goals can be ordered; got {len(goals)}")
    pairs = [(goals.index(heavy), goals.index(light)) for heavy, light in at_least]
    found = [
        order
        for order in permutations(range(len(goals)))
        if all(order.index(heavy) < order.index(light) for heavy, light in pairs)
    ]
    if not found:
        raise TableError("at_least goes round in a circle; leave out one of its pairs")
    return found


def crossing_points(scores: Floats) -> tuple[Floats, Floats]:
    """Cut the weights of one or two goals where scenarios change places.

    Parameters
    ----------
    scores
        Scenario × goal.

    Returns
    -------
    weights, mass
        The middle of each part, in which the order is one and the same, and the part's size.
    """
    if scores.shape[1] == 1:
        return np.ones((1, 1)), np.ones(1)
    first, second = (column[:, None] - column for column in scores.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = (second / (second - first)).ravel()
    turns = turns[(turns > 0) & (turns < 1)]
    ends = np.unique(np.concatenate([[0.0, 1.0], turns]))
    middle = (ends[1:] + ends[:-1]) / 2
    return np.stack([middle, 1 - middle], axis=1), np.diff(ends)


def win_shares(cube: Floats) -> Floats:
    """Return the exact share of flat weights with which each scenario beats each other.

    The share of a simplex on one side of a plane, by the recursion of Varsi (1973, unverified):
    only sums of positive terms, so it is safe where goals have equal differences. The mean is
    taken over draws.

    Parameters
    ----------
    cube
        Draw × scenario × goal.

    Returns
    -------
    win_shares
        Scenario × scenario, 0 on the diagonal; ties win for neither.

    Examples
    --------
    >>> float(round(win_shares(np.array([[[0.5, -0.25, -0.25], [0, 0, 0]]]))[0, 1], 6))
    0.444444
    """
    total = np.zeros((cube.shape[1], cube.shape[1]))
    for scores in cube:
        total += half_space_share(scores[:, None, :] - scores[None, :, :])
    return total / len(cube)


def half_space_share(differences: Floats) -> Floats:
    """Return the share of flat weights whose weighted sum of ``differences`` is above 0.

    Parameters
    ----------
    differences
        The last axis is that of goals.
    """
    goals = range(differences.shape[-1])
    shares = [np.zeros(differences.shape[:-1]) for _ in goals]
    last = np.ones(differences.shape[:-1])
    for gain_at in goals:
        gain = differences[..., gain_at]
        last = np.ones_like(gain)
        for loss_at in goals:
            loss = differences[..., loss_at]
            is_loss = loss <= 0
            is_pair = is_loss & (gain > 0)
            step = np.where(is_pair, gain - loss, 1.0)
            share = (gain * last - loss * shares[loss_at]) / step
            shares[loss_at] = np.where(is_pair, share, shares[loss_at])
            last = np.where(is_loss, shares[loss_at], last)
    return last
