"""The study of a workspace: its zones with the baseline's flows and times."""

from __future__ import annotations

from agglo.boundaries import centres_of, flows_from_case
from agglo.cases import cases_from_network
from agglo.parameters import parameters_from_assumptions
from agglo.prepared import CACHE, read_scenarios
from agglo.scenarios.files import BASELINE
from agglo.study import Study
from agglo.territory.members import sizes_of
from agglo.transport.network import network_from_regions
from agglo.workspace import Workspace


def study_from_workspace(workspace: Workspace) -> Study:
    """Take flows and minutes by car of the baseline; flows are modelled unless observed."""
    parameters = parameters_from_assumptions(workspace.assumptions)
    scenarios = [one for one in read_scenarios(workspace, [BASELINE]) if one.name == BASELINE]
    network = network_from_regions(
        {BASELINE: workspace.region}, parameters, cache=workspace.root / CACHE
    )
    _, cases = cases_from_network(scenarios, network, parameters, needs=())
    case = cases[BASELINE]
    flows = flows_from_case(case)
    zones = workspace.region.geo("zones").loc[flows.inside]
    return Study(
        zones=zones.assign(name=zones["name_ru"]),
        flows=flows,
        outside_jobs=sizes_of(centres_of(workspace.region), flows),
        minutes=case.travel.minutes["car"],
        sources=tuple(f"{item.title} ({item.source})" for item in workspace.region.provenance),
        status="assumed" if flows.status == "assumed" else "modelled",
    )
