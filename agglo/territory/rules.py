"""What the definitions of an agglomeration are told: thresholds, the core and its rivals."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from agglo.errors import TableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The thresholds of the definitions; every one is a convention, and each has its source."""

    commuting_share: float = 0.15
    """Functional urban area: Dijkstra, Poelman, Veneri 2019."""

    exchange_share: float = 0.25
    """Of residents who work in the core, or of jobs held from there: OMB 2010 (unverified)."""

    within_min: tuple[float, ...] = (60.0, 90.0)
    """Isochrones of the core: Russian practice, 90 minutes (Antonov, Makhrova 2019)."""

    min_size_count: float = 3_500.0
    """Labour market area, employed residents: Coombes, Bond 2008."""

    target_size_count: float = 25_000.0
    min_self_containment_share: float = 0.667
    target_self_containment_share: float = 0.75
    resolution: float = 1.0
    """Of the communities."""

    def __post_init__(self) -> None:
        """Refuse thresholds that no rule can have."""
        if not self.within_min or any(not 0 < limit < np.inf for limit in self.within_min):
            raise TableError(f"within_min must list minutes above 0; got {self.within_min}")
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "within_min":
                continue
            most = 1.0 if item.name.endswith("_share") else np.inf
            if not 0 < value <= most or value == np.inf:
                wanted = "above 0, at most 1" if most == 1 else "above 0"
                raise TableError(f"{item.name} must be {wanted}; got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Centres:
    """Around what the agglomeration is drawn, and what competes with it."""

    core: str
    """The zone of the core with most jobs."""

    cores: tuple[str, ...]
    """All zones of the core municipality."""

    rivals: tuple[str, ...] = ()
    """Places outside that draw commuters."""

    big_core: str = ""
    """The rival that draws most; communities are also found without it. '' if there is none."""
