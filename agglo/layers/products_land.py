"""Products on land cover and heights."""

from __future__ import annotations

from agglo.layers.land_classes import ESA_CCI, IGBP, IGBP_TILES, NLCD, WORLDCOVER
from agglo.layers.product_facts import ANY, Product

DEGREES = "EPSG:4326"
ESA = "ESA WorldCover project, contains modified Copernicus Sentinel data"
COPERNICUS_DEM = (
    "© DLR e.V. 2010–2014 and © Airbus Defence and Space GmbH 2014–2018, provided under COPERNICUS "
    "by the European Union and ESA; all rights reserved"
)

LAND = (
    *(
        Product(
            id=f"esa_worldcover_{version}", role="land_cover", quantity="class",
            unit="WorldCover class", title=f"ESA WorldCover {year} {version}",
            title_ru=f"ESA WorldCover {year} {version}: покров земли",
            resolution="10 m (1/12000°)", crs=DEGREES, epochs=(year,), nodata={ANY: 0},
            licence="CC BY 4.0", attribution=f"{ESA} ({year})", classes=WORLDCOVER,
            source=f"Zanaga et al. {published}, ESA WorldCover 10 m {year} {version}", doi=doi,
            note="v100 (2020) and v200 (2021) were made by different algorithms and are no change "
            "pair; grass, crop and bare land are often confused, and green yards in towns are "
            "shown as trees or grass",
            note_ru="v100 (2020) и v200 (2021) сделаны разными алгоритмами, разность между ними — "
            "не изменение; луг, пашня и голая земля часто путаются, зелёные дворы показаны "
            "деревьями или травой",
        )
        for version, year, published, doi in (
            ("v100", "2020", "2021", "10.5281/zenodo.5571936"),
            ("v200", "2021", "2022", "10.5281/zenodo.7254221"),
        )
    ),
    *(
        Product(
            id=f"modis_{short}", role="land_cover", quantity="class", unit="IGBP class",
            title=f"MODIS {short.upper()}: land cover, IGBP",
            title_ru=f"MODIS {short.upper()}: покров земли, IGBP",
            resolution=resolution, crs=crs, epochs=tuple(map(str, range(2001, 2024))),
            nodata={ANY: 255}, licence="open (NASA LP DAAC)", attribution="NASA LP DAAC, MODIS",
            source=f"Friedl & Sulla-Menashe, {short.upper()} (unverified)", doi=doi,
            classes=classes, change_pair_with=(f"modis_{short}",),
            note=f"cells of {ground}: one class for town, field and wood together; towns are a "
            "fixed mask in most collections and show no growth",
            note_ru=f"клетка {ground_ru}: один класс на город, поле и лес вместе; города в "
            "большинстве выпусков — постоянная маска, роста не видно",
        )
        for short, resolution, crs, classes, doi, ground, ground_ru in (
            ("mcd12c1", "0.05°", DEGREES, IGBP, "10.5067/MODIS/MCD12C1.006", "0.05° (3 × 6 km at "
             "55° N)", "0,05° (3 × 6 км на 55° с. ш.)"),
            ("mcd12q1", "500 m", "MODIS sinusoidal", IGBP_TILES, "10.5067/MODIS/MCD12Q1.006",
             "463 m", "463 м"),
        )
    ),
    Product(
        id="nlcd", role="land_cover", quantity="class", unit="NLCD class",
        title="NLCD: land cover of the USA", title_ru="NLCD: покров земли США",
        resolution="30 m", crs="EPSG:5070",
        epochs=("2001", "2004", "2006", "2008", "2011", "2013", "2016", "2019", "2021"),
        nodata={ANY: 0}, licence="public domain", attribution="USGS, NLCD", classes=NLCD,
        source="Homer et al. 2020, Conterminous United States land cover change patterns "
        "2001–2016 (unverified)", doi="10.1016/j.isprsjprs.2020.02.019",
        change_pair_with=("nlcd",),
        note="only years of one release may be compared; reclassified copies with codes 1 to 8 are "
        "not this product",
        note_ru="сравнивать можно только годы одного выпуска; переклассифицированные копии с "
        "кодами 1–8 — не этот продукт",
    ),
    Product(
        id="esa_cci_lc", role="land_cover", quantity="class", unit="LCCS class",
        title="ESA CCI land cover", title_ru="ESA CCI: покров земли",
        resolution="300 m (1/360°)", crs=DEGREES, epochs=tuple(map(str, range(1992, 2023))),
        nodata={ANY: 0}, licence="free with attribution", classes=ESA_CCI,
        attribution="ESA Climate Change Initiative, Land Cover project",
        source="Defourny et al. 2017, Land Cover CCI product user guide (unverified)",
        change_pair_with=("esa_cci_lc",),
        note="changes are followed at 1 km, so growth of small towns is missed; mixed cells have "
        "classes of their own",
        note_ru="изменения отслежены по 1 км, рост малых городов теряется; у смешанных клеток свои "
        "классы",
    ),
    *(
        Product(
            id=f"srtm_{short}", role="elevation", quantity="level", unit="m",
            title=f"SRTM {short.upper()}: height of the surface",
            title_ru=f"SRTM {short.upper()}: высота поверхности",
            resolution=resolution, crs=DEGREES, epochs=("2000",), nodata={"int16": -32768},
            licence="public domain", attribution="NASA, USGS: SRTM", status="observed",
            source="Farr et al. 2007, The Shuttle Radar Topography Mission, Reviews of Geophysics "
            "45 (unverified)", doi="10.1029/2005RG000183",
            note="from 60° N to 56° S only; radar of February 2000 sees roofs and tree tops, not "
            "the ground; neighbouring tiles share a row and a column",
            note_ru="только от 60° с. ш. до 56° ю. ш.; радар 2000 года видит крыши и кроны, а не "
            "землю; соседние листы имеют общие ряд и столбец",
        )
        for short, resolution in (("gl1", "1″"), ("gl3", "3″"))
    ),
    *(
        Product(
            id=f"copernicus_dem_glo{metres}", role="elevation", quantity="level", unit="m",
            title=f"Copernicus DEM GLO-{metres}: height of the surface",
            title_ru=f"Copernicus DEM GLO-{metres}: высота поверхности",
            resolution=f"{seconds}″ from south to north, wider cells beyond 50°", crs=DEGREES,
            epochs=("2015",), licence="free with attribution", attribution=COPERNICUS_DEM,
            source="Airbus & ESA, Copernicus Digital Elevation Model (unverified)",
            doi="10.5270/ESA-c5d3d65", status="observed",
            note="a surface model of 2011–2015: it holds buildings and trees; one float height "
            "above EGM2008",
            note_ru="модель поверхности 2011–2015 годов: со зданиями и деревьями; высоты над "
            "EGM2008",
        )
        for metres, seconds in (("30", 1), ("90", 3))
    ),
)  # fmt: skip
"""Every product of this kind."""
