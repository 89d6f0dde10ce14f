"""The commands about rasters: `agglo imagery zonal`, `index`, `change`, `growth`, and others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agglo.cli.place import WorkspaceOption, root_of
from agglo.errors import SettingsError

if TYPE_CHECKING:
    import geopandas as gpd

    from agglo.rasters import RasterLayer

ZonesOption = Annotated[
    Path | None, typer.Option("--zones", help="Polygons: GeoPackage, GeoJSON … [all as one]")
]
ZoneIdOption = Annotated[
    str | None, typer.Option("--zone-id", help="Column of the zones with their ids [found].")
]
ZoneLayerOption = Annotated[str | None, typer.Option("--layer", help="Layer of the zone file.")]
ProductOption = Annotated[
    str, typer.Option("--product", help="Published product [told by the file's name].")
]
QuantityOption = Annotated[
    str, typer.Option("--quantity", help="count, density, share, class or level.")
]
UnitOption = Annotated[str, typer.Option("--unit", help="Unit of a cell's number, such as m2.")]
RoleOption = Annotated[
    str,
    typer.Option("--role", help="population, built_up, land_cover, vegetation, night_lights …"),
]
EpochsOption = Annotated[
    list[str] | None, typer.Option("--epoch", help="What a raster shows; again for each raster.")
]
FolderOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for tables and the map.")]
TitleOption = Annotated[str, typer.Option("--title", help="Heading of the map.")]


def zonal_command(
    rasters: Annotated[list[Path], typer.Argument(help="Rasters: GeoTIFF, COG …")],
    zones: Annotated[Path, typer.Option("--zones", help="Polygons: GeoPackage, GeoJSON …")],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV to write.")],
    zone_id: ZoneIdOption = None,
    layer: ZoneLayerOption = None,
    product: ProductOption = "",
    quantity: QuantityOption = "",
    unit: UnitOption = "",
    role: RoleOption = "",
    epoch: EpochsOption = None,
) -> None:
    """Take the figures of rasters by zone: sums, means, quantiles, classes, by exact cell parts."""
    from agglo.folders import whole_file
    from agglo.imagery_jobs import zonal_job
    from agglo.layers.write import write_csv

    layers = _layers(rasters, epoch, product=product, quantity=quantity, unit=unit, role=role)
    figures = zonal_job(layers, _zones(zones, layer, zone_id))
    with whole_file(out) as temporary:
        write_csv(figures, temporary)
    coarse = int(figures["is_too_coarse"].sum())
    typer.echo(f"{out}: {len(figures)} rows, {coarse} of them of too few cells to conclude from")


def index_command(
    name: Annotated[str, typer.Argument(help="ndvi, ndbi, ndwi, ndmi, savi or evi2.")],
    scenes: Annotated[
        list[Path], typer.Argument(help="Folders of scenes, or files of several bands (--bands).")
    ],
    out: FolderOption,
    bands: Annotated[
        str,
        typer.Option("--bands", help="Colours of a file's bands, such as swir16,nir,red,green."),
    ] = "",
    epoch: EpochsOption = None,
    keep_clouds: Annotated[
        bool, typer.Option("--keep-clouds", help="Do not leave out what the scene calls cloud.")
    ] = False,
    zones: ZonesOption = None,
    zone_id: ZoneIdOption = None,
    layer: ZoneLayerOption = None,
    title: TitleOption = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Compute an index of satellite scenes, block by block: COG, figures by zone, map."""
    from agglo.imagery_jobs import bands_of_file, bands_of_scene, check_inputs, index_job
    from agglo.maps.words import read_words

    check_inputs(scenes, out)
    epochs = _epochs(scenes, epoch)
    colours = [one.strip() for one in bands.split(",") if one.strip()]
    opened: list[Any] = [
        bands_of_file(path, colours, epoch=shown)
        if colours
        else bands_of_scene(path, keeps_clouds=keep_clouds)
        for path, shown in zip(scenes, epochs, strict=True)
    ]
    done = index_job(
        name,
        opened,
        out=out,
        words=read_words(root_of(workspace) / "maps"),
        zones=_zones(zones, layer, zone_id) if zones else None,
        title=title,
    )
    typer.echo(f"{done.folder / 'index.html'}")


