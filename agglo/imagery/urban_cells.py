"""The degree of urbanisation of cells: levels 1 and 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from agglo.imagery.urban_centres import QUEEN, Bools, Ints, clusters, is_water, urban_centres
from agglo.imagery.urban_rules import UrbanRules
from agglo.imagery.urban_surfaces import UrbanSurfaces
from agglo.rasters import LandClass

Codes = npt.NDArray[np.uint8]

WATER, RURAL, CLUSTER, CENTRE = 0, 1, 2, 3
"""Codes of level 1."""

CELL_CLASSES = {
    CENTRE: LandClass(kind="", name_ru="городской центр", name_en="urban centre", colour="#d7301f"),
    CLUSTER: LandClass(
        kind="", name_ru="городской кластер", name_en="urban cluster", colour="#fdae61"
    ),
    RURAL: LandClass(kind="", name_ru="сельская ячейка", name_en="rural cell", colour="#b8d9a0"),
    WATER: LandClass(kind="", name_ru="вода", name_en="water", colour="#9ecae1"),
}  # fmt: skip
"""Names and colours of level 1."""

(
    WATER_2, VERY_LOW, LOW, RURAL_CLUSTER, SUBURBAN, SEMI_DENSE, DENSE, CENTRE_2
) = 10, 11, 12, 13, 21, 22, 23, 30  # fmt: skip
"""Codes of level 2."""

CELL_CLASSES_2 = {
    CENTRE_2: LandClass(
        kind="", name_ru="городской центр", name_en="urban centre", colour="#d7301f"
    ),
    DENSE: LandClass(
        kind="", name_ru="плотный городской кластер", name_en="dense urban cluster",
        colour="#7f2704",
    ),
    SEMI_DENSE: LandClass(
        kind="", name_ru="полуплотный городской кластер", name_en="semi-dense urban cluster",
        colour="#a6761d",
    ),
    SUBURBAN: LandClass(
        kind="", name_ru="пригородная ячейка", name_en="suburban or peri-urban cell",
        colour="#fee391",
    ),
    RURAL_CLUSTER: LandClass(
        kind="", name_ru="сельский кластер", name_en="rural cluster", colour="#41763c"
    ),
    LOW: LandClass(
        kind="", name_ru="сельская ячейка низкой плотности", name_en="low density rural cell",
        colour="#a1c77a",
    ),
    VERY_LOW: LandClass(
        kind="", name_ru="сельская ячейка очень низкой плотности",
        name_en="very low density rural cell", colour="#dbeec8",
    ),
    WATER_2: LandClass(kind="", name_ru="вода", name_en="water", colour="#9ecae1"),
}  # fmt: skip
"""Names and colours of level 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanCells:
    """Classes of cells, and which centre or cluster each belongs to."""

    level_1: Codes
    """Rows × columns, codes of ``CELL_CLASSES``."""

    level_2: Codes
    """Rows × columns, codes of ``CELL_CLASSES_2``."""

    centre_number: Ints
    """1 for the most populous urban centre and so on; 0 where a cell is in none."""

    cluster_number: Ints
    """The same of connected urban cells, centres and clusters together, corners included."""

    surfaces: UrbanSurfaces
    rules: UrbanRules
    notes: tuple[str, ...] = ()


