"""What a run stands on before anything is measured: scenarios applied, network, traffic."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from agglo.cases import cases_from_network
from agglo.contents import code_sha256
from agglo.errors import ScenarioError
from agglo.indicators.case import NEEDS, Case
from agglo.parameters import Parameters, parameters_from_assumptions
from agglo.region import Region
from agglo.scenarios.files import (
    BASELINE,
    Scenario,
    find_scenario,
    read_scenario,
    scenario_names,
)
from agglo.scenarios.receipts import apply_scenario
from agglo.stages import Stages
from agglo.traffic import Traffic, slowed_network, traffic_from_network
from agglo.transport.network import Network, network_from_regions
from agglo.workspace import Workspace

CACHE = ".cache"
"""Folder of the workspace that keeps what takes long to find; it may be deleted."""

STAGES = "stages"
"""Folder in it of what holds as long as nothing that it was made from changes."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Scenarios on one workspace, ready to be carried on."""

    workspace: Workspace
    scenarios: tuple[Scenario, ...]
    """The baseline is the first."""

    receipts: Mapping[str, pd.DataFrame]
    parameters: Parameters
    network: Network
    """At peak speeds as the layers have them; ``slowed`` holds them as the traffic makes them."""

    traffic: Traffic | None = None
    """Cars of commuters; ``None`` where they do not slow the roads."""

    stages: Stages = field(default_factory=Stages)
    """What earlier runs found and holds still."""

    @property
    def slowed(self) -> Network:
        """The network with the roads as slow as the traffic makes them."""
        return self.network if self.traffic is None else slowed_network(self.network, self.traffic)


def read_scenarios(workspace: Workspace, wanted: Sequence[str | Scenario] = ()) -> list[Scenario]:
    """Read scenarios by name or file; without any, all of the workspace; the baseline is first.

    Raises
    ------
    ScenarioError
        If one cannot be found or read, or two have one name.
    """
    folder = workspace.scenario_folder
    scenarios = [
        one if isinstance(one, Scenario) else read_scenario(find_scenario(one, folder))
        for one in (wanted or scenario_names(folder))
    ]
    if all(one.name != BASELINE for one in scenarios):
        scenarios.insert(0, read_scenario(find_scenario(BASELINE, folder)))
    names = [one.name for one in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(f"scenario '{name}' is named more than once")
    return sorted(scenarios, key=lambda one: one.name != BASELINE)


def prepare(
    workspace: Workspace,
    scenarios: Sequence[str | Scenario] = (),
    *,
    progress: Progress | None = None,
) -> Prepared:
    """Apply scenarios, build the network over all of them and let the traffic settle.

    Parameters
    ----------
    scenarios
        Names in the workspace, files, or ``Scenario`` values; without any, all of the workspace.
    progress
        Called with (what, done, of).
    """
    read = read_scenarios(workspace, scenarios)
    applied = {one.name: apply_scenario(workspace.region, one) for one in read}
    parameters = parameters_from_assumptions(workspace.assumptions)
    regions: dict[str, Region] = {name: own for name, (own, _) in applied.items()}
    network = network_from_regions(regions, parameters, cache=workspace.root / CACHE)
    traffic = None
    if workspace.congestion:
        if progress:
            progress("traffic", 0, len(read))
        traffic = traffic_from_network(read, network, parameters)
    return Prepared(
        workspace=workspace,
        scenarios=tuple(read),
        receipts={name: receipts for name, (_, receipts) in applied.items()},
        parameters=parameters,
        network=network,
        traffic=traffic,
        stages=Stages(folder=workspace.root / CACHE / STAGES, code=code_sha256()),
    )


def central_cases(
    prepared: Prepared, *, needs: Collection[str] = NEEDS
) -> tuple[float, dict[str, Case]]:
    """Carry every scenario on with all assumptions at their values.

    Returns
    -------
    closing_factor, cases
        By how much jobs outside were scaled so that workers and jobs balance on the baseline;
        the case of each scenario.
    """
    closing, cases = cases_from_network(
        prepared.scenarios,
        prepared.slowed,
        prepared.parameters,
        needs=needs,
        stages=prepared.stages,
    )
    if prepared.traffic is not None:
        volume = prepared.traffic.link_volume
        cases = {name: replace(case, link_volume=volume[name]) for name, case in cases.items()}
    return closing, cases
