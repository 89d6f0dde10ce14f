"""Whether an area can stand as a labour market: large and self-contained enough, in one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from agglo.commuting.flows import Flows
from agglo.errors import FlowError
from agglo.territory.delineation import NO_AREA, Delineation
from agglo.transport.topology import Floats

Bools = npt.NDArray[np.bool_]

LEAST_VALIDITY = 1.0
"""Validity from which an area stands."""

DECIMALS = 12
"""Of self-containment and validity: a rule does not hang on how computers round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What is asked of a labour market area: smaller ones must be more self-contained."""

    min_size_count: float
    """Employed residents below which no area is valid, unless nobody commutes in or out."""

    min_self_containment_share: float
    """Self-containment that is enough at the target size and above."""

    target_size_count: float
    """Employed residents from which size asks no more self-containment."""

    target_self_containment_share: float
    """Self-containment that is enough at the least size."""

    def __post_init__(self) -> None:
        """Refuse numbers between which nothing can be traded."""
        sizes = (self.min_size_count, self.target_size_count)
        shares = (self.min_self_containment_share, self.target_self_containment_share)
        if not 0 < sizes[0] < sizes[1] < np.inf:
            raise FlowError(
                f"labour market areas: the least size must be above 0 and below the target size; "
                f"got {sizes[0]:g} and {sizes[1]:g}; mend min_size_count or target_size_count"
            )
        if not 0 < shares[0] <= shares[1] <= 1:
            raise FlowError(
                "labour market areas: the least self-containment must be a share above 0, the "
                f"target not below it and at most 1; got {shares[0]:g} and {shares[1]:g}; mend "
                "min_self_containment_share or target_self_containment_share"
            )


STANDARDS: Mapping[str, Standard] = MappingProxyType(
    {
        "uk_2007": Standard(
            min_size_count=3_500,
            min_self_containment_share=0.667,
            target_size_count=25_000,
            target_self_containment_share=0.75,
        ),
        "istat": Standard(
            min_size_count=1_000,
            min_self_containment_share=0.6667,
            target_size_count=10_000,
            target_self_containment_share=0.75,
        ),
    }
)
"""Standards in use: the travel-to-work areas of the United Kingdom (Coombes and Bond 2008; the
same in 2011), and the local labour systems of Italy as in the documentation of Istat's package
LabourMarketAreas (2023), which also shows 0.60 as the least self-containment."""


def validity(
    residents_count: npt.ArrayLike,
    jobs_count: npt.ArrayLike,
    internal_count: npt.ArrayLike,
    *,
    standard: Standard,
) -> Floats:
    """Tell how far areas meet a standard (Coombes and Bond 2008): 1 and above are valid.

    ``[1 − (1 − minSC/tarSC) · max((tarSZ − R)/(tarSZ − minSZ), 0)] · min(SC/tarSC, 1) ·
    tarSC/minSC`` with ``SC = min(T/R, T/W)``; 1 where SC is 1. Between the two sizes the
    self-containment that is asked for falls along a hyperbola, not a line.

    Parameters
    ----------
    residents_count
        R: who lives in the area and works anywhere, persons.
    jobs_count
        W: who works in the area and lives anywhere.
    internal_count
        T: who lives and works in it.

    Returns
    -------
    validity
        One number for each area; 0 where nobody lives in it or nobody works in it.

    Examples
    --------
    >>> validity([28895], [34742], [26868], standard=STANDARDS["istat"]).round(6).tolist()
    [1.124944]
    """
    lives, works, both = (
        np.atleast_1d(np.asarray(one, dtype=np.float64)).tolist()
        for one in (residents_count, jobs_count, internal_count)
    )
    return np.array(
        [validity_of_one(r, w, t, standard) for r, w, t in zip(lives, works, both, strict=True)],
        dtype=np.float64,
    )


def validity_of_areas(
    delineation: Delineation, flows: Flows, *, standard: Standard
) -> pd.DataFrame:
    """Describe the areas of any delineation by what a standard of labour markets asks.

    Returns
    -------
    validity_of_areas
        Index ``area_id`` in order of first appearance; ``zones_count``, ``size_count``
        (residents whose workplace is known, R), ``jobs_count`` (W), ``internal_count`` (T),
        ``self_containment_share`` (the smaller of T/R and T/W, nan without either),
        ``validity`` and ``is_valid``. Who commutes to or from zones that ``labour_market_areas``
        leaves out is not counted.
    """
    linked, residents, jobs = linked_zones(flows.counts, flows.is_outside)
    area = delineation.areas["area_id"].reindex(flows.places).fillna(NO_AREA)
    names = pd.Index(dict.fromkeys(area[area != NO_AREA]), dtype=object, name="area_id")
    code = names.get_indexer(area)
    counted = linked & (code >= 0)
    pairs = flows.counts.tocoo()
    own = counted[pairs.row] & counted[pairs.col] & (code[pairs.row] == code[pairs.col])
    size = len(names)
    r, w = (np.bincount(code[counted], one[counted], size) for one in (residents, jobs))
    t = np.bincount(code[pairs.row[own]], pairs.data[own], size)
    found = validity(r, w, t, standard=standard)
    larger = np.maximum(r, w)
    return pd.DataFrame(
        {
            "zones_count": np.bincount(code[code >= 0], minlength=size),
            "size_count": r,
            "jobs_count": w,
            "internal_count": t,
            "self_containment_share": np.divide(
                t, larger, out=np.full(size, np.nan), where=larger > 0
            ),
            "validity": found,
            "is_valid": found >= LEAST_VALIDITY,
        },
        index=names,
    )


def linked_zones(counts: sparse.csr_array, is_outside: Bools) -> tuple[Bools, Floats, Floats]:
    """Find the zones that take part, and who lives and works in each place.

    Left out are, again and again, zones where nobody lives or nobody works, or that send nobody
    to any other place and get nobody from it; who commutes to or from such a zone is then not
    counted any more.

    Returns
    -------
    linked, residents, jobs
        By place; counted are the places that take part and the outside, for a zone that is left
        out those that took part when it left.
    """
    internal = counts.diagonal()
    linked = ~is_outside
    left = np.zeros((2, len(linked)))
    while True:
        counted = (linked | is_outside).astype(float)
        residents, jobs = counts @ counted, counted @ counts
        is_alone = (internal == residents) & (internal == jobs)
        lost = linked & ((residents <= 0) | (jobs <= 0) | is_alone)
        if not lost.any():
            gone = counted == 0
            return linked, np.where(gone, left[0], residents), np.where(gone, left[1], jobs)
        left[:, lost] = residents[lost], jobs[lost]
        linked = linked & ~lost


def validity_of_one(residents: float, jobs: float, internal: float, standard: Standard) -> float:
    """Return the validity of one area, as fast as a search for areas needs it."""
    larger = max(residents, jobs)
    if larger <= 0:
        return 0.0
    contained = internal / larger
    if round(contained, DECIMALS) == 1:
        return 1.0
    least, target = standard.min_self_containment_share, standard.target_self_containment_share
    short = (standard.target_size_count - residents) / (
        standard.target_size_count - standard.min_size_count
    )
    asked = 1 - (1 - least / target) * max(short, 0.0)
    return round(asked * min(contained / target, 1.0) * target / least, DECIMALS)
