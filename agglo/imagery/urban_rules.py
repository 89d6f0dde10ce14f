"""The thresholds of the degree of urbanisation: what clusters, and how centres are smoothed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agglo.errors import SettingsError

TOUCHES = ("rook", "queen")
"""Cells cluster across sides only, or across corners too."""

SMOOTHINGS = ("majority", "five_of_eight", "none")
"""How the edges of centres are smoothed: R2023A, R2022A, not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRule:
    """Which cells are dense enough, which of them hang together, and how many people suffice."""

    density_per_km2: float
    """Least people per km² of land of a cell."""

    built_share: float | None = None
    """Or the least built-up share of its land, 0–1; ``None`` where built-up does not count."""

    least_count: float
    """Least people of a cluster."""

    touches: str
    """One of ``TOUCHES``."""

    def __post_init__(self) -> None:
        """Refuse an unknown way of touching."""
        if self.touches not in TOUCHES:
            raise SettingsError(f"touches must be one of {', '.join(TOUCHES)}; got {self.touches}")


def _centre(**changes: float) -> ClusterRule:
    usual = {"density_per_km2": 1500.0, "built_share": 0.2, "least_count": 50_000.0}
    return ClusterRule(touches="rook", **{**usual, **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanRules:
    """The degree of urbanisation of cells as the GHSL Data Package 2023 (R2023A) has it.

    The numbers are those of Dijkstra, Poelman and Veneri 2019 and of the Eurostat manual.
    """

    centre: ClusterRule = field(default_factory=_centre)
    cluster: ClusterRule = field(
        default_factory=lambda: ClusterRule(
            density_per_km2=300.0, least_count=5_000.0, touches="queen"
        )
    )
    dense: ClusterRule = field(default_factory=lambda: _centre(least_count=5_000.0))
    semi_dense: ClusterRule = field(
        default_factory=lambda: ClusterRule(
            density_per_km2=900.0, least_count=2_500.0, touches="rook"
        )
    )
    rural_cluster: ClusterRule = field(
        default_factory=lambda: ClusterRule(
            density_per_km2=300.0, least_count=500.0, touches="queen"
        )
    )
    low_density_per_km2: float = 50.0
    smoothing: str = SMOOTHINGS[0]
    """One of ``SMOOTHINGS``."""

    gap_km2: float = 15.0
    """Holes of a centre smaller than it are filled; 0 fills none."""

    buffer_count: int = 2
    """Cells around centres and dense clusters that a semi-dense cluster keeps clear of."""

    water_land_share: float = 0.5
    """A cell with less land is water, if nobody lives and nothing is built there."""

    def __post_init__(self) -> None:
        """Refuse an unknown way of smoothing."""
        if self.smoothing not in SMOOTHINGS:
            raise SettingsError(
                f"smoothing must be one of {', '.join(SMOOTHINGS)}; got '{self.smoothing}'"
            )


VERSIONS = ("R2023A", "R2022A")
"""Releases of the GHSL data package whose rules are known; the first is the usual one."""


def urban_rules(version: str = VERSIONS[0], *, has_built: bool = True) -> UrbanRules:
    """Give the rules of a release.

    R2022A asks for half of the land to be built up instead of a fifth, and smooths with five of
    eight neighbours (GHSL Data Package 2022, footnote 25; 2023, footnotes 29 and 30).

    Parameters
    ----------
    has_built
        Whether built-up cells without people count as dense.

    Raises
    ------
    SettingsError
        If the release is not known.

    Examples
    --------
    >>> urban_rules("R2022A").centre.built_share
    0.5
    """
    if version not in VERSIONS:
        raise SettingsError(f"unknown version '{version}'; known: {', '.join(VERSIONS)}")
    rules = UrbanRules()
    share = rules.centre.built_share
    if version == "R2022A":
        rules, share = replace(rules, smoothing="five_of_eight"), 0.5
    own = share if has_built else None
    return replace(
        rules,
        centre=replace(rules.centre, built_share=own),
        dense=replace(rules.dense, built_share=own),
    )
