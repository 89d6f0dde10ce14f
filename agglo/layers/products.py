"""Published raster products: what each measures, how its files are named and how they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agglo.errors import LayerError
from agglo.layers.product_facts import Product, check_change_pair, nodata_of
from agglo.layers.product_names import recognised
from agglo.layers.product_tiles import (
    copernicus_dem_tiles,
    ghsl_file_name,
    ghsl_tiles,
    srtm_tiles,
    worldcover_tiles,
)
from agglo.layers.products_land import LAND
from agglo.layers.products_people import PEOPLE
from agglo.layers.products_scenes import SCENES
from agglo.layers.raster_files import is_address, opened, raster_layer
from agglo.layers.raster_opening import shown
from agglo.layers.sentinel import sentinel_offset
from agglo.rasters import QUANTITIES, LandClass, RasterLayer

__all__ = [
    "PRODUCTS", "Product", "check_change_pair", "copernicus_dem_tiles", "epoch_of",
    "ghsl_file_name", "ghsl_tiles", "layer_from_file", "product_named", "product_of",
    "srtm_tiles", "worldcover_tiles",
]  # fmt: skip

PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {product.id: product for product in (*PEOPLE, *LAND, *SCENES)}
)
"""Products by id."""

NEEDED = ("quantity", "unit")
TAGGED = (
    "quantity", "unit", "role", "epoch", "status", "title", "title_ru", "source", "licence",
    "attribution", "note", "note_ru",
)  # fmt: skip


def product_of(path: Path | str) -> Product | None:
    """Recognise a product by the name that its makers gave the file; None if no name fits."""
    found = recognised(path)
    return PRODUCTS[found[0]] if found else None


def epoch_of(path: Path | str) -> str:
    """Read the epoch from the name of a product's file: a year or a day, '' if it says none."""
    found = recognised(path)
    return found[1] if found else ""


def product_named(name: str) -> Product:
    """Return a product by its id.

    Raises
    ------
    LayerError
        If none has that id.
    """
    if name not in PRODUCTS:
        import difflib

        close = difflib.get_close_matches(name, PRODUCTS, n=1, cutoff=0.5)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise LayerError(f"unknown product '{name}'{hint}; known: {', '.join(PRODUCTS)}")
    return PRODUCTS[name]


def layer_from_file(
    path: Path | str, *, product: Product | str | None = None, **about: Any
) -> RasterLayer:
    """Open a raster as the layer of a product, or of what is said of it.

    Parameters
    ----------
    path
        Any raster that GDAL reads.
    product
        Itself or its id; without one, it is recognised by the name of the file.
    about
        Fields of ``RasterLayer`` that stand before those of the product: name, epoch, status, …
        A file of no product needs ``quantity`` and ``unit``, unless ``write_cog`` wrote them
        into it. Nodata, scale and offset that the
        file itself states stand before the product's.

    Raises
    ------
    LayerError
        If nobody says what the numbers mean, it is said against the product, or the file is bad.
    """
    if isinstance(product, str):
        product = product_named(product)
    product = product or product_of(path)
    if product is None:
        about = {**_own_words(path), **about}
        missing = [key for key in NEEDED if not about.get(key)]
        if missing:
            raise LayerError(
                f"{shown(path)}: nobody says what its numbers mean, and its name is none of a "
                f"known product; give {' and '.join(missing)} (quantity is one of "
                f"{', '.join(QUANTITIES)}), or product= one of {', '.join(PRODUCTS)}"
            )
        return raster_layer(path, **about)
    asked = about.get("quantity", product.quantity)
    if asked != product.quantity:
        raise LayerError(
            f"{shown(path)}: {product.title} is a {product.quantity} in {product.unit}, it was "
            f"asked for as a {asked}; leave quantity out, or product if it is something else"
        )
    return raster_layer(path, **{**_facts(path, product, int(about.get("band", 1))), **about})


def _own_words(path: Path | str) -> dict[str, Any]:
    """Read what a file says of itself in the tags that ``write_cog`` writes."""
    with opened(path if is_address(path) else Path(path)) as file:
        tags = file.tags()
    if tags.get("quantity") not in QUANTITIES or "unit" not in tags:
        return {}
    words: dict[str, Any] = {name: tags[name] for name in TAGGED if name in tags}
    if "classes" in tags:
        words["classes"] = {
            int(code): LandClass(
                kind=one["kind"], name_ru=one["ru"], name_en=one["en"], colour=one["colour"]
            )
            for code, one in json.loads(tags["classes"]).items()
        }
    return words


def _facts(path: Path | str, product: Product, band: int) -> dict[str, Any]:
    epoch = epoch_of(path) if product_of(path) == product else ""
    epoch = epoch or (product.epochs[0] if len(product.epochs) == 1 else "")
    facts = {
        "quantity": product.quantity, "unit": product.unit, "role": product.role, "epoch": epoch,
        "classes": product.classes, "source": product.cited, "licence": product.licence,
        "attribution": product.attribution, "status": product.status, "note": product.note,
        "note_ru": product.note_ru, "title": _with(product.title, epoch),
        "title_ru": _with(product.title_ru, epoch),
    }  # fmt: skip
    return facts | _numbers(path, product, band)


def _numbers(path: Path | str, product: Product, band: int) -> dict[str, Any]:
    """Nodata, scale and offset: the file's own where it states them, else the product's."""
    with opened(path if is_address(path) else Path(path)) as file:
        at = band - 1 if 1 <= band <= file.count else 0  # raster_layer() refuses what is not there
        own = file.nodatavals[at], file.scales[at], file.offsets[at]
        dtype = file.dtypes[at]
    numbers: dict[str, Any] = {}
    if own[0] is None:
        numbers["nodata"] = nodata_of(product, dtype)
    if own[1:] == (1.0, 0.0):
        numbers["scale"], numbers["offset"] = product.scale, product.offset
        if product.id == "sentinel2_l2a":
            numbers["offset"] = sentinel_offset(path)
    return numbers


def _with(title: str, epoch: str) -> str:
    return f"{title}, {epoch}" if epoch and epoch not in title else title
