"""Cases of small worlds, through the real pipeline."""

from __future__ import annotations

from agglo.cases import cases_from_network
from agglo.indicators.case import Case
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.scenarios.files import BASELINE, Scenario
from agglo.scenarios.receipts import changed_region
from agglo.transport.network import network_from_regions
from tests import worlds


def case_of(
    region: Region, changed: Scenario | None = None, parameters: Parameters | None = None
) -> Case:
    """Carry a region, or what a scenario makes of it, to its flows."""
    baseline = worlds.scenario(name=BASELINE)
    own = changed or baseline
    scenarios = [baseline] if own is baseline else [baseline, own]
    regions = {one.name: changed_region(region, one) for one in scenarios}
    own_parameters = parameters or worlds.parameters()
    network = network_from_regions(regions, own_parameters)
    _, cases = cases_from_network(scenarios, network, own_parameters)
    return cases[own.name]
