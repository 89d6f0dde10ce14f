"""Which assumption moves a score: one at a time, and shares of the variance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from agglo.errors import SettingsError, TableError
from agglo.transport.topology import Floats

Ranges = Mapping[str, tuple[float, float]]
"""Low and high end by assumption; values are spread evenly between."""

RESAMPLES_COUNT = 200
MORRIS_LEVELS = 4

TORNADO = (
    "scenario", "goal", "assumption", "low_value", "high_value", "score_low", "score_high", "swing",
)  # fmt: skip


def tornado(ends: pd.DataFrame, central: pd.DataFrame | None = None) -> pd.DataFrame:
    """Set the scores at both ends of each assumption side by side, the widest swing first.

    Parameters
    ----------
    ends
        ``scenario``, ``goal``, ``assumption``, ``end`` ('low' or 'high'), ``value`` and
        ``score``: one assumption at one end, all others at their centre.
    central
        Scenario × goal: scores with every assumption at its centre. An end that was not run is
        where the centre is, and takes this score; the swing then spans the centre too, so a
        score that rises to both ends does not look still.

    Returns
    -------
    tornado
        ``scenario``, ``goal``, ``assumption``, ``low_value``, ``high_value``, ``score_low``,
        ``score_high``, ``swing`` (points, 0 or more); ``nan`` where a score is unknown.
    """
    keys = ["scenario", "goal", "assumption"]
    _check_ends(ends, keys)
    wide = ends.pivot(index=keys, columns="end", values=["value", "score"])
    index = wide.index
    found = {
        f"{what}_{end}": wide[(what, end)].to_numpy(float)
        if (what, end) in wide.columns
        else np.full(len(wide), np.nan)
        for what in ("value", "score")
        for end in ("low", "high")
    }
    was_run = {
        end: index.isin(pd.MultiIndex.from_frame(ends.loc[ends["end"] == end, keys]))
        for end in ("low", "high")
    }
    middle = _central_scores(index, central)
    for end, ran in was_run.items():
        found[f"score_{end}"] = np.where(ran, found[f"score_{end}"], middle)
    spread = [found["score_low"], found["score_high"]]
    spread += [] if central is None else [middle]
    frame = index.to_frame(index=False).assign(
        low_value=found["value_low"],
        high_value=found["value_high"],
        score_low=found["score_low"],
        score_high=found["score_high"],
        swing=np.max(spread, axis=0) - np.min(spread, axis=0),
    )
    ordered = frame.sort_values(
        ["scenario", "goal", "swing", "assumption"], ascending=[True, True, False, True]
    )
    return ordered.reset_index(drop=True)[list(TORNADO)]


def sobol_samples(ranges: Ranges, *, count: int, seed: int) -> pd.DataFrame:
    """Draw the values with which Sobol indices are found (Saltelli 2010).

    Parameters
    ----------
    count
        Size of the two base samples, a power of 2.

    Returns
    -------
    sobol_samples
        Columns assumptions; ``count`` × (assumptions + 2) rows, to be run in this order.

    Raises
    ------
    SettingsError
        If ``count`` is no power of 2.
    """
    if count < 2 or count & (count - 1):
        raise SettingsError(f"count must be a power of 2, such as 1024; got {count}")
    sample = _salib("sample.sobol")
    drawn = sample.sample(_problem(ranges), count, calc_second_order=False, seed=seed)
    return pd.DataFrame(drawn, columns=list(ranges))


def sobol_indices(outputs: pd.Series, ranges: Ranges, *, seed: int) -> pd.DataFrame:
    """Share the variance of an output among assumptions (Sobol 1993; totals Homma, Saltelli 1996).

    Parameters
    ----------
    outputs
        One for every row of ``sobol_samples``, in that order.
    seed
        Of the resampling behind the errors.

    Returns
    -------
    sobol_indices
        By assumption: ``first_share`` (what it explains alone), ``total_share`` (with all that
        it takes part in), and ``first_error``, ``total_error``, half-widths of their 95 %
        intervals (bootstrap). All 0 where the output does not move.
    """
    values = _outputs(outputs, rows=len(ranges) + 2)
    names = ["first_share", "first_error", "total_share", "total_error"]
    if np.ptp(values) == 0:
        return pd.DataFrame(0.0, index=pd.Index(list(ranges), name="assumption"), columns=names)
    found = _salib("analyze.sobol").analyze(
        _problem(ranges), values, calc_second_order=False, num_resamples=RESAMPLES_COUNT, seed=seed
    )
    columns = [found[key] for key in ("S1", "S1_conf", "ST", "ST_conf")]
    return _by_assumption(ranges, dict(zip(names, columns, strict=True)))


def morris_samples(ranges: Ranges, *, count: int, seed: int) -> pd.DataFrame:
    """Draw ways that change one assumption at a time (Morris 1991).

    Returns
    -------
    morris_samples
        Columns assumptions; ``count`` ways of assumptions + 1 rows, to be run in this order.
    """
    sample = _salib("sample.morris")
    drawn = sample.sample(_problem(ranges), count, num_levels=MORRIS_LEVELS, seed=seed)
    return pd.DataFrame(drawn, columns=list(ranges))


def morris_effects(
    samples: pd.DataFrame, outputs: pd.Series, ranges: Ranges, *, seed: int
) -> pd.DataFrame:
    """Screen assumptions by elementary effects (Morris 1991; mean of sizes Campolongo et al. 2007).

    Returns
    -------
    morris_effects
        By assumption, in units of the output over the whole range: ``effect_mean``,
        ``effect_size`` (mean of absolute effects), ``effect_spread`` (standard deviation: how
        much it depends on where the others are) and ``effect_error`` (95 % half-width of the
        size).
    """
    values = _outputs(outputs, rows=len(ranges) + 1)
    found = _salib("analyze.morris").analyze(
        _problem(ranges), samples[list(ranges)].to_numpy(float), values,
        num_levels=MORRIS_LEVELS, num_resamples=RESAMPLES_COUNT, seed=seed,
    )  # fmt: skip
    keys = {"effect_mean": "mu", "effect_size": "mu_star", "effect_spread": "sigma",
            "effect_error": "mu_star_conf"}  # fmt: skip
    return _by_assumption(ranges, {name: np.asarray(found[key]) for name, key in keys.items()})


def _salib(module: str) -> ModuleType:
    """Import a part of SALib, an optional dependency."""
    from importlib import import_module

    try:
        return import_module(f"SALib.{module}")
    except ImportError as error:
        raise SettingsError(
            "shares of variance by Sobol or Morris need SALib; install agglo[sensitivity], or use "
            "first_order_shares, which needs nothing more"
        ) from error


def _problem(ranges: Ranges) -> dict[str, Any]:
    for name, (low, high) in ranges.items():
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise SettingsError(f"the range of '{name}' must rise and be finite; got {low}–{high}")
    if not ranges:
        raise SettingsError("there is no assumption to vary; give at least one range")
    return {
        "num_vars": len(ranges),
        "names": list(ranges),
        "bounds": [list(ends) for ends in ranges.values()],
    }


def _outputs(outputs: pd.Series, *, rows: int) -> Floats:
    values = outputs.to_numpy(float)
    if not len(values) or len(values) % rows:
        raise TableError(f"outputs need a multiple of {rows} rows; got {len(values)}")
    if not np.isfinite(values).all():
        raise TableError("outputs hold an unknown or infinite value; variance has no shares there")
    return values


def _by_assumption(ranges: Ranges, columns: Mapping[str, Floats]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: np.asarray(column, float) for name, column in columns.items()},
        index=pd.Index(list(ranges), name="assumption"),
    )


def _check_ends(ends: pd.DataFrame, keys: list[str]) -> None:
    wrong = ends.loc[~ends["end"].isin(["low", "high"]), "end"]
    if len(wrong):
        raise TableError(f"an end is 'low' or 'high'; got '{wrong.iloc[0]}'")
    if ends.duplicated([*keys, "end"]).any():
        row = ends[ends.duplicated([*keys, "end"])].iloc[0]
        raise TableError(
            f"scenario '{row['scenario']}' has two scores of '{row['goal']}' at the {row['end']} "
            f"end of {row['assumption']}; keep one"
        )


def _central_scores(index: pd.Index, central: pd.DataFrame | None) -> Floats:
    if central is None:
        return np.full(len(index), np.nan)
    rows = central.index.get_indexer(index.get_level_values("scenario"))
    columns = central.columns.get_indexer(index.get_level_values("goal"))
    found: Floats = central.to_numpy(float)[rows, columns]
    return np.where((rows >= 0) & (columns >= 0), found, np.nan)
