"""Perturbed runs: what each of them draws, for baseline and scenarios alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.cases import mode_weights
from agglo.commuting.modes import joint_cost
from agglo.commuting.stacked import stacked_factors, stacked_flows
from agglo.indicators.case import Case, arrays
from agglo.parameters import Assumption
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.territory.firmness import Spreads, factors, strata, triangular
from agglo.territory.rules import Rules
from agglo.transport.topology import Floats

DRAWN_PARAMETERS = ("decay_per_min", "outside_decay_share")
"""The parameters of the gravity model, drawn within the ranges of the settings."""

HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What every run draws; arrays by zone have draws as rows and zones as columns."""

    parameters: Mapping[str, Floats]
    """Values of the parameters of the gravity model, by name."""

    minutes: Floats
    """Factor on every way, draws × zones × zones: half of it on all alike, half by its ends."""

    workers: Floats
    """Factor on the workers of a zone."""

    jobs: Floats
    """Factor on the jobs of a zone."""

    thresholds: Mapping[str, Floats]
    """Factor on thresholds of one kind: 'share', 'minutes', 'size', 'self_containment',
    'resolution'."""


def draws_of(base: Region, assumptions: Mapping[str, Assumption], spreads: Spreads) -> Draws:
    """Draw everything for all runs from the seed and the names of what is drawn.

    Workers and jobs of each zone lie within their own ranges, parameters within those of the
    settings (triangular), times and thresholds within the spreads.
    """
    zones = base["zones"]

    def by_zone(what: str) -> Floats:
        low, middle, high = (
            zones[f"{what}{end}_count"].to_numpy(dtype=float) for end in ("_low", "", "_high")
        )
        parts = np.column_stack([strata(f"{what}/{zone}", spreads) for zone in zones.index])
        drawn = triangular(parts, low, middle, high)
        return np.asarray(np.divide(drawn, middle, out=np.ones_like(drawn), where=middle > 0))

    return Draws(
        parameters={
            name: triangular(strata(name, spreads), item.low, item.value, item.high)
            for name, item in assumptions.items()
            if name in DRAWN_PARAMETERS
        },
        minutes=_minute_factors(zones.index, spreads),
        workers=by_zone("workers"),
        jobs=by_zone("jobs"),
        thresholds={
            name: factors(f"threshold/{name}", spreads.threshold_share, spreads)
            for name in ("share", "minutes", "size", "self_containment", "resolution")
        },
    )


def drawn_rules(rules: Rules, draws: Draws, draw: int) -> Rules:
    """Return the thresholds of one run."""
    by = {name: float(values[draw]) for name, values in draws.thresholds.items()}
    return replace(
        rules,
        commuting_share=min(rules.commuting_share * by["share"], 1.0),
        exchange_share=min(rules.exchange_share * by["share"], 1.0),
        min_size_count=rules.min_size_count * by["size"],
        target_size_count=rules.target_size_count * by["size"],
        min_self_containment_share=min(
            rules.min_self_containment_share * by["self_containment"], 1.0
        ),
        target_self_containment_share=min(
            rules.target_self_containment_share * by["self_containment"], 1.0
        ),
        resolution=rules.resolution * by["resolution"],
    )


def drawn_flows(
    cases: Mapping[str, Case], draws: Draws, *, holds_flows: Mapping[str, bool]
) -> Iterator[tuple[str, Floats]]:
    """Model the flows of every run, the baseline's first: its outside pull holds for all.

    Parameters
    ----------
    holds_flows
        By scenario, whether people keep the trips of the baseline.

    Yields
    ------
    name, flows
        Scenario, and persons, draws × home zones × work zones.
    """
    base = cases[BASELINE]
    zones = base.region["zones"]
    is_outside = (zones["kind"] == "outside").to_numpy()
    workers, jobs = drawn_margins(base.region, draws)
    rows, columns = stacked_factors(
        _friction(base, draws, is_outside), workers, jobs, places=zones.index
    )
    fixed_rows = np.where(is_outside, rows, np.nan)
    fixed_columns = np.where(is_outside, columns, np.nan)
    kept = None
    for name in sorted(cases, key=lambda one: one != BASELINE):
        case = cases[name]
        if kept is None or not holds_flows[name]:
            workers, jobs = drawn_margins(case.region, draws)
            flows = stacked_flows(
                _friction(case, draws, is_outside),
                workers,
                jobs,
                places=zones.index,
                fixed_rows=fixed_rows,
                fixed_columns=fixed_columns,
            )
        else:
            flows = kept
        kept = flows if kept is None else kept
        yield name, flows if base.region["flows"].empty else _as_observed(flows, case)


