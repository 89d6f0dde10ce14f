"""How often runs are drawn, and from which seed."""

from __future__ import annotations

from dataclasses import dataclass

from agglo.errors import SettingsError

MOST_DRAWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """Settings of the intervals that a run states."""

    draws_count: int = 64
    """Runs with all assumptions drawn at once, the same in baseline and scenarios."""

    seed: int = 1
    weights_count: int = 50_000
    """Weightings of the goals over which scenarios are ranked."""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        for name, least in (("draws_count", 0), ("seed", 0), ("weights_count", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or value != int(value) or not least <= value:
                raise SettingsError(f"{name} must be a whole number from {least} up; got {value}")
        if self.draws_count > MOST_DRAWS:
            raise SettingsError(
                f"draws_count is {self.draws_count}; a run draws at most {MOST_DRAWS}, "
                "`agglo sweep` draws more and can be continued"
            )
