"""The commands that bring rasters in: `agglo fetch raster`, `agglo fetch scenes`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agglo.errors import LayerError

if TYPE_CHECKING:
    import geopandas as gpd

Area = Annotated[
    Path | None, typer.Option("--area", help="Polygons of the area: GeoJSON, GeoPackage …")
]
Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder; what is there and whole is not asked again.")
]


def fetch_raster_command(
    out: Out,
    product: Annotated[
        str,
        typer.Option(
            "--product",
            help="ghs_pop, ghs_built_s, ghs_land, ghs_smod, esa_worldcover, copernicus_dem_glo30.",
        ),
    ] = "",
    area: Area = None,
    epoch: Annotated[str, typer.Option("--epoch", help="Year that the raster shows.")] = "",
    resolution_m: Annotated[
        int, typer.Option("--resolution", help="Cells of GHSL in metres: 10, 100 or 1000.")
    ] = 1000,
    url: Annotated[
        str, typer.Option("--url", help="Any raster or zip by its address, instead of --product.")
    ] = "",
    url_template: Annotated[
        str,
        typer.Option(
            "--url-template",
            help="Where the tiles lie, as in https://…/{stem}.zip, with {stem}, {tile}, {epoch}, "
            "{resolution_m}, {dataset}, {family}, {release}, {folder} [the makers' own server; "
            "that pattern was not tried online].",
        ),
    ] = "",
    sha256: Annotated[
        list[str] | None,
        typer.Option("--sha256", help="Checksum of the download; of several, TILE=SUM for each."),
    ] = None,
) -> None:
    """Download the tiles of a published raster that an area needs, or one raster by address."""
    from agglo.layers.fetch.rasters import RECORD, fetch_address, fetch_rasters

    if bool(url) == bool(product):
        raise LayerError("give either --product NAME with --area FILE, or --url ADDRESS")
    if url:
        if area is not None or epoch or url_template:
            raise LayerError("--url names one file; leave --area, --epoch and --url-template out")
        if len(sha256 or []) > 1:
            raise LayerError("--url names one file; give its --sha256 once")
        found = fetch_address(url, out, sha256=next(iter(sha256 or []), None), progress=_say)
    else:
        if area is None or not (epoch or product.startswith("copernicus_dem")):
            raise LayerError("--product needs --area FILE and --epoch YEAR")
        found = fetch_rasters(
            product, out, area=_frame(area), epoch=epoch, resolution_m=resolution_m,
            url_template=url_template, sha256=_sums(sha256 or []), progress=_say,
        )  # fmt: skip
    for path in found:
        typer.echo(f"{path}")
    _say(f"source, licence and checksum: {out / RECORD}")


def fetch_scenes_command(
    out: Out,
    catalogue: Annotated[
        str, typer.Option("--catalogue", help="STAC: address of an API, or of a catalog.json.")
    ],
    first: Annotated[str, typer.Option("--from", help="First day, as in 2020-06-01.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    bands: Annotated[str, typer.Option("--bands", help="Names of bands, as in red,nir,scl.")],
    area: Area = None,
    collections: Annotated[
        str, typer.Option("--collections", help="Ids, as in sentinel-2-l2a [all].")
    ] = "",
    most_cloud: Annotated[
        float | None, typer.Option("--most-cloud", help="Most clouds of a scene, percent.")
    ] = None,
    most_scenes: Annotated[
        int | None, typer.Option("--most-scenes", help="Only so many, the least cloudy.")
    ] = None,
    resolution_m: Annotated[
        float | None,
        typer.Option("--resolution", help="Take overviews no coarser than that, metres."),
    ] = None,
    product: Annotated[
        str, typer.Option("--product", help="Whose licence stands where none is stated.")
    ] = "",
) -> None:
    """Cut an area out of the scenes of a STAC catalogue, band by band, over HTTP ranges."""
    from agglo.layers.fetch.scenes import RECORD, fetch_scenes

    if area is None:
        raise LayerError("give the --area FILE")
    licence, attribution = _stated(product)
    folders = fetch_scenes(
        catalogue, out, area=_frame(area), dates=(first, last), bands=_names(bands),
        collections=_names(collections), most_scenes=most_scenes, resolution_m=resolution_m,
        most_cloud_share=None if most_cloud is None else most_cloud / 100,
        licence=licence, attribution=attribution, progress=_say,
    )  # fmt: skip
    for folder in folders:
        typer.echo(f"{folder}")
    _say(f"licence, attribution, scale and checksums: {RECORD} in each folder")


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read the polygons of a file as the area."""
    import geopandas as gpd

    from agglo.layers.fetch.area import read_polygon

    return gpd.GeoDataFrame(geometry=[read_polygon(path)], crs=4326)


def _stated(product: str) -> tuple[str, str]:
    if not product:
        return "", ""
    from agglo.layers.products import product_named

    known = product_named(product)
    return known.licence, known.attribution


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _sums(given: list[str]) -> dict[str, str]:
    """Read checksums by tile; a single one without a tile stands for the only tile."""
    found = {}
    for one in given:
        tile, equals, known = one.partition("=")
        if not equals and len(given) > 1:
            raise LayerError(f"--sha256 {one} does not say of which tile; give TILE=SUM")
        found[tile if equals else ""] = known if equals else one
    return found
