"""Dated claims about an agglomeration, tested again on the figures at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from agglo.commuting.flows import Flows
from agglo.errors import TableError
from agglo.territory.claim_kinds import KINDS, Claim, Evidence, Finding, UntestableError

HOLDS, FAILS, UNTESTED = "holds", "does_not_hold", "cannot_be_tested"
SEPARATOR = ";"
CLAIM_COLUMNS = (
    "claim_id", "statement_id", "test", "places", "others", "year_from", "year_to", "measure",
    "low", "high", "wanted",
)  # fmt: skip
RESULT_COLUMNS = (
    "claim_id", "statement_id", "test", "verdict", "figure", "low", "high", "wanted", "year_from",
    "year_to", "source", "status", "contrary", "reason", "note",
)  # fmt: skip
SIZE_COLUMNS = ["place_id", "year", "population_count", "source", "status"]


def claim_verdicts(
    claims: pd.DataFrame,
    sizes: pd.DataFrame,
    *,
    flows: Flows | None = None,
    flows_year: int | None = None,
    flows_source: str = "",
) -> pd.DataFrame:
    """Test what was claimed about an agglomeration against figures, claim by claim.

    A claim is data: who said what, the kind of test (see ``claim_kinds.KINDS``) and its
    arguments. Without years it is tested on the newest figures that all its places have, so that
    it is tested again whenever figures are added.

    Parameters
    ----------
    claims
        ``claim_id``, ``test`` and ``places`` (ids, ';' between them); where the test takes them
        ``others`` (ids: the rest, the exceptions, the larger core), ``year_from``, ``year_to``,
        ``measure``, ``low``, ``high``, ``wanted``. Other columns, such as the wording and its
        source, are not read.
    sizes
        ``place_id``, ``year``, ``population_count``, ``source``, ``status``; see ``dated_sizes``.
    flows
        Who works where; without them claims about work cannot be tested.
    flows_year, flows_source
        Of when the flows are and where they come from.

    Returns
    -------
    claim_verdicts
        Index ``claim_id`` in the order of ``claims``: ``statement_id``, ``test``, ``verdict``
        ('holds', 'does_not_hold', 'cannot_be_tested'), ``figure`` (what was compared; of a
        claim of growth the smallest growth of a place said to grow), ``low``, ``high``,
        ``wanted``, ``year_from``, ``year_to``, ``source`` and ``status`` of the figures,
        ``contrary`` (the places that speak against it, ';' between them), ``reason`` why it
        cannot be tested (a key), and ``note`` (ids and numbers).

    Raises
    ------
    TableError
        If a claim is malformed: an unknown test, no places, an argument that is missing or
        unknown, or one that stands twice; or if a figure stands twice.
    """
    evidence = Evidence(
        sizes=_by_place(sizes), flows=flows, flows_year=flows_year, flows_source=flows_source
    )
    columns = {name: claims[name].tolist() for name in CLAIM_COLUMNS if name in claims}
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    _refuse_twice([(record.get("claim_id"),) for record in records], "claim")
    rows = [_tested(record, evidence) for record in records]
    found = dict(zip(RESULT_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    index = pd.Index(found.pop("claim_id", ()), dtype=object, name="claim_id")
    names = RESULT_COLUMNS[1:]
    return pd.DataFrame({name: _column(name, found.get(name, ())) for name in names}, index=index)


def dated_sizes(
    population: pd.DataFrame,
    zones: pd.DataFrame,
    *,
    zones_year: int,
    zones_source: str,
    zones_status: str = "observed",
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Join the population of municipalities and of zones into one table of dated figures.

    Parameters
    ----------
    population
        ``municipality_id``, ``year``, ``population_count``, ``source``, ``status``.
    zones
        Index zone id, ``population_count``: one year of towns and villages.
    earlier
        More years of zones: ``zone_id``, ``year``, ``population_count``, ``source``, ``status``.

    Returns
    -------
    dated_sizes
        ``place_id``, ``year``, ``population_count``, ``source``, ``status``.
    """
    names = {"municipality_id": "place_id", "zone_id": "place_id"}
    own = pd.DataFrame(
        {
            "place_id": zones.index.astype(str),
            "year": zones_year,
            "population_count": zones["population_count"].to_numpy(dtype=float),
            "source": zones_source,
            "status": zones_status,
        }
    )
    parts = [population.rename(columns=names), own]
    if earlier is not None:
        parts.append(earlier.rename(columns=names))
    return pd.concat([part[SIZE_COLUMNS] for part in parts if len(part)], ignore_index=True)


