"""Commuting flows as one value: who lives where and works where, the outside kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.errors import FlowError
from agglo.layers.text_cells import listed
from agglo.tables import STATUSES
from agglo.transport.topology import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Commuters between places, those beyond the region included.

    Denominators are all employed residents: whoever works outside, abroad or at an unknown
    place counts among them, so a study area never inflates a share by where it ends.
    """

    places: pd.Index
    """Ids (text), unique; the order of rows and columns of ``counts``."""

    counts: sparse.csr_array
    """Persons, live × work, float64, without negative and without stored zero values."""

    is_outside: npt.NDArray[np.bool_]
    """Which places lie beyond the region: they are counted, and never delineated."""

    residents_count: Floats
    """All employed residents of each place, at least the sum of its row."""

    status: str
    """'observed', 'modelled' or 'assumed'."""

    @property
    def inside(self) -> pd.Index:
        """Ids of the places inside the region."""
        return self.places[~self.is_outside]

    @property
    def jobs_count(self) -> Floats:
        """Jobs of each place that the flows fill: the sums of columns, persons."""
        return np.asarray(self.counts.sum(axis=0), dtype=float).ravel()


def flows_from_table(
    table: pd.DataFrame,
    zones: pd.Index | Collection[str],
    *,
    live: str = "live",
    work: str = "work",
    count: str = "n",
    outside: Collection[str] = (),
    residents_count: pd.Series | None = None,
    status: str = "observed",
) -> Flows:
    """Make flows of a long table with one row per pair of places.

    Parameters
    ----------
    table
        One row per pair; ids are compared as text.
    zones
        Ids of the zones of the region, each once; their order becomes that of the rows.
    outside
        Ids of places beyond the region; they follow the zones, in text order.
    residents_count
        All employed residents by zone; without it, the sums of rows.

    Raises
    ------
    FlowError
        Naming every fault at once: columns, missing, infinite or negative counts, pairs that
        stand twice, ids that are neither zone nor outside, zones that stand twice, residents
        that are absent or fewer than the commuters of the row.

    Examples
    --------
    >>> table = pd.DataFrame({"live": ["a", "b"], "work": ["b", "b"], "n": [3, 4]})
    >>> flows_from_table(table, ["a", "b"]).counts.toarray().tolist()
    [[0.0, 3.0], [0.0, 4.0]]
    """
    inside = pd.Index([str(one) for one in zones], dtype=object)
    beyond = sorted({str(one) for one in outside})
    places = inside.append(pd.Index(beyond, dtype=object))
    lacking = [name for name in (live, work, count) if name not in table]
    if lacking:
        raise FlowError(
            f"the flows lack the column(s) {', '.join(lacking)}; there are "
            f"{', '.join(map(str, table.columns))}; rename them, or name yours"
        )
    homes, works = table[live].astype(str), table[work].astype(str)
    numbers = pd.to_numeric(table[count], errors="coerce").to_numpy(dtype=float)
    faults = [*_place_faults(inside, beyond), *_row_faults(homes, works, numbers, places)]
    _refuse(faults)
    rows, columns = places.get_indexer(pd.Index(homes)), places.get_indexer(pd.Index(works))
    counts = sparse.csr_array((numbers, (rows, columns)), shape=(len(places), len(places)))
    return _flows(places, counts, len(inside), residents_count, status)


