"""The kinds of test that a claim about an agglomeration can be put to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from agglo.commuting.flows import Flows
from agglo.tables import weakest_status
from agglo.territory.development import READINGS, coefficient, development_class
from agglo.territory.order import VERDICTS, order_within
from agglo.territory.polycentricity import MEASURES

Sizes = Mapping[str, Mapping[int, tuple[float, str, str]]]
"""By place and year: persons, source, status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is claimed, as the arguments of its test; '' and ``nan`` where there is none."""

    claim_id: str
    test: str
    places: tuple[str, ...]
    others: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    measure: str = ""
    low: float = np.nan
    high: float = np.nan
    wanted: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """All places that the claim speaks of."""
        return (*self.places, *self.others)

    def allows(self, figure: float) -> bool:
        """Tell whether a figure lies within the limits, which themselves are within."""
        return not (figure < self.low or figure > self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What claims are tested on."""

    sizes: Sizes
    flows: Flows | None
    flows_year: int | None
    flows_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a test found."""

    figure: float
    holds: bool
    year_from: int | None = None
    year_to: int | None = None
    source: str = ""
    status: str = ""
    contrary: tuple[str, ...] = ()
    """Places that speak against the claim."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of test: its function and the arguments that it cannot do without."""

    function: Callable[[Claim, Evidence], Finding]
    needs: tuple[str, ...] = ()
    has_limits: bool = False
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class UntestableError(LookupError):
    """What a claim speaks of is not among the evidence."""

    def __init__(self, reason: str, note: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.note = note


def growth_except(claim: Claim, evidence: Evidence) -> Finding:
    """Every one of ``places`` has grown between two years, and none of ``others`` has."""
    years = _years(claim, evidence.sizes, count=2)
    before, after = (_people(claim, evidence.sizes, year) for year in years)
    empty = [place for place, people in before.items() if not people > 0]
    if empty:
        raise UntestableError("nobody", empty[0])
    growth = {place: after[place] / people - 1 for place, people in before.items()}
    contrary = [place for place in claim.places if not after[place] > before[place]]
    contrary += [place for place in claim.others if after[place] > before[place]]
    least = min(growth[place] for place in claim.places)
    return replace(
        _sized(claim, evidence, years, least),
        holds=not contrary,
        contrary=tuple(contrary),
        note="; ".join(f"{place} {share:+.2%}" for place, share in growth.items()),
    )


def core_rest_ratio_between(claim: Claim, evidence: Evidence) -> Finding:
    """``places`` together have between ``low`` and ``high`` times the people of ``others``."""
    years, people = _newest(claim, evidence.sizes)
    rest = sum(people[place] for place in claim.others)
    if not rest > 0:
        raise UntestableError("nobody", ", ".join(claim.others))
    return _sized(claim, evidence, years, sum(people[one] for one in claim.places) / rest)


def share_between(claim: Claim, evidence: Evidence) -> Finding:
    """``places`` have a share between ``low`` and ``high`` of their people and ``others``'."""
    years, people = _newest(claim, evidence.sizes)
    part = sum(people[one] for one in claim.places)
    return _sized(claim, evidence, years, part / sum(people.values()))


def population_between(claim: Claim, evidence: Evidence) -> Finding:
    """``places`` together have between ``low`` and ``high`` people; equal where both are one."""
    years, people = _newest(claim, evidence.sizes)
    return _sized(claim, evidence, years, sum(people.values()))


def centre_measure_between(claim: Claim, evidence: Evidence) -> Finding:
    """A measure of how people are shared among ``places`` lies between ``low`` and ``high``."""
    years, people = _newest(claim, evidence.sizes)
    sizes = pd.Series(people, dtype=float)
    figure = MEASURES[claim.measure](sizes) if len(sizes) > 1 else np.nan
    if np.isnan(figure):
        raise UntestableError("not_defined", claim.measure)
    return _sized(claim, evidence, years, figure)


def development_between(claim: Claim, evidence: Evidence) -> Finding:
    """The development coefficient of the cities ``places`` (``others``: settlements of urban type).

    The core is the largest city; ``measure`` is the reading, see ``development.READINGS``.
    """
    years, people = _newest(claim, evidence.sizes)
    core = max(claim.places, key=lambda one: people[one])
    cities = [one for one in claim.places if READINGS[claim.measure] or one != core]
    total = sum(people.values())
    figure = coefficient(
        total,
        city_count=len(cities),
        city_share=sum(people[one] for one in cities) / total,
        urban_settlement_count=len(claim.others),
        urban_settlement_share=sum(people[one] for one in claim.others) / total,
    )
    return replace(_sized(claim, evidence, years, figure), note=development_class(figure))


def work_share_between(claim: Claim, evidence: Evidence) -> Finding:
    """Of the employed residents of ``places``, a share between limits works in ``others``."""
    flows = _flows(claim, evidence)
    homes, works = (flows.places.isin(ids) for ids in (claim.places, claim.others))
    residents = float(flows.residents_count[homes].sum())
    if not residents > 0:
        raise UntestableError("nobody", ", ".join(claim.places))
    working = float((flows.counts @ works.astype(float))[homes].sum())
    return _worked(evidence, flows, working / residents, claim.allows(working / residents))


def order_is(claim: Claim, evidence: Evidence) -> Finding:
    """The agglomeration of the core ``places`` is of the order ``wanted`` to that of ``others``."""
    flows = _flows(claim, evidence)
    order = order_within(flows, core=claim.places, outside_core=claim.others)
    verdict, share = order["verdict"].iloc[-1], float(order["outside_core_share"].iloc[-1])
    finding = _worked(evidence, flows, share, verdict == claim.wanted)
    return replace(finding, note=f"{verdict}; {order['chain'].iloc[-1]}")


KINDS: Mapping[str, Kind] = {
    "growth_except": Kind(function=growth_except),
    "core_rest_ratio_between": Kind(
        function=core_rest_ratio_between, needs=("others",), has_limits=True
    ),
    "share_between": Kind(function=share_between, needs=("others",), has_limits=True),
    "population_between": Kind(function=population_between, has_limits=True),
    "centre_measure_between": Kind(
        function=centre_measure_between, has_limits=True, one_of={"measure": tuple(MEASURES)}
    ),
    "development_between": Kind(
        function=development_between, has_limits=True, one_of={"measure": tuple(READINGS)}
    ),
    "work_share_between": Kind(function=work_share_between, needs=("others",), has_limits=True),
    "order_is": Kind(function=order_is, needs=("others",), one_of={"wanted": VERDICTS}),
}
"""Every kind of test by name."""


def _newest(claim: Claim, sizes: Sizes) -> tuple[tuple[int, ...], dict[str, float]]:
    """Return the year to test and the people of all places in it, who are at least one."""
    years = _years(claim, sizes, count=1)
    people = _people(claim, sizes, years[0])
    if not sum(people.values()) > 0:
        raise UntestableError("nobody", ", ".join(people))
    return years, people


def _years(claim: Claim, sizes: Sizes, *, count: int) -> tuple[int, ...]:
    """Return the year(s) asked for, or the newest that all places have, oldest first."""
    unknown = [place for place in claim.named if place not in sizes]
    if unknown:
        raise UntestableError("unknown_place", unknown[0])
    common = set.intersection(*(set(sizes[place]) for place in claim.named))
    last = claim.year_to if claim.year_to is not None else max(common, default=None)
    earlier = [year for year in common if last is not None and year < last]
    first = claim.year_from if claim.year_from is not None else max(earlier, default=None)
    years = tuple(year for year in (first, last)[-count:] if year is not None)
    for place in claim.named:
        for year in sorted(set(years) - set(sizes[place])):
            raise UntestableError("no_figure", f"{place} {year}")
    if len(years) < count or list(years) != sorted(set(years)):
        raise UntestableError("no_common_year", ", ".join(claim.named))
    return years


def _people(claim: Claim, sizes: Sizes, year: int) -> dict[str, float]:
    return {place: sizes[place][year][0] for place in claim.named}


def _sized(claim: Claim, evidence: Evidence, years: tuple[int, ...], figure: float) -> Finding:
    """Hold a figure made of people against the limits, with what it was made of."""
    used = [evidence.sizes[place][year] for place in claim.named for year in years]
    return Finding(
        figure=figure,
        holds=claim.allows(figure),
        year_from=years[0] if len(years) > 1 else None,
        year_to=years[-1],
        source="; ".join(dict.fromkeys(source for _, source, _ in used)),
        status=weakest_status(*(status for _, _, status in used)),
    )


def _flows(claim: Claim, evidence: Evidence) -> Flows:
    if evidence.flows is None:
        raise UntestableError("no_flows")
    unknown = sorted(set(claim.named) - set(evidence.flows.places))
    if unknown:
        raise UntestableError("unknown_place", unknown[0])
    return evidence.flows


def _worked(evidence: Evidence, flows: Flows, figure: float, holds: bool) -> Finding:
    return Finding(
        figure=figure,
        holds=holds,
        year_to=evidence.flows_year,
        source=evidence.flows_source,
        status=flows.status,
    )