def urban_cells(surfaces: UrbanSurfaces, *, rules: UrbanRules | None = None) -> UrbanCells:
    """Class cells by the degree of urbanisation (GHS-SMOD, R2023A), levels 1 and 2.

    Level 1: urban centres (3), urban clusters (2), rural cells (1), water (0). Level 2: urban
    centre (30), dense (23) and semi-dense (22) urban cluster, suburban (21), rural cluster (13),
    low (12) and very low density (11), water (10). A cell of a dense or semi-dense cluster may
    be rural on level 1, where less than 5,000 people live around it at 300 per km²; in all else
    level 2 divides level 1.

    Parameters
    ----------
    rules
        Thresholds; without them those of ``urban_rules()``.

    Examples
    --------
    >>> from agglo.rasters import Grid
    >>> grid = Grid(crs="ESRI:54009", transform=(1000, 0, 0, 0, -1000, 0), height=1, width=3)
    >>> people = np.array([[60_000.0, 400.0, 40.0]])
    >>> land, built = np.ones((1, 3)), np.zeros((1, 3))
    >>> surfaces = UrbanSurfaces(
    ...     grid=grid, people_count=people, built_share=built, land_share=land
    ... )
    >>> found = urban_cells(surfaces)
    >>> found.level_1.tolist(), found.level_2.tolist()
    ([[3, 2, 1]], [[30, 21, 11]])
    """
    rules = rules or UrbanRules()
    centres = urban_centres(surfaces, rules)
    urban = clusters(surfaces, rules.cluster) > 0
    water = is_water(surfaces, rules)
    level_1 = _level_1(centres > 0, urban, water)
    connected, _ = ndimage.label(level_1 >= CLUSTER, structure=QUEEN)
    people = surfaces.people_count
    centres = by_size(centres, people)
    return UrbanCells(
        level_1=level_1,
        level_2=_level_2(surfaces, rules, centres > 0, urban, water),
        centre_number=centres,
        cluster_number=by_size(connected, people),
        surfaces=surfaces,
        rules=rules,
        notes=(*surfaces.notes, *_notes(centres)),
    )


def by_size(numbers: Ints, people_count: npt.NDArray[np.float64]) -> Ints:
    """Number groups anew, the most populous first; of equals the one further north, then west."""
    flat = numbers.ravel()
    cells = np.flatnonzero(flat)
    size = int(flat.max(initial=0)) + 1
    first = np.full(size, -1)
    # written from the south-east, so the first cell of each stays
    first[flat[cells[::-1]]] = cells[::-1]
    people = np.bincount(flat, people_count.ravel(), minlength=size)
    there = np.flatnonzero(first >= 0)
    renamed = np.zeros(size, dtype=np.int64)
    renamed[there[np.lexsort((first[there], -people[there]))]] = np.arange(1, len(there) + 1)
    return renamed[numbers]


def _level_1(is_centre: Bools, is_urban: Bools, is_water: Bools) -> Codes:
    codes = np.full(is_centre.shape, RURAL, dtype=np.uint8)
    codes[is_water] = WATER
    codes[is_urban] = CLUSTER
    codes[is_centre] = CENTRE
    return codes


def _level_2(
    surfaces: UrbanSurfaces, rules: UrbanRules, is_centre: Bools, is_urban: Bools, is_water: Bools
) -> Codes:
    is_dense = clusters(surfaces, rules.dense) > 0
    density = surfaces.density_per_km2
    codes = np.full(is_centre.shape, VERY_LOW, dtype=np.uint8)
    codes[is_water] = WATER_2
    # from the last choice to the first, each over the one before
    for code, chosen in (
        (LOW, density >= rules.low_density_per_km2),
        (RURAL_CLUSTER, clusters(surfaces, rules.rural_cluster) > 0),
        (SUBURBAN, is_urban),
        (SEMI_DENSE, _is_semi_dense(surfaces, rules, is_centre | is_dense)),
        (DENSE, is_dense),
        (CENTRE_2, is_centre),
    ):
        codes[chosen] = code
    return codes


def _is_semi_dense(surfaces: UrbanSurfaces, rules: UrbanRules, is_denser: Bools) -> Bools:
    """Find clusters that lie wholly clear of centres and dense clusters."""
    found = clusters(surfaces, rules.semi_dense)
    near = is_denser
    if rules.buffer_count:
        near = ndimage.binary_dilation(is_denser, structure=QUEEN, iterations=rules.buffer_count)
    clear = np.ones(int(found.max(initial=0)) + 1, dtype=bool)
    clear[found[near]] = False
    clear[0] = False
    return clear[found]


def _notes(centres: Ints) -> list[str]:
    if not centres.any():
        return ["there is no urban centre: no cluster of dense cells has enough people"]
    edge = np.unique(np.concatenate([centres[0], centres[-1], centres[:, 0], centres[:, -1]]))
    cut = edge[edge > 0]
    if not len(cut):
        return []
    return [
        f"{len(cut)} urban centre(s) of {int(centres.max())} touch the edge of the raster and may "
        "be larger, and a part cut off may be missing; take a raster that reaches further"
    ]
