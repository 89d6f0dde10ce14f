"""Spectral indices as data: two bands, a formula, its range and its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from agglo.errors import LayerError
from agglo.rasters import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of two bands."""

    title: str
    title_ru: str
    bands: tuple[str, str]
    """Common names, as STAC has them."""

    formula: Callable[[Floats, Floats], Floats]
    text: str
    """The formula as it is written."""

    least: float = -1.0
    most: float = 1.0
    """Range for reflectances of 0 to 1; of normalised differences for any numbers not below 0."""

    says: str
    """What a high number means."""

    role: str = "other"
    reflectance_only: bool = False
    """Whether it changes when all bands are scaled alike, so that picture brightness won't do."""

    source: str


def normalised_difference(first: Floats, second: Floats) -> Floats:
    """Return (first − second) / (first + second), in the frame of the two.

    It is ``nan`` where either is, and where the sum is 0 or below: no light came back, or less
    than none after correction for the air, and the ratio would say nothing or change its sign.
    It lies within −1 and 1 where neither number is negative; it is not clipped to that.

    Raises
    ------
    LayerError
        If the shapes differ.
    """
    one, two = _floats(first, second)
    total = one + two
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.where(total > 0, (one - two) / total, np.nan)


def soil_adjusted(nir: Floats, red: Floats) -> Floats:
    """Return 1.5 · (nir − red) / (nir + red + 0.5) of reflectances (Huete 1988, L = 0.5)."""
    one, two = _floats(nir, red)
    return 1.5 * (one - two) / _above_zero(one + two + 0.5)


def enhanced_two_band(nir: Floats, red: Floats) -> Floats:
    """Return 2.5 · (nir − red) / (nir + 2.4 · red + 1) of reflectances (Jiang et al. 2008)."""
    one, two = _floats(nir, red)
    return 2.5 * (one - two) / _above_zero(one + 2.4 * two + 1.0)


INDICES: Mapping[str, Index] = MappingProxyType({
    "ndvi": Index(
        title="Vegetation index NDVI", title_ru="Индекс растительности NDVI",
        bands=("nir", "red"), formula=normalised_difference, text="(nir − red) / (nir + red)",
        says="denser green vegetation", role="vegetation",
        source="Rouse, Haas, Schell and Deering 1974, NASA SP-351, pp. 309–317",
    ),
    "ndbi": Index(
        title="Built-up index NDBI", title_ru="Индекс застройки NDBI",
        bands=("swir16", "nir"), formula=normalised_difference,
        text="(swir16 − nir) / (swir16 + nir)", says="built-up or bare land",
        source="Zha, Gao and Ni 2003, Int. J. Remote Sensing 24(3), pp. 583–594",
    ),
    "ndwi": Index(
        title="Water index NDWI", title_ru="Индекс воды NDWI",
        bands=("green", "nir"), formula=normalised_difference,
        text="(green − nir) / (green + nir)", says="open water above about 0",
        source="McFeeters 1996, Int. J. Remote Sensing 17(7), pp. 1425–1432",
    ),
    # with the band at 1.6 µm it is minus NDBI to the last digit: two names for one picture
    "ndmi": Index(
        title="Moisture index NDMI", title_ru="Индекс влажности NDMI",
        bands=("nir", "swir16"), formula=normalised_difference,
        text="(nir − swir16) / (nir + swir16)", says="wetter leaves",
        source="Wilson and Sader 2002, Remote Sensing of Environment 80(3), pp. 385–396, after Gao "
        "1996, the same 58(3), pp. 257–266, who has 1.24 µm and calls it NDWI too",
    ),
    "savi": Index(
        title="Soil-adjusted vegetation index SAVI", title_ru="Индекс растительности SAVI",
        bands=("nir", "red"), formula=soil_adjusted,
        text="1.5 · (nir − red) / (nir + red + 0.5)", says="denser green vegetation",
        role="vegetation", reflectance_only=True,
        source="Huete 1988, Remote Sensing of Environment 25(3), pp. 295–309",
    ),
    "evi2": Index(
        title="Vegetation index EVI2", title_ru="Индекс растительности EVI2",
        bands=("nir", "red"), formula=enhanced_two_band,
        text="2.5 · (nir − red) / (nir + 2.4 · red + 1)", least=-2.5 / 3.4, most=1.25,
        says="denser green vegetation", role="vegetation", reflectance_only=True,
        source="Jiang, Huete, Didan and Miura 2008, Remote Sensing of Environment 112(10), "
        "pp. 3833–3845",
    ),
})  # fmt: skip
"""The indices by name; volumes and pages are unverified."""


def _floats(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape:
        raise LayerError(f"two bands have the shapes {one.shape} and {two.shape}; wanted one")
    return one, two


def _above_zero(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
