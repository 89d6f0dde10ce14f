"""Who is in the agglomeration of a core by every definition, as arrays for running many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks, without_places
from agglo.territory.communities import community_labels
from agglo.territory.contiguity import Bools, Floats, Ints
from agglo.territory.core_shares import core_numbers
from agglo.territory.dissolution import labour_market_labels
from agglo.territory.dominant import dominators
from agglo.territory.functional_areas import functional_area_labels
from agglo.territory.rules import Centres, Rules
from agglo.territory.threshold_areas import threshold_area_labels
from agglo.territory.validity import Standard

WITHOUT_BIG_CORE = "communities_without_big_core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """Where the core and its rivals stand among the places, found once."""

    core: int
    """Row of the core."""

    cores: Bools
    """Rows of all its zones."""

    city: Ints
    """City by place, as ``functional_area_labels`` wants it; the core's are one."""

    only_core: Ints
    """0 for the zones of the core, -1 for all other places."""

    by_id: Ints
    """Rows from the lowest id to the highest: so ties are broken."""


def seats_of(flows: Flows, centres: Centres) -> Seats:
    """Find core and rivals among the places of flows."""
    places = flows.places
    cores = np.asarray(places.isin(centres.cores))
    return Seats(
        core=int(places.get_indexer(pd.Index([centres.core]))[0]),
        cores=cores,
        city=core_numbers(flows, cities_of(centres))[0],
        only_core=np.where(cores, 0, -1).astype(np.int64),
        by_id=np.argsort(id_ranks(places)),
    )


def cities_of(centres: Centres) -> pd.Series:
    """City by place: the zones of the core are one, each rival is its own."""
    own = dict.fromkeys(centres.cores, centres.core)
    return pd.Series({**own, **{one: one for one in centres.rivals}}, dtype=object)


def sizes_of(centres: Centres, flows: Flows) -> pd.Series:
    """Sizes by which dominant flows rank places: each rival is larger than every zone.

    The flows of a region hold only what reaches a place outside from here. It is taken to be as
    large as all employed residents of the region (an assumption, as in ``order_within``).
    """
    return pd.Series(float(flows.residents_count.sum()), index=pd.Index(centres.rivals))


def members(
    flows: Flows,
    car_min: Floats,
    *,
    centres: Centres,
    rules: Rules,
    seats: Seats,
    seed: int = 0,
) -> Mapping[str, Bools]:
    """Tell which zones are in by each definition; ``definitions.delineations`` says why.

    Parameters
    ----------
    car_min
        Minutes by car, places × places.
    seed
        Of the one run in which communities are found.

    Returns
    -------
    members
        By definition, booleans over the zones inside.
    """
    inside = ~flows.is_outside
    found = {
        "fua": _fua(flows, rules, seats),
        "threshold": _threshold(flows, rules, seats),
        "lma": _labour_market(flows, rules, seats)[inside],
        "dominant": answers_to(dominators(flows, size_count=sizes_of(centres, flows)), seats.core)[
            inside
        ],
        "communities": _community(flows, centres.core, rules, seed),
    }
    if centres.big_core:
        rest = without_places(flows, [centres.big_core])
        found[WITHOUT_BIG_CORE] = _community(rest, centres.core, rules, seed)
    nearest = car_min[inside][:, seats.cores].min(axis=1)
    for limit in rules.within_min:
        found[f"isochrone_{limit:g}"] = (nearest <= limit) | seats.cores[inside]
    return found


def answers_to(dominated_by: Ints, core: int) -> Bools:
    """Tell which places answer to the core, directly or through others; the core does too.

    Parameters
    ----------
    dominated_by
        Row of the place that dominates each place, -1 for none; without circles.

    Examples
    --------
    >>> answers_to(np.array([3, 0, 1, -1]), 0).tolist()
    [True, True, True, False]
    """
    found: Bools = np.arange(len(dominated_by)) == core
    for _ in range(len(dominated_by)):
        more = found | ((dominated_by >= 0) & found[dominated_by])
        if (more == found).all():
            break
        found = more
    return found


def _fua(flows: Flows, rules: Rules, seats: Seats) -> Bools:
    labels = functional_area_labels(
        flows.counts,
        flows.residents_count,
        seats.city,
        is_outside=flows.is_outside,
        commuting_share=rules.commuting_share,
        merge_share=rules.commuting_share,
    )
    own = labels.merged[seats.city[seats.core]]
    return np.asarray(labels.area == own)


def _threshold(flows: Flows, rules: Rules, seats: Seats) -> Bools:
    labels = threshold_area_labels(
        flows.counts,
        flows.residents_count,
        seats.only_core,
        is_outside=flows.is_outside,
        threshold_share=rules.exchange_share,
    )
    return np.asarray(labels.area == 0)


def _labour_market(flows: Flows, rules: Rules, seats: Seats) -> Bools:
    standard = Standard(
        min_size_count=rules.min_size_count,
        min_self_containment_share=rules.min_self_containment_share,
        target_size_count=rules.target_size_count,
        target_self_containment_share=rules.target_self_containment_share,
    )
    counts = sparse.csr_array(flows.counts.toarray()[np.ix_(seats.by_id, seats.by_id)])
    found = labour_market_labels(
        counts, standard=standard, is_outside=flows.is_outside[seats.by_id]
    )
    labels = np.empty_like(found)
    labels[seats.by_id] = found
    own: Bools = (labels == labels[seats.core]) & (labels >= 0)
    own[seats.core] = True
    return own


def _community(flows: Flows, core: str, rules: Rules, seed: int) -> Bools:
    labels = community_labels(flows, resolution=rules.resolution, seed=seed, runs=1)
    return np.asarray(labels == labels[flows.places.get_loc(core)])[~flows.is_outside]
