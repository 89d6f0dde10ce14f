"""The main job: region and scenarios → times → flows → measures → scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from agglo.boundaries import boundaries
from agglo.concern import receipts_with_commuters
from agglo.draws import central_rows
from agglo.errors import CompareError, ScenarioError
from agglo.indicators.case import Case
from agglo.indicators.measures import road_losses
from agglo.indicators.registry import measure
from agglo.portrait import Portrait, portraits
from agglo.prepared import Prepared, Progress, central_cases, prepare
from agglo.scenarios.files import BASELINE, Scenario
from agglo.scenarios.lint import lint
from agglo.scoring.goals import drawn_goal_scores
from agglo.scoring.intervals import score_intervals
from agglo.tables import weakest_status
from agglo.uncertain_runs import runs_count, shown_indicators, uncertain_runs
from agglo.workspace import Workspace

TIE_DECIMALS = 3
"""Losses that agree to so many decimals of a person-minute are one and the same."""

PLACES_NAMED = 4
"""Of the places that one road cuts off, so many are named, those with most people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All that one scenario came to."""

    scenario: Scenario
    case: Case
    indicators: pd.DataFrame
    receipts: pd.DataFrame
    scores: pd.DataFrame
    """``goal``, ``score`` (the baseline has 50), ``low`` and ``high`` (5 and 95 % of the draws)
    and ``verdict``, one row for each goal."""

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

    drawn: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Values for the whole region in every draw: ``uncertain_runs.UncertainRuns``."""

    ended: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The same with each assumption at its ends."""

    coalitions: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The same for the parts of a package."""

    lint: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Remarks on the scenario: ``scenarios.lint``."""


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
    runs_total = runs_count(workspace)
    before = progress and (lambda what, *_: progress(what, 0, runs_total))
    prepared = prepare(workspace, scenarios, progress=before)
    closing, cases = central_cases(prepared)
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
        holds_flows={one.name: one.is_shock for one in prepared.scenarios},
        progress=before,
        stages=prepared.stages,
    )
    portrayed = portraits(cases, workspace.rules)
    receipts = receipts_with_commuters(prepared, cases[BASELINE].flows)
    runs = uncertain_runs(prepared, cases, progress=progress)
    if progress:
        progress("scores", runs_total, runs_total)
    traffic = prepared.traffic
    prepared.stages.trimmed()
    return [
        Result(
            scenario=one,
            case=cases[one.name],
            indicators=measured[one.name],
            receipts=receipts[one.name],
            scores=_scores(workspace, runs.drawn[BASELINE], one.name, runs.drawn[one.name]),
            closing_factor=closing,
            inputs_sha256=workspace.inputs_sha256,
            memberships=drawn[one.name].zones,
            municipality_memberships=drawn[one.name].municipalities,
            portrait=portrayed[one.name],
            settled={} if traffic is None else traffic.settled[one.name],
            drawn=runs.drawn[one.name],
            ended=runs.ended[one.name],
            coalitions=runs.coalitions.get(one.name, pd.DataFrame()),
            lint=_lint(prepared, one),
        )
        for one in prepared.scenarios
    ]


def _check_effect(measured: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a scenario whose changes move no number: it would silently be the baseline."""
    for name, indicators in measured.items():
        if name != BASELINE and indicators["value"].equals(measured[BASELINE]["value"]):
            raise ScenarioError(
                f"{name}.toml: its changes touch values, yet every number stays that of the "
                "baseline; no measure reads what it changes (lanes and capacity act with "
                "congestion = true)"
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


def _scores(
    workspace: Workspace, baseline: pd.DataFrame, name: str, own: pd.DataFrame
) -> pd.DataFrame:
    """Score one scenario on every goal, with the interval over the draws."""
    names = list(shown_indicators(workspace))
    values = pd.concat(
        {BASELINE: baseline[names], name: own[names]}, names=["scenario", "draw"]
    ).swaplevel()
    drawn = drawn_goal_scores(values, workspace.goals)
    central = central_rows(drawn)
    found = score_intervals(drawn, central, baseline=BASELINE)
    return found[found["scenario"] == name].reset_index(drop=True)


def _lint(prepared: Prepared, scenario: Scenario) -> pd.DataFrame:
    """Remark on what a planner may have overlooked."""
    base, own = (prepared.network.regions[name] for name in (BASELINE, scenario.name))
    return lint(base, scenario, own, receipts=prepared.receipts[scenario.name])
