"""The main job: region and scenarios → times → flows → measures → scores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from agglo.boundaries import boundaries
from agglo.cases import cases_from_network
from agglo.errors import CompareError, ScenarioError
from agglo.indicators.case import NEEDS, Case
from agglo.indicators.measures import road_losses
from agglo.indicators.registry import measure, needs_of, whole_values
from agglo.parameters import Parameters, parameters_from_assumptions
from agglo.parts import LAND_PARAMETERS, land_takes
from agglo.portrait import Portrait, portraits
from agglo.region import Region
from agglo.scenarios.files import (
    BASELINE,
    Scenario,
    find_scenario,
    read_scenario,
    scenario_names,
)
from agglo.scenarios.receipts import apply_scenario, changed_region
from agglo.scoring.goals import goal_scores
from agglo.scoring.ranges import Variant, assumption_ends
from agglo.tables import weakest_status
from agglo.traffic import Traffic, slowed_network, traffic_from_network
from agglo.transport.network import Network, network_from_regions
from agglo.workspace import Workspace

TIE_DECIMALS = 3
"""Losses that agree to so many decimals of a person-minute are one and the same."""

PLACES_NAMED = 4
"""Of the places that one road cuts off, so many are named, those with most people."""

LAND = ("land_take",)
"""The part of a case that the land parameters alone decide."""

CACHE = ".cache"
"""Folder of the workspace that keeps the order of a large network; it may be deleted."""

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
    memberships: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Which zones are in the agglomeration by which definition: ``boundaries.Boundary``."""

    municipality_memberships: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The same by municipality."""

    portrait: Portrait | None = None
    """How centres share the agglomeration, whom it answers to, what is claimed of it."""

    settled: Mapping[str, float] = field(default_factory=dict)
    """How traffic and flows came to fit: ``rounds``, ``relative_gap``, ``change_share``."""


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


def run(
    workspace: Workspace,
    scenarios: Sequence[str | Scenario] = (),
    *,
    progress: Progress | None = None,
) -> list[Result]:
    """Run scenarios of a workspace; the baseline is always among them, and first.

    Each result depends on the workspace, the baseline and its own scenario alone: not on what
    else is run, nor in which order.

    Parameters
    ----------
    scenarios
        Names in the workspace, files, or ``Scenario`` values; without any, all of the workspace.
    progress
        Called with (what, done, of) as the work goes on.
    """
    read = read_scenarios(workspace, scenarios)
    applied = {one.name: apply_scenario(workspace.region, one) for one in read}
    parameters = parameters_from_assumptions(workspace.assumptions)
    regions = {name: own for name, (own, _) in applied.items()}
    network = network_from_regions(regions, parameters, cache=workspace.root / CACHE)
    ends = assumption_ends(workspace.assumptions)
    steps = len(read) + len(ends)
    traffic = None
    if workspace.congestion:
        if progress:
            progress("traffic", 0, steps)
        traffic = traffic_from_network(read, network, parameters)
    closing, cases = _cases(read, network, parameters, traffic, needs=NEEDS)
    firmness = weakest_status(*(item.status for item in workspace.assumptions.values()))
    measured = {
        name: measure(case, is_baseline=name == BASELINE, assumption_status=firmness)
        for name, case in cases.items()
    }
    _check_effect(measured)
    drawn = boundaries(
        cases,
        workspace.assumptions,
        rules=workspace.rules,
        spreads=workspace.spreads,
        holds_flows={one.name: one.horizon == "day" for one in read},
        progress=progress and (lambda what, done, _: progress(what, done, steps)),
    )
    portrayed = portraits(cases, workspace.rules)
    own = _scores(workspace, cases)
    ranges = []
    for done, variant in enumerate(ends, len(read)):
        if progress:
            progress(variant.name, done, steps)
        ranges.append(_varied_scores(workspace, read, cases, network, parameters, variant, traffic))
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
            memberships=drawn[one.name].zones,
            municipality_memberships=drawn[one.name].municipalities,
            portrait=portrayed[one.name],
            settled={} if traffic is None else traffic.settled[one.name],
        )
        for one in read
    ]


def _check_effect(measured: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a scenario whose changes move no number: it would silently be the baseline."""
    for name, indicators in measured.items():
        if name != BASELINE and indicators["value"].equals(measured[BASELINE]["value"]):
            raise ScenarioError(
                f"{name}.toml: its changes touch values, yet every number stays that of the "
                "baseline; no measure reads what it changes (lanes and capacity do not act yet)"
            )


def worst_link(result: Result) -> dict[str, str | float]:
    """Name the road link whose loss costs most; of links in a row the first by id.

    Returns
    -------
    worst_link
        ``id``, ``ru`` and ``en`` (names), ``loss`` in person-minutes a day and ``unserved``,
        the commuters whom it cuts off.
    """
    losses = road_losses(result.case)
    if losses.empty:
        return {"id": "", "ru": "", "en": "", "loss": 0.0, "unserved": 0.0}
    worst = str(losses["loss_person_min"].round(TIE_DECIMALS).idxmax())
    links = result.case.region["links"]
    return {
        "id": worst,
        "ru": str(links["name_ru"][worst]),
        "en": str(links["name_en"][worst]),
        "loss": round(float(losses["loss_person_min"][worst])),
        "unserved": round(float(losses["unserved_count"][worst])),
    }


