"""Names the bands of a satellite scene by colour, and says which of its cells are clear."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from agglo.errors import LayerError
from agglo.imagery.indices import Clear
from agglo.layers.clouds import Bools, clear_of_bqa, clear_of_qa_pixel, clear_of_scl
from agglo.rasters import Floats, RasterLayer

SENTINEL_2 = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir16": "B11",
              "swir22": "B12"}  # fmt: skip
LANDSAT_4_TO_7 = {"blue": "B1", "green": "B2", "red": "B3", "nir": "B4", "swir16": "B5",
                  "swir22": "B7"}  # fmt: skip
LANDSAT_8_AND_9 = {"blue": "B2", "green": "B3", "red": "B4", "nir": "B5", "swir16": "B6",
                   "swir22": "B7"}  # fmt: skip
"""Common names as STAC has them, and how each maker numbers its bands."""

NARROW_INFRARED = "B8A"
"""Sentinel-2 has it at 20 m, where the wide one is not to be had."""

LANDSAT = re.compile(r"(?:^|[\W_])L[COTEM]0(?P<number>[4-9])_", re.IGNORECASE)

QUALITY: tuple[tuple[str, Callable[[Floats], Bools]], ...] = (
    ("SCL", clear_of_scl), ("QA_PIXEL", clear_of_qa_pixel), ("BQA", clear_of_bqa),
)  # fmt: skip


def scene_bands(
    layers: Mapping[str, RasterLayer],
) -> tuple[dict[str, RasterLayer], Clear | None]:
    """Name the bands of a scene by colour, for ``index_of_scene``.

    Parameters
    ----------
    layers
        By the maker's name, as ``scene_layers`` gives them: 'B04', 'SCL'; 'B4', 'QA_PIXEL', 'BQA'.

    Returns
    -------
    bands, clear
        By common name: blue, green, red, nir, swir16, swir22, those that there are; and the mask
        of its quality band, None if it has none.

    Raises
    ------
    LayerError
        If nobody can say whose bands they are.
    """
    numbers = _numbers(layers)
    bands = {name: layers[band] for name, band in numbers.items() if band in layers}
    if numbers is SENTINEL_2 and "nir" not in bands and NARROW_INFRARED in layers:
        bands["nir"] = layers[NARROW_INFRARED]
    for band, is_clear in QUALITY:
        if band in layers:
            return bands, Clear(layer=layers[band], is_clear=is_clear)
    return bands, None


def _numbers(layers: Mapping[str, RasterLayer]) -> Mapping[str, str]:
    """How the maker of a scene numbers its bands: Landsat 4 to 7 and 8 to 9 differ."""
    if layers.keys() & {"SCL", NARROW_INFRARED, *SENTINEL_2.values()} - {"B11", "B12"}:
        return SENTINEL_2
    found = {
        match["number"]
        for one in layers.values()
        if (match := LANDSAT.search(PurePath(str(one.path)).name))
    }
    if len(found) == 1:
        return LANDSAT_8_AND_9 if found <= {"8", "9"} else LANDSAT_4_TO_7
    raise LayerError(
        f"nobody can say which colours the bands {', '.join(layers) or '(none)'} have; wanted "
        "those of one scene of Sentinel-2 or Landsat, under their makers' names; or name them "
        "yourself: red, nir, green, swir16"
    )
