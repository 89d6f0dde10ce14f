"""A region with observed flows: they stand, the model fills in the rest, scenarios move them."""

from __future__ import annotations

import pandas as pd
import pytest

from agglo.boundaries import flows_from_case
from agglo.errors import FlowError, TableError
from agglo.indicators.case import Case, flow_status
from agglo.perturbed import drawn_flows, drawn_margins, draws_of
from agglo.region import Region
from agglo.scenarios.files import BASELINE
from agglo.territory.firmness import Spreads
from tests import worlds
from tests.cases import case_of
from tests.test_boundaries import assumptions

MODELLED = case_of(worlds.line_of_towns(3))


def observed(region: Region, rows: pd.DataFrame) -> Region:
    return worlds.region_of({**region.tables, "flows": rows})


def rows_of(case: Case, homes: list[str], *, swapped: bool = False) -> pd.DataFrame:
    """Take the model's own rows as observed; swapped: the first two workplaces change places."""
    flows = case.flows.loc[homes]
    if swapped:
        flows = flows.rename(columns={"t0": "t1", "t1": "t0"})
    table = flows.rename_axis("live_zone_id").reset_index().melt("live_zone_id")
    table.columns = ["live_zone_id", "work_zone_id", "commuters_count"]
    return table.assign(status="observed")


def test_observed_homes_keep_their_flows_and_the_others_fill_the_jobs() -> None:
    rows = rows_of(MODELLED, ["t0"]).set_index("work_zone_id")
    rows = rows.loc[["t0", "t1", "t2", "away"]].reset_index()
    rows["commuters_count"] = [40.0, 40.0, 15.0, 5.0]
    region = observed(worlds.line_of_towns(3), rows)
    flows = case_of(region).flows
    assert flows.loc["t0", ["t0", "t1", "t2", "away"]].tolist() == [40, 40, 15, 5]
    inside = ["t0", "t1", "t2"]
    assert flows.loc[inside, inside].sum().tolist() == pytest.approx([90, 90, 90], abs=1e-4)
    assert flows.loc["t1"].sum() == pytest.approx(100, abs=1e-4)


def test_the_models_own_flows_as_observed_change_nothing() -> None:
    region = observed(worlds.line_of_towns(3), rows_of(MODELLED, list(MODELLED.flows.index)))
    pd.testing.assert_frame_equal(case_of(region).flows, MODELLED.flows, rtol=1e-6)


def test_a_scenario_moves_observed_flows_as_the_model_moves() -> None:
    region = observed(worlds.line_of_towns(3), rows_of(MODELLED, list(MODELLED.flows.index)))
    faster = worlds.scenario(worlds.change("set_speed", link="r0", speed_kmh=120.0))
    moved, model = case_of(region, faster).flows, case_of(worlds.line_of_towns(3), faster).flows
    pd.testing.assert_frame_equal(moved, model, rtol=1e-3, atol=1e-3)
    assert moved.loc["t0", "t1"] > case_of(region).flows.loc["t0", "t1"]


def test_without_a_change_of_the_model_observed_flows_stay_to_the_digit() -> None:
    rows = rows_of(MODELLED, ["t0", "t1"], swapped=True)
    region = observed(worlds.line_of_towns(3), rows)
    idle = worlds.scenario(
        worlds.change("set_headway", line="bus", headway_min=1000.0), name="idle", horizon="day"
    )
    pd.testing.assert_frame_equal(case_of(region, idle).flows, case_of(region).flows)


def test_more_people_observed_than_jobs_name_the_zone() -> None:
    rows = pd.DataFrame(
        [("t0", "t1", 100.0, "observed")],
        columns=["live_zone_id", "work_zone_id", "commuters_count", "status"],
    )
    with pytest.raises(FlowError, match="zone 't1' has 90 jobs but 100 people"):
        case_of(observed(worlds.line_of_towns(3), rows))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("t0", "nowhere", 5.0, "observed"), "'nowhere'"),
        (("t0", "t1", -5.0, "observed"), "0 or more"),
        (("t0", "t1", 5.0, "guessed"), "one of observed"),
    ],
)
def test_a_faulty_row_is_refused_when_the_region_is_made(
    row: tuple[str, str, float, str], said: str
) -> None:
    columns = ["live_zone_id", "work_zone_id", "commuters_count", "status"]
    with pytest.raises(TableError, match=said):
        observed(worlds.line_of_towns(3), pd.DataFrame([row], columns=columns))


def test_firmness_moves_observed_flows_about_themselves() -> None:
    rows = rows_of(MODELLED, ["t0", "t1"], swapped=True)
    case = case_of(observed(worlds.line_of_towns(3), rows))
    draws = draws_of(case.region, assumptions(0.2), Spreads(draws_count=21))
    ((_, flows),) = drawn_flows({BASELINE: case}, draws, holds_flows={})
    workers, _ = drawn_margins(case.region, draws)
    middle = pd.DataFrame(flows.mean(axis=0), case.flows.index, case.flows.columns)
    assert middle.loc["t0", "t1"] == pytest.approx(case.flows.loc["t0", "t1"], rel=0.1)
    assert middle.loc["t0", "t1"] > middle.loc["t0", "t0"]
    ratio = flows.sum(axis=2)[:, 1] / workers[:, 1]
    assert ratio == pytest.approx(ratio[0])


def test_observed_rows_are_observed_on_the_baseline_and_modelled_in_a_scenario() -> None:
    region = observed(worlds.line_of_towns(3), rows_of(MODELLED, ["t0"]))
    faster = worlds.scenario(worlds.change("set_speed", link="r0", speed_kmh=120.0))
    assert flow_status(case_of(region)).to_dict() == {
        "t0": "observed", "t1": "assumed", "t2": "assumed", "away": "assumed"
    }  # fmt: skip
    assert set(flow_status(case_of(region, faster))) == {"assumed"}
    whole = observed(worlds.line_of_towns(3), rows_of(MODELLED, ["t0", "t1", "t2"]))
    assert flows_from_case(case_of(whole)).status == "observed"
