"""Whom each change of transport concerns: commuters whose trip takes another time after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.cases import region_sha256, zone_minutes
from agglo.prepared import CACHE, Prepared
from agglo.region import Region
from agglo.scenarios.concerned import concerned_people
from agglo.scenarios.files import BASELINE
from agglo.scenarios.receipts import changed_region
from agglo.scenarios.scenario import Scenario, scenario_sha256
from agglo.transport.network import network_from_regions


def receipts_with_commuters(prepared: Prepared, flows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Fill in whom changes of transport concern, change by change, at the speeds of the layers.

    Parameters
    ----------
    flows
        Commuters of the baseline, home zone × work zone.

    Returns
    -------
    receipts_with_commuters
        Receipts by scenario; ``people_count`` of a change of transport are the commuters of the
        baseline whose minutes by some mode differ before and after that change.
    """
    base = prepared.network.regions[BASELINE]
    stands_on = region_sha256(base, prepared.stages), flows, prepared.parameters
    return {
        one.name: _filled(prepared, one, base, flows, (*stands_on, scenario_sha256(one)))
        for one in prepared.scenarios
    }


def _filled(
    prepared: Prepared,
    scenario: Scenario,
    base: Region,
    flows: pd.DataFrame,
    inputs: tuple[object, ...],
) -> pd.DataFrame:
    receipts = prepared.receipts[scenario.name]
    unknown = sorted(set(receipts.loc[receipts["people_count"].isna(), "change"]))
    if not unknown:
        return receipts

    def found() -> dict[str, npt.NDArray[np.float64]]:
        places = sorted({place for number in unknown for place in (int(number) - 1, int(number))})
        regions = {str(place): _after(base, scenario, place) for place in places}
        minutes = _minutes(regions, prepared)
        people = [
            concerned_people(minutes[str(int(number) - 1)], minutes[str(number)], flows)
            for number in unknown
        ]
        return {"people_count": np.array(people, dtype=float)}

    kept = prepared.stages.arrays("concerned", (*inputs, unknown), found)["people_count"]
    people = dict(zip(unknown, kept.tolist(), strict=True))
    filled = receipts["people_count"].fillna(receipts["change"].map(people))
    return receipts.assign(people_count=filled.astype(float))


def _after(base: Region, scenario: Scenario, count: int) -> Region:
    """Return the region after so many changes of a scenario."""
    return changed_region(base, replace(scenario, steps=scenario.steps[:count], measures=()))


def _minutes(
    regions: Mapping[str, Region], prepared: Prepared
) -> dict[str, dict[str, pd.DataFrame]]:
    parameters = prepared.parameters
    network = network_from_regions(regions, parameters, cache=prepared.workspace.root / CACHE)
    zones = prepared.network.regions[BASELINE]["zones"].index
    return {
        name: {
            mode: pd.DataFrame(own, index=zones, columns=zones)
            for mode, own in zone_minutes(
                region, network.topology, network.arcs[name], parameters
            ).items()
        }
        for name, region in regions.items()
    }
