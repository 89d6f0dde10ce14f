"""Finds the offset of a Sentinel-2 scene's numbers: it depends on who processed it when."""

from __future__ import annotations

import re
from pathlib import Path

from agglo.layers.product_names import recognised

OFFSET = -0.1
"""BOA_ADD_OFFSET -1000 over the quantification 10,000 (ESA, processing baseline 04.00)."""

FIRST_BASELINE = 400
FIRST_DAY = "2022-01-25"
"""From this day on scenes are processed with baseline 04.00 or later."""

SAFE = re.compile(r"_N(\d{4})_R\d{3}_T\w{5}_")
STATED = re.compile(r"<BOA_ADD_OFFSET\b[^>]*>\s*(-?\d+)\s*<")
QUANTIFIED = re.compile(r"<BOA_QUANTIFICATION_VALUE\b[^>]*>\s*(\d+)\s*<")
UPWARD = 6
"""Folders above a band in which the scene's metadata lie."""


def sentinel_offset(path: Path | str) -> float:
    """Return what is added to a band of Sentinel-2 L2A after scaling: -0.1 or 0.

    The scene's own metadata stand first, then the baseline in the name of its folder, and at
    last the day of the picture; old pictures that were processed anew need one of the first two.
    """
    return next(
        (
            found
            for found in (_from_metadata(path), _from_name(path), _from_day(path))
            if found is not None
        ),
        0.0,
    )


def _from_metadata(path: Path | str) -> float | None:
    if "://" in str(path):
        return None
    for folder in list(Path(path).parents)[:UPWARD]:
        for name in ("MTD_MSIL2A.xml", "metadata.xml"):
            if (folder / name).is_file():
                text = (folder / name).read_text(encoding="utf-8", errors="replace")
                if "MSIL2A" not in text and "S2MSI2A" not in text and "BOA_" not in text:
                    continue
                stated, quantified = STATED.search(text), QUANTIFIED.search(text)
                return (
                    int(stated[1]) / int(quantified[1] if quantified else 10_000) if stated else 0.0
                )
    return None


def _from_name(path: Path | str) -> float | None:
    found = SAFE.search(str(path))
    return None if found is None else OFFSET if int(found[1]) >= FIRST_BASELINE else 0.0


def _from_day(path: Path | str) -> float | None:
    found = recognised(path)
    return None if not found else OFFSET if found[1] >= FIRST_DAY else 0.0