def change_command(
    before: Annotated[Path, typer.Argument(help="Raster of the earlier epoch.")],
    after: Annotated[Path, typer.Argument(help="Raster of the later epoch, on the same grid.")],
    out: FolderOption,
    product: ProductOption = "",
    quantity: QuantityOption = "",
    unit: UnitOption = "",
    role: RoleOption = "",
    epoch: EpochsOption = None,
    zones: ZonesOption = None,
    zone_id: ZoneIdOption = None,
    layer: ZoneLayerOption = None,
    near: Annotated[
        Path | None, typer.Option("--near", help="Places such as stations: the gain near them.")
    ] = None,
    within: Annotated[
        list[float] | None, typer.Option("--within", help="Metres from them [500 1000].")
    ] = None,
    title: TitleOption = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Compare two epochs: built-up gain, what land became, green that was lost; a map to swipe."""
    from agglo.change_jobs import change_job
    from agglo.imagery_jobs import check_inputs, read_shapes
    from agglo.maps.words import read_words

    check_inputs([before, after], out)
    first, second = _layers(
        [before, after], epoch, product=product, quantity=quantity, unit=unit, role=role
    )
    done = change_job(
        first,
        second,
        out=out,
        words=read_words(root_of(workspace) / "maps"),
        zones=_zones(zones, layer, zone_id) if zones else None,
        near=read_shapes(near) if near else None,
        within_m=tuple(within or (500.0, 1000.0)),
        title=title,
    )
    typer.echo(f"{done.folder / 'index.html'}")


def growth_command(
    raster: Annotated[Path, typer.Argument(help="Raster whose cells hold their first built year.")],
    out: FolderOption,
    bounds: Annotated[
        str, typer.Option("--years", help="Years where periods meet: 1980,1990,2000.")
    ],
    unknown_unbuilt: Annotated[
        bool, typer.Option("--unknown-unbuilt", help="Cells without data are open land and water.")
    ] = False,
    zones: ZonesOption = None,
    zone_id: ZoneIdOption = None,
    layer: ZoneLayerOption = None,
    title: TitleOption = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Tell built-up growth by period from one raster of first-built years."""
    from agglo.change_jobs import growth_job
    from agglo.imagery_jobs import check_inputs
    from agglo.layers.raster_files import raster_layer
    from agglo.maps.words import read_words

    try:
        check_inputs([raster], out)
        years = [float(one) for one in bounds.split(",")]
    except ValueError as error:
        raise SettingsError(f"--years must look like 1980,1990,2000; got '{bounds}'") from error
    done = growth_job(
        raster_layer(raster, quantity="class", unit="year", role="built_up"),
        bounds=years,
        out=out,
        words=read_words(root_of(workspace) / "maps"),
        zones=_zones(zones, layer, zone_id) if zones else None,
        is_unknown_unbuilt=unknown_unbuilt,
        title=title,
    )
    typer.echo(done.figures.round(1).to_string())
    typer.echo(f"{done.folder / 'index.html'}")


def spread_command(
    zones: Annotated[Path, typer.Option("--zones", help="Polygons with the column.")],
    column: Annotated[str, typer.Option("--column", help="Column of counts, such as people.")],
    out: FolderOption,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="Raster, such as built-up area [by area].")
    ] = None,
    cell_m: Annotated[
        float, typer.Option("--cell-m", help="Side of the squares, metres.")
    ] = 1000.0,
    h3: Annotated[
        int | None, typer.Option("--h3", help="Hexagons of this H3 resolution instead.")
    ] = None,
    class_weights: Annotated[
        list[str] | None,
        typer.Option("--class-weight", help="CODE=WEIGHT of a class of land; again for each."),
    ] = None,
    parts: Annotated[
        bool, typer.Option("--parts", help="Cells may get parts of persons; else whole ones.")
    ] = False,
    zone_id: ZoneIdOption = None,
    layer: ZoneLayerOption = None,
    product: ProductOption = "",
    quantity: QuantityOption = "",
    unit: UnitOption = "",
    role: RoleOption = "",
) -> None:
    """Spread people or jobs of zones over fine cells where the land is built; totals are kept."""
    from agglo.imagery.spread_job import spread_job

    raster = None
    if weights is not None:
        raster = _layers([weights], None, product=product, quantity=quantity, unit=unit, role=role)[
            0
        ]
    done = spread_job(
        zones,
        column,
        raster,
        out=out,
        layer=layer,
        zone_id=zone_id,
        cell_m=cell_m,
        h3_resolution=h3,
        class_weights=_weights(class_weights) if class_weights else None,
        whole=not parts,
    )
    typer.echo(f"{done.folder}: {len(done.cells):,} cells, {done.cells[column].sum():,.0f} in all")
    if done.note:
        typer.echo(f"  {done.note}")


