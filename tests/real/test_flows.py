"""Kansas, Austria and Belgium: published fits and parameters of real commuting and migration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.commuting.calibration import calibrated, cpc_by_parameter
from agglo.commuting.constrained import constrained_flows
from agglo.commuting.deterrence import Deterrence
from agglo.commuting.fit import cpc_share, fit_measures, off_diagonal
from agglo.commuting.poisson import poisson_gravity
from agglo.commuting.radiation import radiation_flows

FORMS = {"exp": "exponential", "pow": "power"}


def square(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, index_col=0).astype(float)
    return frame.set_axis(frame.index.astype(str), axis=0)


def off_diagonal_cost(frame: pd.DataFrame) -> pd.DataFrame:
    """Nobody is asked to stay."""
    return frame.where(~np.eye(len(frame), dtype=bool), np.inf)


@pytest.fixture(scope="module")
def kansas(shared: Path) -> Mapping[str, Any]:
    folder = shared / "data" / "commuting" / "kansas_gravity"
    mass = pd.read_csv(folder / "mass.csv", index_col=0)
    return {
        "seen": square(folder / "od.csv"),
        "km": square(folder / "distance.csv"),
        "population": mass.set_axis(mass.index.astype(str), axis=0)["Population"].astype(float),
        "own": json.loads((folder / "expected_own_ipf.json").read_text(encoding="utf-8")),
        "tdlm": json.loads((folder / "expected.json").read_text(encoding="utf-8")),
    }


@pytest.mark.parametrize(
    ("name", "form", "constraint"),
    [
        ("doubly_exp_mean_cost_calibrated", "exp", "doubly"),
        ("doubly_exp_best_CPC_on_grid", "exp", "doubly"),
        ("production_exp_at_that_param", "exp", "production"),
        ("doubly_pow_mean_cost_calibrated", "pow", "doubly"),
        ("doubly_pow_best_CPC_on_grid", "pow", "doubly"),
        ("production_pow_at_that_param", "pow", "production"),
    ],
)
def test_kansas_gravity_fits_as_measured(
    kansas: Mapping[str, Any], name: str, form: str, constraint: str
) -> None:
    wanted, seen = kansas["own"][name], kansas["seen"]
    key = "decay" if form == "exp" else "exponent"
    flows = constrained_flows(
        off_diagonal_cost(kansas["km"]),
        seen.sum(axis=1),
        seen.sum(axis=0),
        deterrence=Deterrence(form=FORMS[form], **{key: wanted["param"]}),
        constraint=constraint,
    )
    fit = fit_measures(off_diagonal(seen), off_diagonal(flows))
    assert fit["cpc_share"] == pytest.approx(wanted["CPC"], abs=5e-6)
    assert fit["rmse_count"] == pytest.approx(wanted["RMSE"], rel=1e-4)
    assert fit["nrmse"] == pytest.approx(wanted["NRMSE_sqrt_sum_over_N"], rel=1e-4)
    assert fit["srmse"] == pytest.approx(wanted["SRMSE"], rel=1e-4)
    assert fit["r2_pearson"] == pytest.approx(wanted["r2_pearson"], abs=1e-5)
    km = (flows * kansas["km"]).to_numpy().sum() / flows.to_numpy().sum()
    assert km == pytest.approx(wanted["mean_d_sim"], abs=2e-4)


def test_kansas_calibrates_to_its_mean_distance(kansas: Mapping[str, Any]) -> None:
    cost = off_diagonal_cost(kansas["km"])
    for form, name in (("exp", "doubly_exp"), ("pow", "doubly_pow")):
        wanted = kansas["own"][f"{name}_mean_cost_calibrated"]
        found = calibrated(kansas["seen"], cost, form=FORMS[form])
        assert found.value == pytest.approx(wanted["param"], rel=1e-4)
        assert found.cpc_share == pytest.approx(wanted["CPC"], abs=1e-5)
        assert found.modelled_mean_cost == pytest.approx(wanted["mean_d_obs"], abs=1e-4)


def test_kansas_best_cpc_on_the_published_grid_is_the_published_parameter(
    kansas: Mapping[str, Any],
) -> None:
    """TDLM.Rmd: 0.075 per km and 85.6 % as an average of draws; 0.855191 without draws."""
    cost = off_diagonal_cost(kansas["km"])
    grid = [float(value) for value in kansas["tdlm"]["PyTDLM_0.2.2_average"]]
    curve = cpc_by_parameter(kansas["seen"], cost, grid)
    assert curve.idxmax() == kansas["tdlm"]["published"]["param"]
    assert curve.max() == pytest.approx(kansas["tdlm"]["published"]["CPC"], abs=1e-3)
    for value, share in kansas["tdlm"]["PyTDLM_0.2.2_average"].items():
        assert curve[float(value)] == pytest.approx(share, abs=1e-3)
    best = calibrated(kansas["seen"], cost, purpose="best_cpc")
    assert best.value == pytest.approx(0.075, abs=0.005)
    assert best.cpc_share >= curve.max()
    assert best.modelled_mean_cost == pytest.approx(45.07, abs=0.5)


@pytest.mark.parametrize(
    ("constraint", "law"), [("production", "PCM"), ("doubly", "DCM"), ("unconstrained", None)]
)
def test_kansas_radiation_fits_as_published(
    kansas: Mapping[str, Any], constraint: str, law: str | None
) -> None:
    seen = kansas["seen"]
    flows = radiation_flows(
        kansas["km"],
        seen.sum(axis=1),
        seen.sum(axis=0),
        mass_count=kansas["population"],
        constraint=constraint,
        is_finite=law is not None,
    )
    if law is None:
        assert flows.to_numpy().sum() == pytest.approx(192_613.9, abs=0.05)
        assert cpc_share(seen, flows) == pytest.approx(0.6142, abs=5e-5)
    else:
        wanted = kansas["tdlm"]["PyTDLM_Rad"][law]
        assert cpc_share(seen, flows) == pytest.approx(wanted, abs=5e-4)


@pytest.fixture(scope="module")
def austria(shared: Path) -> Mapping[str, Any]:
    folder = shared / "data" / "commuting" / "austria_migration"
    table = pd.read_csv(folder / "flows.csv")
    return {
        "seen": table.pivot(index="origin", columns="destination", values="flow").fillna(0.0),
        "km": table.pivot(index="origin", columns="destination", values="distance").fillna(np.inf),
        "out": table.groupby("origin")["o_var"].first(),
        "into": table.groupby("destination")["d_var"].first(),
        "wanted": json.loads((folder / "expected.json").read_text(encoding="utf-8")),
    }


@pytest.mark.parametrize(
    "name",
    [
        "gravity_exp", "gravity_pow", "production_exp", "production_pow", "attraction_exp",
        "doubly_exp", "doubly_pow",
    ],
)  # fmt: skip
def test_austrian_migration_gives_the_parameters_of_the_regression(
    austria: Mapping[str, Any], name: str
) -> None:
    wanted = austria["wanted"][name]
    model, form = name.split("_")
    own = poisson_gravity(
        austria["seen"],
        austria["km"],
        workers_count=austria["out"],
        jobs_count=austria["into"],
        form=FORMS[form],
        constraint="unconstrained" if model == "gravity" else model,
    )
    effects = [
        *(own.row_effects[1:] if model in ("production", "doubly") else []),
        *(own.column_effects[1:] if model in ("attraction", "doubly") else []),
    ]
    mine = [own.constant, *effects, *own.coefficients]
    np.testing.assert_allclose(mine, wanted["params"], atol=2e-7)
    for key, theirs, precision in (
        ("aic", "AIC", 1e-6), ("log_likelihood", "llf", 1e-6), ("deviance", "deviance", 1e-3),
        ("d2", "D2", 1e-7), ("pseudo_r2", "pseudoR2", 1e-7), ("ssi", "SSI", 1e-7),
        ("srmse", "SRMSE", 1e-7), ("cpc_share", "CPC", 1e-7),
    ):  # fmt: skip
        assert own.measures[key] == pytest.approx(wanted[theirs], abs=precision), key


@pytest.fixture(scope="module")
def belgium(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Commuters between communes, and km between their middles and inside them."""
    folder = shared / "data" / "commuting" / "belgium_fua"
    table = pd.read_csv(folder / "flows.csv", dtype={"live": str, "work": str})
    zones = gpd.read_file(folder / "zones.gpkg").to_crs("EPSG:31370").set_index("zone")
    seen = table.pivot(index="live", columns="work", values="n").fillna(0.0)
    zones = zones.loc[seen.index]
    middle = np.column_stack([zones.centroid.x, zones.centroid.y]) / 1000
    km = np.hypot(*(middle[:, None] - middle).transpose(2, 0, 1))
    np.fill_diagonal(km, np.sqrt(zones.area / 1e6 / np.pi) / 2)
    return seen, pd.DataFrame(km, seen.index, seen.index)