def _tested(record: Mapping[Any, Any], evidence: Evidence) -> tuple[object, ...]:
    claim = _claim(record)
    try:
        finding = KINDS[claim.test].function(claim, evidence)
        verdict, reason = (HOLDS if finding.holds else FAILS), ""
    except UntestableError as obstacle:
        finding = Finding(figure=np.nan, holds=False, note=obstacle.note)
        verdict, reason = UNTESTED, obstacle.reason
    return (
        claim.claim_id, _text(record, "statement_id"), claim.test, verdict, finding.figure,
        claim.low, claim.high, claim.wanted, finding.year_from, finding.year_to, finding.source,
        finding.status, SEPARATOR.join(finding.contrary), reason, finding.note,
    )  # fmt: skip


def _claim(record: Mapping[Any, Any]) -> Claim:
    claim = Claim(
        claim_id=_text(record, "claim_id"),
        test=_text(record, "test"),
        places=_ids(record, "places"),
        others=_ids(record, "others"),
        year_from=_year(record, "year_from"),
        year_to=_year(record, "year_to"),
        measure=_text(record, "measure"),
        low=_number(record, "low"),
        high=_number(record, "high"),
        wanted=_text(record, "wanted"),
    )
    if claim.test not in KINDS:
        raise TableError(
            f"claim '{claim.claim_id}': unknown test '{claim.test}'; known: {', '.join(KINDS)}"
        )
    faults = list(_faults(claim))
    if faults:
        raise TableError(f"claim '{claim.claim_id}' ({claim.test}): {'; '.join(faults)}")
    return claim


def _faults(claim: Claim) -> Iterator[str]:
    kind = KINDS[claim.test]
    lacking = [name for name in ("places", *kind.needs) if not getattr(claim, name)]
    if kind.has_limits and np.isnan(claim.low) and np.isnan(claim.high):
        lacking.append("low or high")
    if lacking:
        yield f"needs {', '.join(lacking)}"
    if claim.low > claim.high:
        yield f"low is {claim.low:g} but high is {claim.high:g}"
    both = sorted(set(claim.places) & set(claim.others))
    if both:
        yield f"'{both[0]}' stands in places and in others; keep one"
    for name, known in kind.one_of.items():
        if getattr(claim, name) not in known:
            yield f"{name} must be one of {', '.join(known)}; got '{getattr(claim, name)}'"


def _by_place(sizes: pd.DataFrame) -> dict[str, dict[int, tuple[float, str, str]]]:
    """Figures by place and year: persons, source, status; those that are missing left out."""
    columns = [sizes[name].tolist() for name in SIZE_COLUMNS]
    found: dict[str, dict[int, tuple[float, str, str]]] = {}
    _refuse_twice(list(zip(*columns[:2], strict=True)), "figure")
    for place, year, count, source, status in zip(*columns, strict=True):
        if not np.isnan(count):
            found.setdefault(str(place), {})[int(year)] = (float(count), str(source), str(status))
    return found


def _refuse_twice(keys: list[tuple[Any, ...]], what: str) -> None:
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        shown = ", ".join(map(str, twice[0]))
        raise TableError(f"the {what} {shown} stands more than once; keep one of each")


def _column(name: str, values: Sequence[Any]) -> Any:
    if name in ("year_from", "year_to"):
        return pd.array(list(values), dtype="Int64")
    is_number = name in ("figure", "low", "high")
    return np.array(list(values), dtype=float if is_number else object)


def _text(record: Mapping[Any, Any], name: str) -> str:
    value = record.get(name)
    return "" if value is None or pd.isna(value) else str(value).strip()


def _ids(record: Mapping[Any, Any], name: str) -> tuple[str, ...]:
    parts = (part.strip() for part in _text(record, name).split(SEPARATOR))
    return tuple(dict.fromkeys(part for part in parts if part))


def _number(record: Mapping[Any, Any], name: str) -> float:
    text = _text(record, name)
    try:
        return float(text) if text else float("nan")
    except ValueError as wrong:
        raise TableError(
            f"claim '{_text(record, 'claim_id')}': {name} must be a number; got '{text}'"
        ) from wrong


def _year(record: Mapping[Any, Any], name: str) -> int | None:
    value = _number(record, name)
    return None if np.isnan(value) else int(value)
