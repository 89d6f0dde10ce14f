"""How many people a change concerns."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from agglo.region import Region
from agglo.scenarios.scenario import Step
from agglo.scenarios.selections import known_id

SAME_MIN = 1e-6
"""Minutes that differ by less are the same."""

MOVED_COUNT = 1e-6
ROUNDED = 6
"""Decimals of a person that are kept."""

MOVERS = ("population_count", "jobs_count")
"""Whose coming and going counts, the first that changes; jobs stand for those who hold them."""


def concerned_people(
    before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame], flows: pd.DataFrame
) -> float:
    """Count the commuters whose minutes by some mode differ before and after a change.

    Parameters
    ----------
    before, after
        By mode, minutes from home zone (rows) to work zone; ``inf`` where there is no way. A
        mode or a pair that one of them lacks has no way there.
    flows
        Commuters of the baseline, home zone × work zone.

    Returns
    -------
    concerned_people
        Persons, 0 where no trip changes.
    """
    differs = np.zeros(flows.shape, dtype=bool)
    for mode in sorted({*before, *after}):
        old, new = (_minutes(times.get(mode), flows) for times in (before, after))
        with np.errstate(invalid="ignore"):
            moved = ~(np.abs(new - old) <= SAME_MIN)
        differs |= moved & (new != old)
    return float(flows.to_numpy(dtype=float)[differs].sum())


def people_of_change(before: Region, after: Region, step: Step) -> float:
    """Count whom a change of people, services or land concerns.

    Returns
    -------
    people_of_change
        Residents who come or go (of a move each once), else jobs that do; workers whose share
        of telework changes; people who change to tele-visits or back; residents of the zone of
        a facility or hub, and of the municipalities of a joint service. ``nan`` for a change of
        transport, which only its networks can tell (see ``concerned_people``).
    """
    if before["zones"] is not after["zones"]:
        return _people_of_zones(before["zones"], after["zones"])
    zones = after["zones"]
    for table, found in (
        ("facilities", _facility_zones),
        ("hubs", _hub_zones),
        ("joint_services", _partner_zones),
    ):
        if before[table] is not after[table]:
            own = zones["zone_id"].isin(found(before, after, step))
            return float(zones.loc[own & (zones["kind"] != "outside"), "population_count"].sum())
    return math.nan


def _minutes(times: pd.DataFrame | None, flows: pd.DataFrame) -> np.ndarray[tuple[int, int]]:
    if times is None:
        return np.full(flows.shape, np.inf)
    aligned = times.reindex(index=flows.index, columns=flows.columns).to_numpy(dtype=float)
    return np.where(np.isnan(aligned), np.inf, aligned)


def _people_of_zones(before: pd.DataFrame, after: pd.DataFrame) -> float:
    before = before.reindex(after.index)
    for column in MOVERS:
        moved = after[column] - before[column]
        come, go = moved.clip(lower=0).sum(), -moved.clip(upper=0).sum()
        if max(come, go) > MOVED_COUNT:
            return round(float(max(come, go)), ROUNDED)
    if _differs(before, after, "telework_share").any():
        # an absent share is that of the region, which a region does not know: all are counted
        return float(after.loc[_differs(before, after, "telework_share"), "workers_count"].sum())
    if _differs(before, after, "televisit_share").any():
        share = [_column(zones, "televisit_share").fillna(0.0) for zones in (before, after)]
        visits = after["population_count"] * (share[1] - share[0]).abs()
        return round(float(visits.sum()), ROUNDED)
    return math.nan


def _column(zones: pd.DataFrame, name: str) -> pd.Series:
    return zones[name] if name in zones else pd.Series(math.nan, index=zones.index)


def _differs(before: pd.DataFrame, after: pd.DataFrame, name: str) -> pd.Series:
    old, new = _column(before, name), _column(after, name)
    return (old != new) & ~(old.isna() & new.isna())


def _facility_zones(before: Region, after: Region, step: Step) -> list[str]:
    """Name the zone that a facility is opened in, else the zones whose node it stands at."""
    zone = step.arguments.get("zone")
    if isinstance(zone, str) and zone:
        return [known_id(after["zones"], "zone_id", zone, "zone")]
    old, new = before["facilities"], after["facilities"]
    nodes = pd.concat([old[~old.index.isin(new.index)], new[~new.index.isin(old.index)]])["node_id"]
    connectors = after["connectors"]
    return list(connectors.loc[connectors["to_id"].isin(nodes), "zone_id"])


def _hub_zones(before: Region, after: Region, _: Step) -> list[str]:
    old, new = before["hubs"], after["hubs"]
    columns = [column for column in new if column not in ("hub_id", "status")]
    aligned = old.reindex(index=new.index, columns=columns)
    same = (aligned == new[columns]) | (aligned.isna() & new[columns].isna())
    return list(new.loc[~same.all(axis=1), "zone_id"])


def _partner_zones(before: Region, after: Region, _: Step) -> list[str]:
    """Name the zones of all municipalities of the services that change."""
    old, new = (
        region["joint_services"].drop(columns="status", errors="ignore")
        for region in (before, after)
    )
    both = pd.concat([old, new], ignore_index=True)
    changed = both[~both.duplicated(keep=False)]["service_id"]
    partners = both.loc[both["service_id"].isin(changed), "municipality_id"]
    zones = after["zones"]
    return list(zones.loc[zones["municipality_id"].isin(partners), "zone_id"])
