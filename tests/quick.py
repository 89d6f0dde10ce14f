"""Runs with few draws, for tests that do not ask how sure the numbers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

import agglo.uncertain_runs
from agglo.draws import Variant, drawn_variants
from agglo.parameters import Assumption

NUMBERS = (-1, 0, 1)


def few_runs(patch: pytest.MonkeyPatch) -> None:
    """Leave out the ends of the assumptions, and all draws but two."""

    def drawn(
        assumptions: Mapping[str, Assumption], *, seed: int, numbers: Sequence[int]
    ) -> list[Variant]:
        del numbers
        return drawn_variants(assumptions, seed=seed, numbers=NUMBERS)

    patch.setattr(agglo.uncertain_runs, "assumption_ends", lambda _: [])
    patch.setattr(agglo.uncertain_runs, "drawn_variants", drawn)
