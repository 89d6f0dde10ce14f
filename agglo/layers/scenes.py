"""Opens the bands of one satellite scene, as its folder holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from agglo.errors import LayerError
from agglo.layers.product_facts import Product
from agglo.layers.product_names import file_name, recognised
from agglo.layers.products import PRODUCTS, layer_from_file, product_named, product_of
from agglo.rasters import RasterLayer

BAND = re.compile(
    r"_(?:(?P<short>QA_PIXEL|BQA|SCL)|(?:SR_|ST_)?(?P<number>B\d{1,2}|B8A))"
    r"(?:_(?P<metres>\d0)m)?(?:\.\w+)?$",
    re.IGNORECASE,
)
SCENE_ID = re.compile(r"^(?:L2A_)?(T\w{5}_\d{8}T\d{6}|L\w{3}_L\w{3}_\d{6}_\d{8})", re.IGNORECASE)
SUFFIXES = (".tif", ".tiff", ".jp2", ".img", ".vrt")


def scene_layers(
    files: Path | Iterable[Path], *, product: Product | str = "", at_m: int | None = None
) -> dict[str, RasterLayer]:
    """Open the bands of one scene of Sentinel-2 or Landsat.

    Parameters
    ----------
    files
        A folder, such as the ``.SAFE`` of Sentinel-2 or that of a Landsat scene, or its files.
    product
        Itself, its id, or the kind of scene ('sentinel2_l2a', 'landsat_c2_l2',
        'landsat_c1_l1'); without one, the kind of the first file that is recognised.
    at_m
        Takes the bands of Sentinel-2 at 10, 20 or 60 m; otherwise each at its finest.

    Returns
    -------
    layers
        By the name of the band: 'B04', 'SCL'; 'B4', 'QA_PIXEL', 'BQA'.

    Raises
    ------
    LayerError
        If there is no band of such a scene, there are several scenes, or a file is bad.
    """
    where = str(files) if isinstance(files, Path) else "the list of files"
    paths = _files(files)
    kind = _kind(product, paths, where)
    bands = sorted(_bands(paths, kind, at_m))
    if not bands:
        raise LayerError(
            f"{where} holds no band of {kind}{f' at {at_m} m' if at_m else ''}; wanted files named "
            "as their makers do, such as T37UCB_20200615T083601_B04_10m.jp2 or "
            "LC08_L2SP_178021_20200615_20200824_02_T1_SR_B4.TIF"
        )
    _check_one_scene([path for _, _, path in bands], where)
    finest = {band: path for band, _, path in reversed(bands)}
    return {band: layer_from_file(finest[band], name=band) for band in sorted(finest)}


def _bands(paths: list[Path], kind: str, at_m: int | None) -> Iterator[tuple[str, int, Path]]:
    """Band, side of its cells where the name says it, and file."""
    for path in paths:
        found, named = product_of(path), BAND.search(file_name(path))
        if found is None or found.scene != kind or named is None:
            continue
        metres = int(named["metres"] or 0)
        if at_m in (None, metres):
            yield (named["short"] or named["number"]).upper(), metres, path


def _files(files: Path | Iterable[Path]) -> list[Path]:
    if not isinstance(files, Path):
        return sorted(Path(path) for path in files)
    if not files.is_dir():
        raise LayerError(f"{files} is no folder; name the folder of one scene, or its files")
    return sorted(path for path in files.rglob("*") if path.suffix.lower() in SUFFIXES)


def _kind(product: Product | str, paths: list[Path], where: str) -> str:
    if isinstance(product, str) and product in {one.scene for one in PRODUCTS.values()} - {""}:
        return product
    if product:
        named = product_named(product) if isinstance(product, str) else product
        if named.scene:
            return named.scene
        raise LayerError(f"{named.title} does not come as scenes; open it with layer_from_file()")
    kinds = [found.scene for path in paths if (found := product_of(path)) and found.scene]
    if not kinds:
        raise LayerError(
            f"{where} holds no band of a known scene; name the product, and the files as their "
            "makers do"
        )
    return kinds[0]


def _check_one_scene(paths: list[Path], where: str) -> None:
    scenes = sorted(
        {found[1].upper() for path in paths if (found := SCENE_ID.match(file_name(path)))}
    )
    if len(scenes) > 1:
        days = sorted({known[1] for path in paths if (known := recognised(path))})
        raise LayerError(
            f"{where} holds {len(scenes)} scenes ({', '.join(scenes[:3])}; days "
            f"{', '.join(days[:5])}); give the folder or the files of one"
        )
