"""Cases of small worlds, through the real pipeline."""

from __future__ import annotations

from agglo.indicators.case import Case
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.run import _cases
from agglo.scenarios.files import BASELINE, Scenario
from agglo.scenarios.receipts import changed_region
from tests import worlds


def case_of(
    region: Region, changed: Scenario | None = None, parameters: Parameters | None = None
) -> Case:
    """Carry a region, or what a scenario makes of it, to its flows."""
    baseline = worlds.scenario(name=BASELINE)
    own = changed or baseline
    scenarios = [baseline] if own is baseline else [baseline, own]
    regions = {one.name: changed_region(region, one) for one in scenarios}
    _, cases = _cases(scenarios, regions, parameters or worlds.parameters())
    return cases[own.name]