def _as_observed(modelled: Floats, case: Case) -> Floats:
    """Move observed flows as the model moves from its own middle, rows as large as drawn.

    The middle of a pair is its median over the draws; a pair that the model never has stays as
    it is observed.
    """
    middle = np.median(modelled, axis=0)
    change = np.divide(modelled, middle, out=np.ones_like(modelled), where=middle > 0)
    moved = case.flows.to_numpy() * change
    wanted, got = modelled.sum(axis=2), moved.sum(axis=2)
    share = wanted / np.where(np.median(wanted, axis=0) > 0, np.median(wanted, axis=0), 1.0)
    rows = np.divide(case.flows.sum(axis=1).to_numpy() * share, got, out=np.ones_like(got),
                     where=got > 0)  # fmt: skip
    return np.asarray(moved * rows[:, :, None])


def drawn_margins(region: Region, draws: Draws) -> tuple[Floats, Floats]:
    """Workers and jobs of every run, draws × zones.

    Jobs outside are scaled so that both totals agree, as on the baseline without draws; jobs
    inside never exceed the workers who can hold them.
    """
    zones = region["zones"]
    inside = (zones["kind"] != "outside").to_numpy()
    workers = draws.workers * zones["workers_count"].to_numpy(dtype=float)
    jobs = draws.jobs * zones["jobs_count"].to_numpy(dtype=float)
    own, pulled = jobs[:, inside].sum(axis=1), jobs[:, ~inside].sum(axis=1)
    total = workers.sum(axis=1)
    # where nobody can leave, the jobs inside take all workers
    share = np.where(pulled > 0, np.minimum(total / own, 1.0), total / own)
    jobs[:, inside] *= share[:, None]
    left = total - jobs[:, inside].sum(axis=1)
    closing = np.divide(np.maximum(left, 0.0), pulled, out=np.zeros_like(left), where=pulled > 0)
    jobs[:, ~inside] *= closing[:, None]
    return workers, jobs


def drawn_car_minutes(case: Case, draws: Draws) -> Floats:
    """Minutes by car as isochrones of every run see them: times and limit both vary."""
    minutes = case.travel.minutes["car"].to_numpy() * draws.minutes
    return np.asarray(minutes / draws.thresholds["minutes"][:, None, None])


def _friction(case: Case, draws: Draws, is_outside: npt.NDArray[np.bool_]) -> Floats:
    """Pull of every pair in every run, 0 where there is no way and from outside to outside."""
    cost = joint_cost(
        {mode: own * draws.minutes for mode, own in arrays(case.travel.minutes).items()},
        mode_weights(case.region, case.parameters),
        scale_per_min=case.parameters.mode_scale_per_min,
    )
    across = np.logical_or.outer(is_outside, is_outside)
    decay, weight = (draws.parameters[name][:, None, None] for name in DRAWN_PARAMETERS)
    friction = np.exp(-decay * np.where(across, cost * weight, cost))
    friction[:, np.logical_and.outer(is_outside, is_outside)] = 0.0
    return friction


def _minute_factors(zones: pd.Index, spreads: Spreads) -> Floats:
    half = spreads.minutes_share * HALF
    alike = factors("minutes", half, spreads)
    ends = np.column_stack([factors(f"minutes/{zone}", half, spreads) for zone in zones])
    return np.asarray(alike[:, None, None] * (ends[:, :, None] + ends[:, None, :]) / 2)