def add_command(
    raster: Annotated[Path, typer.Argument(help="Raster to lay into the workspace.")],
    name: Annotated[str, typer.Option("--name", help="Name of the layer [of the file].")] = "",
    product: ProductOption = "",
    quantity: QuantityOption = "",
    unit: UnitOption = "",
    role: RoleOption = "",
    epoch: Annotated[str, typer.Option("--epoch", help="Year or day that it shows.")] = "",
    title: Annotated[str, typer.Option("--title", help="What it is called.")] = "",
    source: Annotated[str, typer.Option("--source", help="Who made it.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Its licence.")] = "",
    attribution: Annotated[str, typer.Option("--attribution", help="What maps must say.")] = "",
    status: Annotated[
        str, typer.Option("--status", help="observed, modelled or assumed [of the product].")
    ] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Copy a raster into the workspace's layers with what must be known of it."""
    from agglo.layers.raster_catalogue import add_raster

    about = {
        "quantity": quantity, "unit": unit, "title": title, "source": source, "licence": licence,
        "attribution": attribution, "status": status,
    }  # fmt: skip
    layer = add_raster(
        raster,
        root_of(workspace) / "layers",
        name=name,
        product=product,
        role=role,
        epoch=epoch,
        about={key: value for key, value in about.items() if value},
    )
    typer.echo(
        f"{layer.path}: {layer.role}, {layer.quantity} in {layer.unit}, epoch {layer.epoch}, "
        f"cells of {layer.resolution_m:,.0f} m ({layer.status})"
    )


def _layers(
    paths: list[Path], epochs: list[str] | None, *, product: str, **about: str
) -> list[RasterLayer]:
    """Open rasters as what is said of them; what is not said is left to their product."""
    from agglo.layers.products import layer_from_file

    given: dict[str, Any] = {key: value for key, value in about.items() if value}
    shown = _epochs(paths, epochs)
    return [
        layer_from_file(path, product=product or None, **given, **({"epoch": one} if one else {}))
        for path, one in zip(paths, shown, strict=True)
    ]


def _epochs(paths: list[Path], epochs: list[str] | None) -> list[str]:
    """Match epochs with rasters; without any, a file called by a year shows that year."""
    if epochs and len(epochs) != len(paths):
        raise SettingsError(
            f"{len(paths)} raster(s) and {len(epochs)} --epoch; give one for each, in their order"
        )
    return epochs or [path.stem if path.stem.isdigit() else "" for path in paths]


def _zones(path: Path, layer: str | None, zone_id: str | None) -> gpd.GeoDataFrame:
    from agglo.imagery_jobs import zones_of_file

    return zones_of_file(path, layer=layer, zone_id=zone_id)


def _weights(given: list[str]) -> dict[int, float]:
    try:
        pairs = [one.split("=", 1) for one in given]
        return {int(code): float(weight) for code, weight in pairs}
    except ValueError as error:
        raise SettingsError(
            f"--class-weight must look like 13=1; got {', '.join(given)}"
        ) from error