@pytest.mark.parametrize(
    ("deterrence", "constraint", "wanted"),
    [
        (Deterrence(form="root_exponential", decay=1.2), "doubly", 0.775),
        (Deterrence(form="exponential", decay=0.15), "doubly", 0.707),
        (Deterrence(form="power", exponent=2.0), "doubly", 0.760),
        (Deterrence(form="power", exponent=2.0), "production", 0.746),
    ],
    ids=lambda one: one.form if isinstance(one, Deterrence) else str(one),
)
def test_belgian_commuting_fits_as_measured(
    belgium: tuple[pd.DataFrame, pd.DataFrame],
    deterrence: Deterrence,
    constraint: str,
    wanted: float,
) -> None:
    """delineation.md, section 1.10, whose way inside a commune is not told: within 0.005."""
    seen, km = belgium
    flows = constrained_flows(
        km, seen.sum(axis=1), seen.sum(axis=0), deterrence=deterrence, constraint=constraint
    )
    assert cpc_share(seen, flows) == pytest.approx(wanted, abs=0.005)


def test_belgian_radiation_with_those_who_stay_fits_as_measured(
    belgium: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    seen, km = belgium
    stay = pd.Series(np.diag(seen), seen.index)
    flows = radiation_flows(km, seen.sum(axis=1) - stay, seen.sum(axis=0))
    whole = flows + np.diag(stay)
    assert cpc_share(seen, whole) == pytest.approx(0.609, abs=0.005)