def flows_from_frame(
    frame: pd.DataFrame,
    *,
    outside: Collection[str] = (),
    residents_count: pd.Series | None = None,
    status: str = "modelled",
) -> Flows:
    """Make flows of a square matrix, home zone × work zone.

    Raises
    ------
    FlowError
        If rows and columns do not name the same places, or a count is missing, infinite or
        negative.

    Examples
    --------
    >>> square = pd.DataFrame([[5.0, 1.0], [0.0, 2.0]], index=["a", "b"], columns=["a", "b"])
    >>> flows_from_frame(square).residents_count.tolist()
    [6.0, 2.0]
    """
    if frame.shape[0] != frame.shape[1]:
        raise FlowError(
            f"a matrix of flows must be square; got {frame.shape[0]} rows and "
            f"{frame.shape[1]} columns; give one row and one column to every place"
        )
    rows, columns = frame.index.astype(str), frame.columns.astype(str)
    beyond = {str(one) for one in outside}
    inside = [one for one in rows if one not in beyond]
    places = pd.Index([*inside, *sorted(beyond)], dtype=object)
    faults = [*_place_faults(pd.Index(inside, dtype=object), sorted(beyond))]
    if set(rows) != set(columns):
        odd = sorted(set(rows) ^ set(columns))
        faults.append(f"{listed(odd)} stand in rows or in columns only")
    faults += [f"outside place {listed([one])} has no row" for one in sorted(beyond - set(rows))]
    values = frame.to_numpy(dtype=float)
    faults += _count_faults(values.ravel())
    _refuse(faults)
    values = values[np.ix_(rows.get_indexer(places), columns.get_indexer(places))]
    return _flows(places, sparse.csr_array(values), len(inside), residents_count, status)


def frame_from_flows(flows: Flows) -> pd.DataFrame:
    """Return the flows as a square matrix, home × work, persons."""
    return pd.DataFrame(flows.counts.toarray(), index=flows.places, columns=flows.places)


def table_from_flows(flows: Flows) -> pd.DataFrame:
    """Return the flows as a long table ``live``, ``work``, ``n``, pairs without commuters left out.

    Rows are in the order of the places.
    """
    pairs = flows.counts.tocoo()
    order = np.lexsort((pairs.col, pairs.row))
    return pd.DataFrame(
        {
            "live": flows.places.to_numpy()[pairs.row[order]],
            "work": flows.places.to_numpy()[pairs.col[order]],
            "n": pairs.data[order],
        }
    )


def merged_flows(flows: Flows, group: pd.Series) -> Flows:
    """Join places into groups, such as zones into municipalities, and add up their flows.

    Parameters
    ----------
    group
        Group id of every place inside; places outside stay as they are.

    Returns
    -------
    merged_flows
        Groups in order of first appearance, then the places outside.
    """
    labels = pd.Series(flows.places, index=flows.places)
    inside = flows.inside
    own = group.reindex(inside)
    if own.isna().any():
        raise FlowError(f"zone {listed(list(inside[own.isna()]))} belongs to no group")
    labels[inside] = own.astype(str)
    places = pd.Index(dict.fromkeys(labels), dtype=object)
    codes = places.get_indexer(labels)
    joins = sparse.csr_array(
        (np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(places), len(codes))
    )
    is_outside = ~places.isin(set(labels[inside]))
    return Flows(
        places=places,
        counts=(joins @ flows.counts @ joins.T).tocsr(),
        is_outside=is_outside,
        residents_count=joins @ flows.residents_count,
        status=flows.status,
    )


def without_places(flows: Flows, dropped: Collection[str]) -> Flows:
    """Leave places out, and who commutes to or from them: the region without its big core.

    Whoever works in a dropped place leaves the residents too, so that the shares that remain
    speak of those who remain.

    Raises
    ------
    FlowError
        If a place is unknown, or none would remain inside.
    """
    names = {str(one) for one in dropped}
    unknown = sorted(names - set(flows.places))
    if unknown:
        raise FlowError(f"{listed(unknown)} is no place of the flows and cannot be left out")
    kept = ~flows.places.isin(names)
    if not (kept & ~flows.is_outside).any():
        raise FlowError(f"without {listed(sorted(names))} no zone would remain")
    left = np.asarray(flows.counts[:, ~kept].sum(axis=1), dtype=float).ravel()
    return Flows(
        places=flows.places[kept],
        counts=flows.counts[kept][:, kept],
        is_outside=flows.is_outside[kept],
        residents_count=(flows.residents_count - left)[kept],
        status=flows.status,
    )


