"""Communities of zones that exchange many commuters: Leiden, with and without the big core."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows, id_ranks, without_places
from agglo.errors import FlowError
from agglo.territory.agreement import Codes, company_share, rand_between
from agglo.territory.commuting_zones import exchange, own_and_next
from agglo.territory.delineation import NO_AREA, Delineation, named_areas
from agglo.transport.topology import Floats

RUNS = 10
ITERATIONS = 2
"""Times that each run goes over the whole network again, from where it stood."""

LEAST_COMPANY_SHARE = 0.5
"""A zone that keeps less of its company has changed it."""

ROUNDING = 12
"""Decimals beyond which shares and agreements differ by rounding only."""

Numbers = npt.NDArray[np.intp]


def community_areas(
    flows: Flows,
    *,
    resolution: float = 1.0,
    seed: int = 0,
    runs: int = RUNS,
    drop: str | Collection[str] = (),
) -> Delineation:
    """Divide zones into communities that commute among themselves more than chance would have it.

    Modularity (Newman 2004; with resolution: Reichardt and Bornholdt 2006) of the undirected
    flows T_ij + T_ji by the Leiden algorithm (Traag, Waltman and van Eck 2019), as Babkin,
    Bereznyatsky and Makhrova (2024) did for the Moscow region with and without Moscow. Who
    lives and works in one zone counts nowhere. Many partitions are almost equally modular
    (Good, de Montjoye and Clauset 2010), so that the best of a few runs hangs on the seed: the
    run that agrees best with all others is taken; of equals the most modular.

    Parameters
    ----------
    resolution
        Above 0; the larger, the smaller the communities.
    seed
        Where the chance of all runs starts.
    runs
        How often the division is tried.
    drop
        Places to leave out with all who commute to or from them, such as the big core.

    Returns
    -------
    community_areas
        Places outside are members that link zones, unless dropped; areas name zones only, by
        the zone with most jobs. ``own_commuters_share`` decided: ``value`` is the share of the
        zone's commuters, out and in, whose other end is in its community, ``threshold`` the
        largest share in any other; the margin may be negative, for modularity weighs the size
        of communities too. A zone without commuters is alone (``no_commuters``); a
        dropped zone is in no area (``dropped``).

    Raises
    ------
    FlowError
        If resolution, seed or runs are out of range, a dropped place is unknown, or no zone
        would remain.
    """
    dropped = _names(drop)
    kept = without_places(flows, dropped) if dropped else flows
    found = _runs(kept, resolution, seed, runs)
    codes = found.codes[found.best]
    return Delineation(
        method="communities",
        areas=_areas(flows, kept, codes),
        parameters={
            "resolution": resolution,
            "seed": seed,
            "runs": runs,
            "drop": ", ".join(dropped),
        },
        status=flows.status,
        notes=_notes(kept, found),
    )


def community_labels(
    flows: Flows, *, resolution: float = 1.0, seed: int = 0, runs: int = RUNS
) -> Codes:
    """Community of each place by number, in the order of the places, for running many times.

    As ``community_areas`` finds them, without names, reasons and notes.
    """
    found = _runs(flows, resolution, seed, runs)
    labels: Codes = found.codes[found.best]
    return labels


def community_runs(
    flows: Flows, *, resolution: float = 1.0, seed: int = 0, runs: int = RUNS
) -> pd.DataFrame:
    """Show how far the communities hang on chance: one row per run of `community_areas`.

    Returns
    -------
    community_runs
        ``communities_count`` (places outside and zones without commuters included),
        ``modularity`` (−0.5 … 1), ``agreement_mean`` and ``agreement_min`` (adjusted Rand index
        with the other runs; 1 for a single run), ``is_chosen``.
    """
    found = _runs(flows, resolution, seed, runs)
    return pd.DataFrame(
        {
            "communities_count": found.codes.max(axis=1) + 1,
            "modularity": found.modularity,
            "agreement_mean": _others(found.likeness).mean(axis=1),
            "agreement_min": _others(found.likeness).min(axis=1),
            "is_chosen": np.arange(runs) == found.best,
        },
        index=pd.RangeIndex(runs, name="run"),
    )


def communities_with_and_without(
    flows: Flows,
    core: str | Collection[str],
    *,
    resolution: float = 1.0,
    seed: int = 0,
    runs: int = RUNS,
) -> pd.DataFrame:
    """Compare the communities with those that form when the big core is left out.

    Parameters
    ----------
    core
        The core's place, or places, inside or outside.

    Returns
    -------
    communities_with_and_without
        Index ``zone_id``, the zones that remain. ``with_id`` and ``without_id`` name the area
        of either run, ``is_with_core`` tells whether the zone is in the community of the core
        (of any of its places), ``company_share`` which part of its company stays (as in
        `company_share` of agreement, the core not counted), and ``is_changed`` whether that is
        less than half.

    Raises
    ------
    FlowError
        As in `community_areas`.
    """
    cores = _names(core)
    rest = without_places(flows, cores)
    zones = rest.inside
    both = [(one, _runs(one, resolution, seed, runs)) for one in (flows, rest)]
    before, after = (pd.Series(run.codes[run.best], index=one.places) for one, run in both)
    company = company_share(before[zones], after[zones])
    return pd.DataFrame(
        {
            "with_id": named_areas(before[flows.inside], flows)[zones],
            "without_id": named_areas(after[zones], rest),
            "is_with_core": before[zones].isin(before[cores]),
            "company_share": company,
            "is_changed": company < LEAST_COMPANY_SHARE,
        },
        index=zones.rename("zone_id"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """All runs of one question: run × place in the order of the places, and run × run."""

    codes: Codes
    modularity: Floats
    likeness: Floats
    best: int


def _runs(flows: Flows, resolution: float, seed: int, runs: int) -> _Runs:
    """Run all, and find the run that agrees best with the others."""
    _check(resolution, seed, runs)
    pairs = exchange(flows).tocoo()
    order = _steady_order(flows, pairs)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    row, column = number[pairs.row], number[pairs.col]
    sort = np.lexsort((column, row))
    row, column, count = row[sort], column[sort], pairs.data[sort]
    seeds = np.random.SeedSequence(seed).generate_state(runs)
    found = np.stack(
        [_leiden(row, column, count, len(order), resolution, int(one)) for one in seeds]
    )
    modularity = _modularity(row, column, count, found, resolution)
    likeness = rand_between(found) if runs > 1 else np.ones((1, 1))
    mean = _others(likeness).mean(axis=1)
    best = np.lexsort((-np.round(modularity, ROUNDING), -np.round(mean, ROUNDING)))[0]
    return _Runs(codes=found[:, number], modularity=modularity, likeness=likeness, best=int(best))


def _check(resolution: float, seed: int, runs: int) -> None:
    if not 0 < resolution < np.inf:
        raise FlowError(f"resolution must be a finite number above 0; got {resolution}")
    for name, value, least in (("seed", seed, 0), ("runs", runs, 1)):
        if value < least:
            raise FlowError(f"{name} must be {least} or more; got {value}")


def _names(places: str | Collection[str]) -> list[str]:
    return [places] if isinstance(places, str) else sorted({str(one) for one in places})


def _others(likeness: Floats) -> Floats:
    """Leave out the likeness of each run with itself, unless it is the only one."""
    runs = len(likeness)
    if runs == 1:
        return likeness
    return likeness[~np.eye(runs, dtype=bool)].reshape(runs, runs - 1)


def _steady_order(flows: Flows, pairs: sparse.coo_array) -> npt.NDArray[np.intp]:
    """Order places by what they are, not by their names: commuters, own ones, partners.

    The course of the algorithm depends on the order of nodes; ids break the last ties only.
    """
    size = len(flows.places)
    partners = np.bincount(pairs.row, minlength=size)
    strength = np.bincount(pairs.row, weights=pairs.data, minlength=size)
    own = flows.counts.diagonal()
    inflow = flows.jobs_count - own
    total = strength.sum() or 1.0
    keys = [np.round(key / total, ROUNDING) for key in (own, inflow, strength)]
    return np.lexsort((id_ranks(flows.places), partners, *keys))


def _leiden(
    row: Numbers, column: Numbers, count: Floats, size: int, resolution: float, seed: int
) -> Codes:
    """Run Leiden once, in units in which a place has one commuter on average."""
    from graspologic_native import leiden_csr

    if not len(row):
        return np.arange(size)
    _, groups = leiden_csr(
        np.searchsorted(row, np.arange(size + 1)).astype(np.int64),
        column.astype(np.int32),
        count * (size / count.sum()),
        size,
        resolution=resolution,
        iterations=ITERATIONS,
        seed=seed,
    )
    codes = np.empty(size, dtype=np.int64)
    codes[np.fromiter(groups.keys(), np.int64, size)] = np.fromiter(groups.values(), np.int64, size)
    return codes


def _modularity(
    row: Numbers, column: Numbers, count: Floats, found: Codes, resolution: float
) -> Floats:
    """Share of commuters within communities less what chance would have, of each run."""
    total = count.sum()
    if not total:
        return np.zeros(len(found))
    strength = np.bincount(row, weights=count, minlength=found.shape[1]) / total
    within = [count[one[row] == one[column]].sum() / total for one in found]
    expected = [(np.bincount(one, weights=strength) ** 2).sum() for one in found]
    return np.array(within) - resolution * np.array(expected)


def _areas(flows: Flows, kept: Flows, codes: Codes) -> pd.DataFrame:
    """Name the communities by their zones, and give each zone its number."""
    weights = exchange(kept)
    own, other = own_and_next(weights, codes)
    all_count = weights.sum(axis=1)
    with np.errstate(invalid="ignore"):
        value, threshold = own / all_count, other / all_count
    inside = ~kept.is_outside
    table = pd.DataFrame(
        {
            "area_id": named_areas(pd.Series(codes[inside], index=kept.inside), kept),
            "decided_by": np.where(all_count > 0, "own_commuters_share", "no_commuters")[inside],
            "value": value[inside],
            "threshold": threshold[inside],
            "margin": (value - threshold)[inside],
        },
        index=kept.inside.rename("zone_id"),
    )
    if kept is flows:
        return table
    table = table.reindex(flows.inside.rename("zone_id"))
    return table.fillna({"area_id": NO_AREA, "decided_by": "dropped"})


def _notes(flows: Flows, found: _Runs) -> tuple[str, ...]:
    quality, counts = found.modularity, found.codes.max(axis=1) + 1
    others = _others(found.likeness)
    codes = pd.Series(found.codes[found.best], index=flows.places)
    zones = codes[~flows.is_outside]
    return (
        f"modularity {quality[found.best]:.4f}; {len(quality)} run(s) found {counts.min()} to "
        f"{counts.max()} communities of modularity {quality.min():.4f} to {quality.max():.4f}; "
        f"adjusted Rand index between runs: mean {others.mean():.3f}, least {others.min():.3f}",
        *(
            f"'{place}' outside belongs to the community of {(zones == code).sum()} zone(s)"
            for place, code in codes[flows.is_outside].items()
        ),
    )
