"""The order of an agglomeration within a larger one: whom its zones answer to."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks
from agglo.errors import FlowError
from agglo.territory.core_shares import check_threshold, reaches
from agglo.territory.dominant import dominant_flows, links_up
from agglo.transport.topology import Floats

Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.object_]

WHOLE = "all"
"""Index of the row that stands for the agglomeration as one."""

LINE_SHARE = 0.15
"""From which share of employed residents on a zone belongs to a core (EU-OECD, Dijkstra 2019)."""

VERDICTS = ("first_order", "second_order", "independent", "unknown")
ARROW = " → "


def order_within(
    flows: Flows,
    *,
    core: Collection[str],
    outside_core: Collection[str],
    members: Collection[str] | None = None,
    line_share: float = LINE_SHARE,
) -> pd.DataFrame:
    """Tell whether zones answer to their own core, to a larger one through it, or to neither.

    The rule, ours from two published ones (no rule for orders is published):

    - ``first_order``: at least ``line_share`` of the employed residents work in the larger core,
      and more than in the own core: a commuting zone of the larger core itself;
    - ``second_order``: not so, but either the share still reaches the line, or the chain of
      dominant flows leads to the larger core: a zone that the larger core governs at one remove;
    - ``independent``: neither;
    - ``unknown``: nobody is employed, so nothing can be said.

    The chain follows Nystuen and Dacey (1961): a place answers to that other place where most
    of its commuters work, if more commuters come into that place than into itself. A place
    beyond the region counts as larger than any zone, because the flows hold only what reaches
    it from here; a chain ends there. Each core is one place in it, by the name of its lowest id.
    The agglomeration as one takes the chain of its core.

    Parameters
    ----------
    core
        Ids of the zones of the own core, inside the region.
    outside_core
        Ids of the places of the larger core, inside or outside.
    members
        Ids of the zones that make up the agglomeration as one; without them every zone inside
        that is not of the larger core.
    line_share
        Share of employed residents that makes a commuting zone.

    Returns
    -------
    order_within
        Index ``zone_id``: every zone inside, then 'all', the agglomeration as one. Columns
        ``outside_core_share`` and ``core_share`` (of employed residents who work there),
        ``line_share``, ``margin`` (share in the larger core less the line), ``larger`` ('core',
        'outside_core', 'equal', '' where nobody is employed), ``answers_to`` ('' for a place
        that answers to none), ``chain`` and ``verdict``.

    Raises
    ------
    FlowError
        If a core or the members are empty or unknown, the two cores share a place, the own core
        lies outside, or the line is negative.
    """
    check_threshold(line_share, "line_share")
    is_core = _marked(flows, core, "core")
    is_outer = _marked(flows, outside_core, "outside_core")
    if (is_core & is_outer).any() or (is_core & flows.is_outside).any():
        raise FlowError(
            f"core zone '{flows.places[is_core & (is_outer | flows.is_outside)][0]}' lies beyond "
            "the region or in the outside core too; the two cores must be apart"
        )
    is_own = ~is_outer if members is None else _marked(flows, members, "members")
    to_outer, to_core = (_shares(flows, one, is_own) for one in (is_outer, is_core))
    joined, names = _joined(flows, is_core, is_outer)
    above = _answers(joined)
    chains = [links_up(above, one) for one in [*names[~flows.is_outside], names[is_core][0]]]
    leads = np.array([names[is_outer][0] in chain for chain in chains])
    return pd.DataFrame(
        {
            "outside_core_share": to_outer,
            "core_share": to_core,
            "line_share": line_share,
            "margin": to_outer - line_share,
            "larger": _larger(to_core, to_outer),
            "answers_to": [above[chain[0]] for chain in chains],
            "chain": [ARROW.join(chain) for chain in chains],
            "verdict": _verdicts(to_core, to_outer, leads, line_share),
        },
        index=pd.Index([*flows.inside, WHOLE], dtype=object, name="zone_id"),
    )


def _marked(flows: Flows, ids: Collection[str], what: str) -> Bools:
    names = {ids} if isinstance(ids, str) else {str(one) for one in ids}
    unknown = sorted(names - set(flows.places))
    if unknown or not names:
        got = f"'{unknown[0]}' is no place of the flows" if unknown else "it names none"
        raise FlowError(f"{what}: {got}; name one or more of its {len(flows.places)} places")
    return np.asarray(flows.places.isin(names))


def _shares(flows: Flows, targets: Bools, is_own: Bools) -> Floats:
    """Share of employed residents who work in the targets, by zone inside, then of the whole."""
    working = flows.counts @ targets.astype(float)
    inside = ~flows.is_outside
    own = inside & is_own
    people = np.append(flows.residents_count[inside], flows.residents_count[own].sum())
    there = np.append(working[inside], working[own].sum())
    shares = np.full(len(people), np.nan)
    np.divide(there, people, out=shares, where=people > 0)
    return np.round(shares, 12)


def _joined(flows: Flows, is_core: Bools, is_outer: Bools) -> tuple[Flows, Names]:
    """Make each core one place, by the name of its lowest id; also the name of every place."""
    names = flows.places.to_numpy(dtype=object).copy()
    if is_core.sum() == 1 and is_outer.sum() == 1:
        return flows, names
    ranks = id_ranks(flows.places)
    for is_one in (is_core, is_outer):
        names[is_one] = names[is_one][ranks[is_one].argmin()]
    places = pd.Index(dict.fromkeys(names), dtype=object)
    code = places.get_indexer(pd.Index(names))
    size = (len(places), len(code))
    join = sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))), shape=size)
    joined = Flows(
        places=places,
        counts=(join @ flows.counts @ join.T).tocsr(),
        is_outside=(join @ flows.is_outside.astype(float)) > 0,
        residents_count=join @ flows.residents_count,
        status=flows.status,
    )
    return joined, names


def _answers(flows: Flows) -> dict[str, str]:
    """Tell whom each place answers to, '' for nobody; places outside are larger than any zone."""
    beyond = flows.places[flows.is_outside]
    above_all = pd.Series(float(flows.counts.sum()) + 1, index=beyond)
    table = dominant_flows(flows, size_count=above_all)
    return dict(zip(flows.places, table["dominated_by"], strict=True))


def _larger(to_core: Floats, to_outer: Floats) -> list[str]:
    ordered = np.select(
        [np.isnan(to_core), to_core > to_outer, to_core < to_outer],
        ["", "core", "outside_core"],
        "equal",
    )
    return [str(one) for one in ordered]


def _verdicts(to_core: Floats, to_outer: Floats, leads: Bools, line_share: float) -> list[str]:
    above = reaches(to_outer, line_share)
    verdicts = np.select(
        [np.isnan(to_outer), above & (to_outer > to_core), above | leads],
        ["unknown", "first_order", "second_order"],
        "independent",
    )
    return [str(one) for one in verdicts]
