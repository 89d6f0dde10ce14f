"""Products that come as scenes: Sentinel-2 and Landsat, with their quality bands."""

from __future__ import annotations

from agglo.layers.land_classes import SCL
from agglo.layers.product_facts import ANY, Product

UTM = "WGS 84 / UTM, zone by scene"
COPERNICUS = "Copernicus Sentinel data, free with attribution"
SENTINEL = "contains modified Copernicus Sentinel data"
USGS = "U.S. Geological Survey"
HANDBOOK = "ESA 2015, Sentinel-2 User Handbook (unverified)"
LANDSAT_GUIDE = "USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide (unverified)"
LANDSAT_1_GUIDE = "USGS, Landsat Collection 1 Level 1 Product Definition (unverified)"
QUALITY = "a code for masks, not a measure: never average it"
QUALITY_RU = "код для масок, а не величина: усреднять нельзя"

SCENES = (
    Product(
        id="sentinel2_l2a", scene="sentinel2_l2a", role="other", quantity="level",
        unit="reflectance", title="Sentinel-2 Level-2A: surface reflectance",
        title_ru="Sentinel-2 L2A: отражение поверхности",
        resolution="10 m (B02 B03 B04 B08), 20 m (B05 B06 B07 B8A B11 B12), 60 m (B01 B09)",
        crs=UTM, epochs=(), nodata={ANY: 0}, scale=1e-4, licence=COPERNICUS, attribution=SENTINEL,
        status="observed", source=HANDBOOK, change_pair_with=("sentinel2_l2a",),
        note="one day: compare the same season, clear cells only; from processing baseline 04.00 "
        "on (2022-01-25) the numbers carry an offset of -1000, which is taken off here",
        note_ru="один день: сравнивать одно время года и только ясные клетки; с версии обработки "
        "04.00 (25.01.2022) числа сдвинуты на -1000, здесь сдвиг снят",
    ),
    Product(
        id="sentinel2_scl", scene="sentinel2_l2a", role="other", quantity="class",
        unit="SCL class", title="Sentinel-2 Level-2A: scene classification",
        title_ru="Sentinel-2 L2A: классы сцены", resolution="20 m, 60 m", crs=UTM, epochs=(),
        nodata={ANY: 0}, licence=COPERNICUS, attribution=SENTINEL, source=HANDBOOK, classes=SCL,
        note="for masking clouds; its vegetation and soil are no land cover: bright roofs are "
        "often taken for cloud",
        note_ru="для маски облаков; растительность и почва здесь — не покров земли, светлые крыши "
        "часто приняты за облако",
    ),
    Product(
        id="landsat_c2_sr", scene="landsat_c2_l2", role="other", quantity="level",
        unit="reflectance", title="Landsat Collection 2 Level 2: surface reflectance",
        title_ru="Landsat C2 L2: отражение поверхности", resolution="30 m", crs=UTM, epochs=(),
        nodata={ANY: 0}, scale=0.0000275, offset=-0.2, licence="public domain", attribution=USGS,
        status="observed", source=LANDSAT_GUIDE, change_pair_with=("landsat_c2_sr",),
        note="one day: compare the same season, clear cells only; numbers of bands differ between "
        "Landsat 4–7 and 8–9, and Landsat 7 has stripes without data from 2003-05-31 on",
        note_ru="один день: сравнивать одно время года и только ясные клетки; номера каналов у "
        "Landsat 4–7 и 8–9 разные, у Landsat 7 с 31.05.2003 полосы без данных",
    ),
    Product(
        id="landsat_c2_st", scene="landsat_c2_l2", role="other", quantity="level", unit="K",
        title="Landsat Collection 2 Level 2: surface temperature",
        title_ru="Landsat C2 L2: температура поверхности", resolution="30 m (sensor 60–120 m)",
        crs=UTM, epochs=(), nodata={ANY: 0}, scale=0.00341802, offset=149.0,
        licence="public domain", attribution=USGS, source=LANDSAT_GUIDE,
        change_pair_with=("landsat_c2_st",),
        note="temperature of roofs and leaves at about 10:30, not of the air",
        note_ru="температура крыш и листвы около 10:30, а не воздуха",
    ),
    Product(
        id="landsat_c2_qa_pixel", scene="landsat_c2_l2", role="other", quantity="class",
        unit="QA_PIXEL bits", title="Landsat Collection 2: pixel quality",
        title_ru="Landsat C2: качество клеток", resolution="30 m", crs=UTM, epochs=(),
        nodata={"uint16": 1}, licence="public domain", attribution=USGS, source=LANDSAT_GUIDE,
        note=QUALITY, note_ru=QUALITY_RU,
    ),
    Product(
        id="landsat_c1_l1", scene="landsat_c1_l1", role="other", quantity="level",
        unit="digital number", title="Landsat Collection 1 Level 1: uncalibrated numbers",
        title_ru="Landsat C1 L1: некалиброванные числа", resolution="30 m (B8 15 m, B10 B11 100 m)",
        crs=UTM, epochs=(), nodata={"uint16": 0, "uint8": 0}, licence="public domain",
        attribution=USGS, status="observed", source=LANDSAT_1_GUIDE,
        note="digital numbers of the sensor, neither reflectance nor freed of haze and sun: "
        "indices of one scene are relative, and scenes are not comparable as they stand",
        note_ru="числа датчика, а не отражение, без поправки на дымку и солнце: индексы одной "
        "сцены относительны, сцены без калибровки не сравнимы",
    ),
    Product(
        id="landsat_c1_bqa", scene="landsat_c1_l1", role="other", quantity="class",
        unit="BQA bits", title="Landsat Collection 1: pixel quality",
        title_ru="Landsat C1: качество клеток", resolution="30 m", crs=UTM, epochs=(),
        nodata={"uint16": 1}, licence="public domain", attribution=USGS, source=LANDSAT_1_GUIDE,
        note=QUALITY, note_ru=QUALITY_RU,
    ),
)  # fmt: skip
"""Every product of this kind."""