def id_ranks(ids: pd.Index) -> npt.NDArray[np.int64]:
    """Rank ids for breaking ties: as numbers where all are whole numbers, else as text.

    Examples
    --------
    >>> id_ranks(pd.Index(["10", "9"])).tolist(), id_ranks(pd.Index(["10", "9a"])).tolist()
    ([1, 0], [0, 1])
    """
    texts = [str(one) for one in ids]
    are_numbers = all(text.isdecimal() for text in texts)
    order = sorted(
        range(len(texts)), key=lambda at: (int(texts[at]) if are_numbers else 0, texts[at])
    )
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[order] = np.arange(len(texts))
    return ranks


def _flows(
    places: pd.Index,
    counts: sparse.csr_array,
    inside_count: int,
    residents_count: pd.Series | None,
    status: str,
) -> Flows:
    if status not in STATUSES:
        raise FlowError(f"status must be one of {', '.join(STATUSES)}; got '{status}'")
    counts.sum_duplicates()
    counts.eliminate_zeros()
    rows = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    residents = rows
    if residents_count is not None:
        given = residents_count.set_axis(residents_count.index.astype(str)).reindex(places)
        inside = np.arange(len(places)) < inside_count
        own = given.to_numpy(dtype=float)
        _refuse(_resident_faults(places[inside], own[inside], rows[inside]))
        residents = np.where(np.isnan(own), rows, np.maximum(own, rows))
    return Flows(
        places=places,
        counts=counts,
        is_outside=np.arange(len(places)) >= inside_count,
        residents_count=residents,
        status=status,
    )


def _place_faults(inside: pd.Index, beyond: list[str]) -> Iterator[str]:
    if inside.empty:
        yield "there is no zone; wanted at least one"
    if inside.has_duplicates:
        yield f"zone {listed(list(inside[inside.duplicated()]))} stands more than once"
    both = [one for one in beyond if one in set(inside)]
    if both:
        yield f"{listed(both)} is named as a zone and as outside"


def _row_faults(
    homes: pd.Series, works: pd.Series, numbers: Floats, places: pd.Index
) -> Iterator[str]:
    known = set(places)
    for side, ids in (("live", homes), ("work", works)):
        unknown = list(dict.fromkeys(ids[~ids.isin(known)]))
        if unknown:
            yield (
                f"{listed(unknown)} ({side}) is no zone; add it to the zones, or name it as outside"
            )
    yield from _count_faults(numbers)
    twice = pd.DataFrame({"live": homes.to_numpy(), "work": works.to_numpy()})
    again = twice[twice.duplicated()]
    if len(again):
        pairs = [f"{a} → {b}" for a, b in again.drop_duplicates().to_numpy()]
        yield f"the pair {listed(pairs)} stands more than once; add its rows up first"


def _count_faults(numbers: Floats) -> Iterator[str]:
    if not np.isfinite(numbers).all():
        yield (
            f"{int((~np.isfinite(numbers)).sum())} count(s) are missing or no finite number; "
            "leave a pair without commuters out, or declare suppressed cells"
        )
    negative = numbers[np.isfinite(numbers) & (numbers < 0)]
    if len(negative):
        yield f"{len(negative)} count(s) are below 0, such as {negative[0]:g}"


def _resident_faults(zones: pd.Index, given: Floats, rows: Floats) -> Iterator[str]:
    absent = np.isnan(given)
    if absent.any():
        yield f"zone {listed(list(zones[absent]))} has no count of employed residents"
    short = given < rows * (1 - 1e-9) - 1e-6
    if short.any():
        at = int(np.flatnonzero(short)[0])
        yield (
            f"zone '{zones[at]}' has {given[at]:,.0f} employed residents but "
            f"{rows[at]:,.0f} commuters in its row ({int(short.sum())} such zone(s))"
        )


def _refuse(faults: list[str] | Iterator[str]) -> None:
    found = list(faults)
    if found:
        listed = "\n".join(f"  - {fault}" for fault in found)
        raise FlowError(f"the flows have {len(found)} fault(s):\n{listed}")
