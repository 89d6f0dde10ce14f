"""The main job: region and scenarios → times → flows → measures → scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from agglo.cases import Network, cases_from_network, network_from_regions
from agglo.errors import CompareError, ScenarioError
from agglo.indicators.case import Case
from agglo.indicators.registry import measure
from agglo.parameters import Parameters, parameters_from_assumptions
from agglo.scenarios.files import (
    BASELINE,
    Scenario,
    find_scenario,
    read_scenario,
    scenario_names,
)
from agglo.scenarios.receipts import apply_scenario, changed_region
from agglo.scoring.goals import goal_scores, whole_values
from agglo.scoring.ranges import Variant, assumption_ends
from agglo.transport.network import ARC_PARAMETERS
from agglo.workspace import Workspace

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All that one scenario came to."""

    scenario: Scenario
    case: Case
    indicators: pd.DataFrame
    receipts: pd.DataFrame
    scores: pd.DataFrame
    closing_factor: float
    """By how much jobs outside were scaled so that workers and jobs balance on the baseline."""

    inputs_sha256: str


def read_scenarios(workspace: Workspace, names: Sequence[str] = ()) -> list[Scenario]:
    """Read scenarios by name or file; without names all of the workspace, baseline first."""
    folder = workspace.scenario_folder
    wanted = list(names) or scenario_names(folder)
    if BASELINE not in wanted:
        wanted.insert(0, BASELINE)
    scenarios = [read_scenario(find_scenario(name, folder)) for name in wanted]
    repeated = {
        one.name for one in scenarios if [s.name for s in scenarios].count(one.name) > 1
    }
    if repeated:
        raise ScenarioError(f"scenario '{sorted(repeated)[0]}' is named more than once")
    return sorted(scenarios, key=lambda one: one.name != BASELINE)


def run(
    workspace: Workspace, names: Sequence[str] = (), *, progress: Progress | None = None
) -> list[Result]:
    """Run scenarios of a workspace; the baseline is always among them, and first.

    Each result depends on the workspace, the baseline and its own scenario alone: not on what
    else is run, nor in which order.

    Parameters
    ----------
    names
        Scenario names or files; without any, all of the workspace.
    progress
        Called with (what, done, of) as the work goes on.
    """
    scenarios = read_scenarios(workspace, names)
    applied = {one.name: apply_scenario(workspace.region, one) for one in scenarios}
    parameters = parameters_from_assumptions(workspace.assumptions)
    network = network_from_regions(
        {name: own for name, (own, _) in applied.items()}, parameters
    )
    closing, cases = cases_from_network(scenarios, network, parameters)
    measured = {
        name: measure(case, is_baseline=name == BASELINE) for name, case in cases.items()
    }
    own = _scores(workspace, measured)
    ends = assumption_ends(workspace.assumptions)
    ranges = []
    for done, variant in enumerate(ends):
        if progress:
            progress(variant.name, done, len(ends))
        ranges.append(_varied_scores(workspace, scenarios, network, parameters, variant))
    spread = pd.concat([own, *ranges]).groupby(["scenario", "goal"], sort=False)["score"]
    scores = own.assign(low=spread.min().to_numpy(), high=spread.max().to_numpy())
    return [
        Result(
            scenario=one,
            case=cases[one.name],
            indicators=measured[one.name],
            receipts=applied[one.name][1],
            scores=scores[scores["scenario"] == one.name].reset_index(drop=True),
            closing_factor=closing,
            inputs_sha256=workspace.inputs_sha256,
        )
        for one in scenarios
    ]


def check_comparable(results: Sequence[Result]) -> None:
    """Refuse results that were built on different inputs.

    Raises
    ------
    CompareError
        Naming the results that differ.
    """
    hashes = {result.scenario.name: result.inputs_sha256 for result in results}
    if len(set(hashes.values())) > 1:
        listed = ", ".join(f"{name} ({digest[:8]})" for name, digest in hashes.items())
        raise CompareError(
            f"results stand on different inputs and cannot be compared: {listed}; "
            "run all of them on one workspace"
        )


def _varied_scores(
    workspace: Workspace,
    scenarios: Sequence[Scenario],
    network: Network,
    parameters: Parameters,
    variant: Variant,
) -> pd.DataFrame:
    """Score all scenarios with one assumption at one end; what it leaves alone is reused."""
    varied = variant.parameters(parameters)
    region = variant.region(workspace.region)
    if region is not workspace.region:
        regions = {one.name: changed_region(region, one) for one in scenarios}
        network = network_from_regions(regions, varied)
    elif any(getattr(varied, name) != getattr(parameters, name) for name in ARC_PARAMETERS):
        network = network_from_regions(network.regions, varied)
    _, cases = cases_from_network(scenarios, network, varied)
    names = sorted({anchor.indicator for goal in workspace.goals for anchor in goal.anchors})
    measured = {
        name: measure(case, is_baseline=name == BASELINE, names=names)
        for name, case in cases.items()
    }
    return _scores(workspace, measured)


def _scores(workspace: Workspace, measured: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    baseline = whole_values(measured[BASELINE])
    rows = [
        (name, goal, score)
        for name, indicators in measured.items()
        for goal, score in goal_scores(
            whole_values(indicators), baseline, workspace.goals
        ).items()
    ]
    return pd.DataFrame(rows, columns=["scenario", "goal", "score"])
