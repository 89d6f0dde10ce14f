"""The definitions of one agglomeration side by side: who is in by each of them, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from agglo.commuting.flows import Flows, without_places
from agglo.territory.communities import community_areas
from agglo.territory.contiguity import Bools
from agglo.territory.delineation import NO_AREA, Delineation, is_with
from agglo.territory.dominant import dominant_areas, dominators
from agglo.territory.functional_areas import functional_urban_areas
from agglo.territory.isochrone_areas import isochrone_areas
from agglo.territory.labour_markets import labour_market_areas
from agglo.territory.members import WITHOUT_BIG_CORE, answers_to, cities_of, sizes_of
from agglo.territory.rules import Centres, Rules
from agglo.territory.threshold_areas import threshold_areas

OFFICIAL = "official"
URBAN = "urban_area"
"""The degree of urbanisation: an urban cluster shared with the core; it rests on no flows."""

COMMUNITY_SEED = 1
"""The seed that `agglo delineate` takes too where none is named."""

UNITS = {"isochrone": "min", "dominant": "share"}
MEMBERSHIP_COLUMNS = (
    "definition", "zone_id", "is_in", "area_id", "decided_by", "value", "threshold", "margin",
    "unit", "status",
)  # fmt: skip


def delineations(
    flows: Flows,
    minutes: pd.DataFrame,
    *,
    centres: Centres,
    rules: Rules,
    minutes_status: str = "modelled",
) -> dict[str, Delineation]:
    """Draw the agglomeration by every definition that flows and times allow.

    Parameters
    ----------
    minutes
        From every zone inside (rows) to every zone, by car.

    Returns
    -------
    delineations
        By name: ``fua``, ``threshold``, ``lma``, ``dominant``, ``communities`` and
        ``communities_without_big_core`` where there is one, ``isochrone_60`` and so on.
    """
    own = dict.fromkeys(centres.cores, centres.core)
    found = {
        "fua": functional_urban_areas(
            flows,
            cities_of(centres),
            commuting_share=rules.commuting_share,
            merge_share=rules.commuting_share,
        ),
        "threshold": threshold_areas(
            flows, pd.Series(own, dtype=object), threshold_share=rules.exchange_share
        ),
        "lma": labour_market_areas(
            flows,
            min_size_count=rules.min_size_count,
            min_self_containment_share=rules.min_self_containment_share,
            target_size_count=rules.target_size_count,
            target_self_containment_share=rules.target_self_containment_share,
        ),
        "dominant": dominant_areas(flows, size_count=sizes_of(centres, flows)),
        "communities": community_areas(flows, resolution=rules.resolution, seed=COMMUNITY_SEED),
    }
    if centres.big_core:
        found[WITHOUT_BIG_CORE] = community_areas(
            without_places(flows, [centres.big_core]),
            resolution=rules.resolution,
            seed=COMMUNITY_SEED,
        )
    for limit in rules.within_min:
        found[f"isochrone_{limit:g}"] = isochrone_areas(
            minutes.loc[flows.inside], cores=own, within_min=limit, status=minutes_status
        )
    return found


def memberships(
    found: Mapping[str, Delineation], flows: Flows, *, centres: Centres
) -> pd.DataFrame:
    """Say of every zone and definition whether it is in the agglomeration of the core, and why.

    By dominant flows a zone is in if the core is on its way up: it answers to the core, or to a
    zone that does, even where the core itself answers to a larger one.

    Returns
    -------
    memberships
        One row per definition and zone, with the columns ``MEMBERSHIP_COLUMNS``. ``margin`` is
        about this agglomeration: negative for a zone that another area holds. By functional
        urban areas such a zone has the share to the core as ``value`` and the share to the rival
        as ``threshold`` ('share_to_rival').
    """
    core = int(flows.places.get_indexer(pd.Index([centres.core]))[0])
    pieces = []
    for name, one in found.items():
        rows = one.areas.reset_index()
        is_in = is_with(one, centres.core).to_numpy()
        if one.method == "dominant":
            above = dominators(flows, size_count=sizes_of(centres, flows))
            is_in = answers_to(above, core)[~flows.is_outside]
        elsewhere = ~is_in & (rows["area_id"] != NO_AREA).to_numpy()
        if one.method == "fua":
            rows = _against_rivals(rows, flows, centres, elsewhere)
        # what holds a zone in another area keeps it out of this one
        rows["margin"] = rows["margin"].where(~elsewhere, -rows["margin"].abs())
        unit = UNITS.get(one.method, "share")
        pieces.append(rows.assign(definition=name, is_in=is_in, unit=unit, status=one.status))
    return pd.concat(pieces, ignore_index=True)[list(MEMBERSHIP_COLUMNS)]


def _against_rivals(
    rows: pd.DataFrame, flows: Flows, centres: Centres, elsewhere: Bools
) -> pd.DataFrame:
    """Of zones in a rival's area, hold the share to the core against the share to the rival."""
    inside = ~flows.is_outside
    to_core = flows.counts[inside][:, flows.places.isin(centres.cores)].sum(axis=1)
    residents = flows.residents_count[inside]
    share = np.divide(to_core, residents, out=np.zeros(len(residents)), where=residents > 0)
    threshold = rows["value"].where(elsewhere, rows["threshold"])
    value = rows["value"].where(~elsewhere, share)
    margin = rows["margin"].where(~elsewhere, value - threshold)
    decided_by = rows["decided_by"].where(~elsewhere, "share_to_rival")
    return rows.assign(value=value, threshold=threshold, margin=margin, decided_by=decided_by)


def official_rows(zones: pd.Index, members: Collection[str], *, status: str) -> pd.DataFrame:
    """List the official composition in the same columns; no number decided it."""
    return pd.DataFrame(
        {
            "definition": OFFICIAL,
            "zone_id": zones,
            "is_in": zones.isin(set(members)),
            "area_id": "",
            "decided_by": OFFICIAL,
            "value": np.nan,
            "threshold": np.nan,
            "margin": np.nan,
            "unit": "",
            "status": status,
        }
    )
