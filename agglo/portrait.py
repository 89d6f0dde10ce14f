"""The portrait of the agglomeration: its centres, its order, what is claimed of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agglo.boundaries import centres_of, flows_from_case
from agglo.commuting.flows import Flows
from agglo.indicators.case import Case
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.tables import weakest_status
from agglo.territory.claims import claim_verdicts, dated_sizes
from agglo.territory.development import development, development_conditions
from agglo.territory.functional_polycentricity import functional_polycentricity, nodality
from agglo.territory.order import order_within
from agglo.territory.polycentricity import MEASURES, centre_readings, polycentricity_panel
from agglo.territory.rules import Rules

TOWNS = ("city", "town")
STRUCTURE_COLUMNS = ("subject", "measure", "value", "limit", "verdict", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """How the centres share the agglomeration in one scenario, and whom it answers to."""

    structure: pd.DataFrame
    """``subject`` (population, jobs, inflows, flows, development_…, condition), ``measure``,
    ``value``, ``limit`` and ``verdict`` where a view compares them, ``status``."""

    order: pd.DataFrame
    """By zone and 'all': shares that work in the larger core and in the own one, the chain of
    dominant flows, ``verdict``; empty where nobody leaves the region."""

    claims: pd.DataFrame
    """What sources say, with the verdict of the figures; of the baseline only."""


def portraits(cases: Mapping[str, Case], rules: Rules) -> dict[str, Portrait]:
    """Draw the portrait of every scenario; claims are about the baseline."""
    return {
        name: _portrait(case, rules, has_claims=name == BASELINE) for name, case in cases.items()
    }


def _portrait(case: Case, rules: Rules, *, has_claims: bool) -> Portrait:
    region, centres = case.region, centres_of(case.region)
    flows = flows_from_case(case)
    order = pd.DataFrame()
    if centres.big_core:
        order = order_within(
            flows,
            core=centres.cores,
            outside_core=[centres.big_core],
            line_share=rules.commuting_share,
        ).rename_axis("zone_id")
        order = order.reset_index().assign(outside_core=centres.big_core, status=flows.status)
    return Portrait(
        structure=_structure(case, flows, centres.core, rules),
        order=order,
        claims=_claims(region, flows) if has_claims else pd.DataFrame(),
    )


def _structure(case: Case, flows: Flows, core: str, rules: Rules) -> pd.DataFrame:
    zones = case.region["zones"]
    population = _population_status(case)
    centres = zones[zones["is_centre"] & (zones["kind"] != "outside")]
    pieces = []
    if len(centres) > 1:
        sizes = pd.DataFrame(
            {
                "population": centres["population_count"],
                "jobs": centres["jobs_count"],
                "inflows": nodality(flows, from_outside=True)[centres.index],
            }
        )
        pieces.append(
            _shares_of_centres(
                sizes, case.region, flow_status=flows.status, population_status=population
            )
        )
    whole = functional_polycentricity(flows)
    pieces.append(_rows("flows", whole, flows.status))
    towns = zones.loc[zones["kind"].isin(TOWNS), ["population_count"]].assign(kind="city")
    if core in towns.index and towns["population_count"].sum() > 0:
        minutes = case.travel.minutes["car"][core].reindex(towns.index)
        pieces.append(_development(towns, minutes, core, max(rules.within_min), population))
    return pd.concat(pieces, ignore_index=True)[list(STRUCTURE_COLUMNS)]


def _shares_of_centres(
    sizes: pd.DataFrame, region: Region, *, flow_status: str, population_status: str
) -> pd.DataFrame:
    panel = polycentricity_panel(sizes)
    status = {
        "population": population_status,
        "jobs": weakest_status(*region["zones"]["status"]),
        "inflows": flow_status,
    }
    measured = [_rows(name, panel.loc[name, list(MEASURES)], status[name]) for name in panel.index]
    readings = centre_readings(panel).rename(columns={"quantity": "subject"})
    readings["measure"] = readings["view"] + ": " + readings["key"]
    readings["status"] = readings["subject"].map(status)
    return pd.concat([*measured, readings], ignore_index=True)


def _development(
    towns: pd.DataFrame, minutes: pd.Series, core: str, within_min: float, status: str
) -> pd.DataFrame:
    both = development(towns, core=core)
    pieces = [
        pd.DataFrame(
            {
                "subject": f"development_{reading}",
                "measure": "coefficient",
                "value": both["coefficient"][reading],
                "verdict": both["development_class"][reading],
                "status": status,
            },
            index=[0],
        )
        for reading in both.index
    ]
    # towns without a way are not within; those whose minutes are unknown are left out
    known = towns[minutes.notna() | (towns.index == core)]
    conditions = development_conditions(known, minutes, core=core, within_min=within_min)
    pieces.append(
        pd.DataFrame(
            {
                "subject": "condition",
                "measure": conditions.index,
                "value": conditions["value"].to_numpy(dtype=float),
                "limit": conditions["wanted"].to_numpy(dtype=float),
                "verdict": np.where(conditions["is_met"], "met", "not_met"),
                "status": np.where(
                    conditions.index.str.startswith("core_population"),
                    status,
                    weakest_status(status, "modelled"),
                ),
            }
        )
    )
    return pd.concat(pieces, ignore_index=True)


def _population_status(case: Case) -> str:
    """Status of who lives where: what a scenario moves is assumed."""
    base = case.baseline_flows is case.flows
    return weakest_status(*case.region["settlements"]["status"], *([] if base else ["assumed"]))


def _rows(subject: str, values: pd.Series, status: str) -> pd.DataFrame:
    numbers = values.astype(float)
    return pd.DataFrame(
        {"subject": subject, "measure": numbers.index, "value": numbers.to_numpy(), "limit": np.nan,
         "verdict": "", "status": status}
    )  # fmt: skip


def _claims(region: Region, flows: Flows) -> pd.DataFrame:
    """Test what sources say on the figures of the region; the wording stands beside."""
    claims = region["claims"]
    if claims.empty:
        return pd.DataFrame()
    sizes = dated_sizes(
        region["population"],
        region["zones"][region["zones"]["kind"] != "outside"],
        zones_year=_year(region),
        zones_source="population of the zones",
        zones_status=weakest_status(*region["settlements"]["status"]),
        earlier=region["town_population"],
    )
    found = claim_verdicts(
        claims, sizes, flows=flows, flows_year=_year(region), flows_source="flows of the baseline"
    )
    said = claims.set_index("claim_id")[["text_ru", "text_en", "source", "said"]]
    return said.rename(columns={"source": "claimed_by"}).join(found).reset_index()


def _year(region: Region) -> int:
    """Year of the population of the zones: of the layers that carry it, the earliest."""
    dates = [item.date for item in region.provenance if item.layer in ("work", "settlements")]
    years = [int(found[0]) for date in dates if (found := re.findall(r"\d{4}", date))]
    return min(years, default=0)