def cut_places(result: Result, *, most: int = 5) -> list[dict[str, str | float]]:
    """Name the roads that a single closure of which cuts places off from the zone with most jobs.

    Returns
    -------
    cut_places
        By link, the one with most people first: ``id``, ``ru`` and ``en`` (link), ``places_ru``
        and ``places_en``, ``people``; at most so many. Links in a row that cut off the same
        places are named once.
    """
    cut = result.case.cut_off
    if cut.empty:
        return []
    cut = cut[cut["is_cut_from_hubs"]]
    links, zones = result.case.region["links"], result.case.region["zones"]
    found: dict[tuple[str, ...], dict[str, str | float]] = {}
    for link, rows in cut.groupby("link_id"):
        places = tuple(rows["place_id"])
        shown = rows.sort_values(["people_count", "place_id"], ascending=[False, True])["place_id"]
        more = f" … (+{len(shown) - PLACES_NAMED})" if len(shown) > PLACES_NAMED else ""
        names = {
            f"places_{language}": ", ".join(
                zones.loc[list(shown[:PLACES_NAMED]), f"name_{language}"]
            )
            + more
            for language in ("ru", "en")
        }
        found.setdefault(
            places,
            {
                "id": str(link),
                "ru": str(links["name_ru"][link]),
                "en": str(links["name_en"][link]),
                **names,
                "people": round(float(rows["people_count"].sum())),
            },
        )
    ordered = sorted(found.values(), key=lambda one: (-float(one["people"]), str(one["id"])))
    return ordered[:most]


def check_comparable(results: Sequence[Result]) -> None:
    """Refuse results that were built on different inputs.

    Raises
    ------
    CompareError
        Naming the results that differ.
    """
    if all(result.scenario.name != BASELINE for result in results):
        raise CompareError(f"the '{BASELINE}' is not among the results; every output needs it")
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
    central: Mapping[str, Case],
    network: Network,
    parameters: Parameters,
    variant: Variant,
    traffic: Traffic | None,
) -> pd.DataFrame:
    """Score all scenarios with one assumption at one end; what it leaves alone is reused.

    The traffic is that of the central values, and so is the land that scenarios take, unless it
    is what varies.
    """
    varied = variant.parameters(parameters)
    if variant.parameter in LAND_PARAMETERS:
        return _scores(workspace, _with_land(central, network.regions, varied))
    region = variant.region(workspace.region)
    regions = network.regions
    if region is not workspace.region:
        regions = _varied_regions(region, scenarios, variant)
    network = network_from_regions(regions, varied, like=network)
    needs = needs_of(anchor.indicator for goal in workspace.goals for anchor in goal.anchors)
    _, cases = _cases(scenarios, network, varied, traffic, needs=needs - set(LAND))
    kept = {name: replace(own, land_take=central[name].land_take) for name, own in cases.items()}
    return _scores(workspace, kept)


def _with_land(
    central: Mapping[str, Case], regions: Mapping[str, Region], parameters: Parameters
) -> dict[str, Case]:
    """Return cases with the land that other parameters let them take; nothing else reads those."""
    taken = land_takes(LAND, regions, parameters)
    return {name: replace(own, land_take=taken[name]) for name, own in central.items()}


def _cases(
    scenarios: Sequence[Scenario],
    network: Network,
    parameters: Parameters,
    traffic: Traffic | None,
    *,
    needs: Collection[str],
) -> tuple[float, dict[str, Case]]:
    """Carry the scenarios on, with the roads as slow as the traffic makes them."""
    if traffic is None:
        return cases_from_network(scenarios, network, parameters, needs=needs)
    closing, cases = cases_from_network(
        scenarios, slowed_network(network, traffic), parameters, needs=needs
    )
    return closing, {
        name: replace(case, link_volume=traffic.link_volume[name]) for name, case in cases.items()
    }


def _varied_regions(
    region: Region, scenarios: Sequence[Scenario], variant: Variant
) -> dict[str, Region]:
    try:
        return {one.name: changed_region(region, one) for one in scenarios}
    except ScenarioError as error:
        raise ScenarioError(
            f"{error} — with the assumption '{variant.name}'; narrow its range, or change less"
        ) from error


def _scores(workspace: Workspace, cases: Mapping[str, Case]) -> pd.DataFrame:
    names = sorted({anchor.indicator for goal in workspace.goals for anchor in goal.anchors})
    values = {name: whole_values(case, names) for name, case in cases.items()}
    rows = [
        (name, goal, score)
        for name, own in values.items()
        for goal, score in goal_scores(own, values[BASELINE], workspace.goals).items()
    ]
    return pd.DataFrame(rows, columns=["scenario", "goal", "score"])
