"""Reads the rasters of a folder of layers, each a file beside the metadata that explains it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agglo.errors import LayerError, OutputError
from agglo.folders import whole_file
from agglo.layers.land_classes import SCHEMES
from agglo.layers.products import PRODUCTS, layer_from_file, product_named, product_of
from agglo.layers.write import write_metadata
from agglo.rasters import RasterLayer
from agglo.region import Provenance
from agglo.tomlfile import check_keys, read_toml

TEXTS = (
    "title", "title_ru", "source", "licence", "attribution", "status", "note", "note_ru",
    "quantity", "unit",
)  # fmt: skip
NUMBERS = ("nodata", "scale", "offset")
KEYS = ("raster", "file", "date", "sha256", "product", "scheme", "band", *TEXTS, *NUMBERS)
WANTED = ("title", "source", "licence", "attribution", "status", "quantity", "unit")
"""What must be said where the file is of no known product."""

EDITED_NOTE = "edited since it was built"


def read_raster_layers(folder: Path) -> tuple[tuple[RasterLayer, ...], tuple[Provenance, ...]]:
    """Read what a folder says of its rasters, and check each file; numbers are read later.

    Parameters
    ----------
    folder
        Holds ``NAME.toml`` with the key ``raster`` (what the raster tells of) beside the file.

    Returns
    -------
    rasters, provenance
        In the order of names.

    Raises
    ------
    LayerError
        If metadata lacks something, or a file cannot be read or is not what is said of it.
    """
    rasters, provenance = [], []
    for path in sorted(folder.glob("*.toml")):
        about = read_toml(path, error=LayerError)
        if "raster" in about:
            layer = _layer(path, about)
            rasters.append(layer)
            provenance.append(_provenance(layer))
    return tuple(rasters), tuple(provenance)


def add_raster(
    path: Path,
    folder: Path,
    *,
    name: str = "",
    product: str = "",
    role: str = "",
    epoch: str = "",
    about: Mapping[str, str],
) -> RasterLayer:
    """Copy a raster into a folder of layers, with its metadata beside it.

    Parameters
    ----------
    product
        As of ``layer_from_file``; told by the file's name where it is not given.
    about
        Further keys of the metadata; of a raster of no known product all of ``WANTED``.

    Raises
    ------
    LayerError
        If something is not said and no product says it, or the file is bad.
    OutputError
        If the layer is there already or cannot be written.
    """
    known = product_named(product) if product else product_of(path)
    name = name or path.stem
    if Path(name).name != name or any(sign in name for sign in '"<>:|?*\\'):
        raise LayerError(f"'{name}' is no name for a layer's file; give --name in plain letters")
    layer = layer_from_file(path, product=known, **({"role": role} if role else {}),
                            **({"epoch": epoch} if epoch else {}), **about)  # fmt: skip
    if not layer.epoch:
        raise LayerError(f"{path}: nobody says which year it shows; give --epoch")
    said = {"raster": layer.role, "file": f"{name}{path.suffix}", "date": layer.epoch}
    said |= {"product": known.id} if known else {}
    missing = [] if known else [key for key in WANTED if not about.get(key)]
    if missing:
        raise LayerError(
            f"{path}: {', '.join(missing)} must be said of a raster of no known product: "
            f"{' '.join(f'--{key} …' for key in missing)}"
        )
    target = folder / said["file"]
    if target.with_suffix(".toml").exists():
        raise OutputError(f"layer '{name}' is there already in {folder}; give another --name")
    with whole_file(target) as whole:
        shutil.copyfile(path, whole)
    write_metadata(target, {**said, **about})
    metadata = target.with_suffix(".toml")
    return _layer(metadata, read_toml(metadata, error=LayerError))


def _layer(path: Path, about: Mapping[str, Any]) -> RasterLayer:
    check_keys(about, KEYS, str(path), error=LayerError)
    missing = [key for key in ("raster", "file", "date") if key not in about]
    if "product" not in about:
        missing += [key for key in WANTED if key not in about]
    if missing:
        raise LayerError(
            f"{path}: metadata of a raster lacks {', '.join(missing)}; or name its product "
            f"({', '.join(PRODUCTS)})"
        )
    file = path.parent / str(about["file"])
    if not file.is_file():
        raise LayerError(f"layer '{path.stem}' names the file {file}, which is not there")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told: dict[str, Any] = {key: str(about[key]) for key in TEXTS if key in about}
    told |= {key: float(about[key]) for key in NUMBERS if key in about}
    told |= {"band": int(about["band"])} if "band" in about else {}
    told |= {"classes": _scheme(path, str(about["scheme"]))} if "scheme" in about else {}
    if "sha256" in about and about["sha256"] != digest:
        told["note"] = "; ".join(filter(None, [EDITED_NOTE, told.get("note", "")]))
    return layer_from_file(
        file,
        product=str(about["product"]) if "product" in about else None,
        name=path.stem,
        role=str(about["raster"]),
        epoch=str(about["date"]),
        sha256=digest,
        **told,
    )


def _scheme(path: Path, name: str) -> Mapping[int, Any]:
    if name not in SCHEMES:
        raise LayerError(f"{path}: unknown scheme '{name}'; known: {', '.join(SCHEMES)}")
    return SCHEMES[name]


def _provenance(layer: RasterLayer) -> Provenance:
    return Provenance(
        layer=layer.name,
        title=layer.title,
        title_ru=layer.title_ru,
        source=layer.source,
        licence=layer.licence,
        attribution=layer.attribution,
        date=layer.epoch,
        status=layer.status,
        sha256=layer.sha256,
        note=layer.note,
    )
