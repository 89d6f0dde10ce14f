"""What is known of a published raster product, and which of them show a change together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from agglo.errors import LayerError
from agglo.rasters import QUANTITIES, ROLES, LandClass
from agglo.tables import STATUSES

ANY = ""
"""Stands for every type of number that can hold the nodata value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One published raster product, of any epoch."""

    id: str
    title: str
    title_ru: str
    role: str
    quantity: str
    unit: str
    """Of a cell's number after scale and offset."""

    resolution: str
    """As published, such as '100 m, 1 km; 3″, 30″'."""

    crs: str
    """As published; a cut file may be in another."""

    epochs: tuple[str, ...]
    """Years known; empty for scenes, which have a day each."""

    nodata: Mapping[str, float] = field(default_factory=dict)
    """The number that marks gaps, by type of number in the file; '' stands for every type."""

    scale: float = 1.0
    offset: float = 0.0
    licence: str
    attribution: str
    source: str
    """Authors, year and title; 'unverified' where that was not read in the original."""

    doi: str = ""
    classes: Mapping[int, LandClass] = field(default_factory=dict)
    change_pair_with: tuple[str, ...] = ()
    """Ids of products whose other epochs may be compared with this one's, its own among them."""

    scene: str = ""
    """Kind of scene that it is a band of, such as 'sentinel2_l2a'."""

    status: str = STATUSES[1]
    note: str
    note_ru: str
    """What it is unfit for."""

    def __post_init__(self) -> None:
        """Refuse words that nothing here knows."""
        for what, value, known in (
            ("quantity", self.quantity, QUANTITIES),
            ("role", self.role, ROLES),
            ("status", self.status, STATUSES),
        ):
            if value not in known:
                raise LayerError(
                    f"product '{self.id}': {what} must be one of {', '.join(known)}; got '{value}'"
                )
        object.__setattr__(self, "nodata", MappingProxyType(dict(self.nodata)))
        object.__setattr__(self, "classes", MappingProxyType(dict(self.classes)))

    @property
    def cited(self) -> str:
        """Source with its DOI."""
        return f"{self.source}, doi {self.doi}" if self.doi else self.source


def nodata_of(product: Product, dtype: str) -> float | None:
    """Return the product's nodata value for one type of number; None where it has none."""
    if dtype in product.nodata:
        return product.nodata[dtype]
    value = product.nodata.get(ANY)
    kind = np.dtype(dtype)
    if value is None or kind.kind not in "iu":
        return value
    whole = np.iinfo(kind)
    return value if whole.min <= value <= whole.max else None


def check_change_pair(first: Product, second: Product) -> None:
    """Refuse two products whose difference is no change on the ground.

    Raises
    ------
    LayerError
        If one was not made to be compared with the other.
    """
    if second.id in first.change_pair_with and first.id in second.change_pair_with:
        return
    reasons = "; ".join(
        f"{one.title}: {one.note}" for one in {first.id: first, second.id: second}.values()
    )
    shared = sorted(set(first.change_pair_with) & set(second.change_pair_with))
    hint = f" (both go with {', '.join(shared)})" if shared else ""
    raise LayerError(
        f"'{first.id}' and '{second.id}' are no change pair: their difference would show how they "
        f"were made, not what changed; take two epochs of one product{hint}. {reasons}"
    )
