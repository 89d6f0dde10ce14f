"""Products on people, built-up land and lights at night."""

from __future__ import annotations

from agglo.layers.land_classes import SMOD
from agglo.layers.product_facts import ANY, Product

GHSL_EPOCHS = tuple(str(year) for year in range(1975, 2031, 5))
GHSL_GRIDS = "100 m, 1 km; 3″, 30″"
MOLLWEIDE = "ESRI:54009"
DEGREES = "EPSG:4326"
JRC_LICENCE = "CC BY 4.0"
JRC = "European Commission, Joint Research Centre: GHSL"
WORLDPOP_LICENCE = "CC BY 4.0"
WORLDPOP = "WorldPop (worldpop.org), University of Southampton"
TATEM = "Tatem 2017, WorldPop, open data for spatial demography (unverified)"
CIESIN = "CIESIN, Columbia University: Gridded Population of the World, version 4"
GPW_NODATA = -3.4028230607370965e38

PEOPLE = (
    Product(
        id="ghs_built_s_r2023a", role="built_up", quantity="count", unit="m2",
        title="GHS-BUILT-S R2023A: built-up surface",
        title_ru="GHS-BUILT-S R2023A: площадь застройки",
        resolution=f"10 m (2018), {GHSL_GRIDS}", crs=MOLLWEIDE,
        epochs=tuple(sorted({*GHSL_EPOCHS, "2018"})),
        nodata={"uint8": 255, "uint16": 65535, "uint32": 4294967295},
        licence=JRC_LICENCE, attribution=JRC,
        source="Pesaresi & Politis 2023, GHS-BUILT-S R2023A",
        doi="10.2905/9F06F36F-4B11-47EC-ABB0-4F8B7B1D72EA",
        change_pair_with=("ghs_built_s_r2023a",),
        note="m2 of buildings seen from above, not of paved land; 2025 and 2030 are projections; "
        "epochs between images are interpolated, so no single year's building shows; releases are "
        "not to be mixed",
        note_ru="площадь крыш, а не всей занятой земли; 2025 и 2030 — прогноз; годы между съёмками "
        "интерполированы; разные выпуски не смешивать",
    ),
    Product(
        id="ghs_pop_r2023a", role="population", quantity="count", unit="persons",
        title="GHS-POP R2023A: residents per cell", title_ru="GHS-POP R2023A: жители по клеткам",
        resolution=GHSL_GRIDS, crs=MOLLWEIDE, epochs=GHSL_EPOCHS, nodata={ANY: -200},
        licence=JRC_LICENCE, attribution=JRC,
        source="Schiavina, Freire, Carioli & MacManus 2023, GHS-POP R2023A",
        doi="10.2905/2FF68A52-5B5B-4A22-8F40-C41DA8332CFE",
        change_pair_with=("ghs_pop_r2023a",),
        note="census totals spread over built-up volume: within a census unit the pattern is a "
        "model; warping it to another grid loses people; 2025 and 2030 are projections",
        note_ru="итоги переписи, разложенные по объёму застройки: внутри единицы учёта это модель; "
        "перепроецирование теряет людей; 2025 и 2030 — прогноз",
    ),
    Product(
        id="ghs_land_r2022a", role="land", quantity="count", unit="m2",
        title="GHS-LAND R2022A: land surface", title_ru="GHS-LAND R2022A: площадь суши",
        resolution="10 m, 100 m, 1 km", crs=MOLLWEIDE, epochs=("2018",),
        nodata={"uint8": 255, "uint16": 65535, "uint32": 4294967295},
        licence=JRC_LICENCE, attribution=JRC,
        source="Pesaresi & Politis 2022, GHS-LAND R2022A (unverified)",
        note="one epoch only: it shows no change of shores",
        note_ru="одна эпоха: изменений берегов не показывает",
    ),
    Product(
        id="ghs_smod_r2023a", role="other", quantity="class", unit="degree of urbanisation",
        title="GHS-SMOD R2023A: degree of urbanisation",
        title_ru="GHS-SMOD R2023A: степень урбанизации",
        resolution="1 km", crs=MOLLWEIDE, epochs=GHSL_EPOCHS, nodata={ANY: -200},
        licence=JRC_LICENCE, attribution=JRC, classes=SMOD,
        source="Schiavina, Melchiorri & Pesaresi 2023, GHS-SMOD R2023A",
        doi="10.2905/A0DF7A6F-49DE-46EA-9BDE-563437A6E2BA",
        change_pair_with=("ghs_smod_r2023a",),
        note="classes of 1 km cells, not of municipalities; the version (V1, V2) must be the same "
        "in a comparison; 2025 and 2030 are projections",
        note_ru="классы клеток 1 км, а не муниципалитетов; сравнивать можно только одну версию "
        "(V1, V2); 2025 и 2030 — прогноз",
    ),
    *(
        Product(
            id=f"worldpop_{kind}", role="population", quantity=quantity, unit=unit,
            title=f"WorldPop: {what}", title_ru=f"WorldPop: {what_ru}",
            resolution=resolution, crs=DEGREES, epochs=epochs, nodata={ANY: -99999},
            licence=WORLDPOP_LICENCE, attribution=WORLDPOP, source=TATEM,
            doi="10.1038/sdata.2017.4", change_pair_with=pairs, note=note, note_ru=note_ru,
        )
        for kind, quantity, unit, what, what_ru, resolution, epochs, pairs, note, note_ru in (
            (
                "unconstrained", "count", "persons", "residents, unconstrained",
                "жители, без ограничения застройкой", "3″, 30″",
                tuple(map(str, range(2000, 2021))), ("worldpop_unconstrained",),
                "people are spread over forest and field too, so empty land is never empty; a "
                "model between censuses",
                "люди разложены и по лесу, и по полю: пустого места нет; модель между переписями",
            ),
            (
                "constrained", "count", "persons", "residents, in built-up cells only",
                "жители, только в застроенных клетках", "3″", ("2020",),
                (), "one epoch; not to be compared with unconstrained ones",
                "одна эпоха; с неограниченными не сравнивать",
            ),
            (
                "r2024_constrained", "count", "persons",
                "residents 2015–2030, in built-up cells only",
                "жители 2015–2030, только в застроенных клетках", "3″, 30″",
                tuple(map(str, range(2015, 2031))), ("worldpop_r2024_constrained",),
                "a projection after the last census; releases (R2024, R2025) are not to be mixed",
                "прогноз после последней переписи; выпуски (R2024, R2025) не смешивать",
            ),
            (
                "r2024_unconstrained", "count", "persons", "residents 2015–2030, unconstrained",
                "жители 2015–2030, без ограничения застройкой", "3″, 30″",
                tuple(map(str, range(2015, 2031))), ("worldpop_r2024_unconstrained",),
                "people are spread over forest and field too; a projection after the last census; "
                "releases (R2024, R2025) are not to be mixed",
                "люди разложены и по лесу, и по полю; прогноз после последней переписи; выпуски "
                "(R2024, R2025) не смешивать",
            ),
            (
                "density", "density", "persons per km2", "residents per km2, unconstrained",
                "жителей на км², без ограничения застройкой", "30″",
                tuple(map(str, range(2000, 2021))), ("worldpop_density",),
                "a density: multiply by the true area of a cell before adding up",
                "плотность: перед сложением умножать на истинную площадь клетки",
            ),
        )
    ),
    *(
        Product(
            id=f"gpw_v4_{kind}_{revision}", role="population", quantity=quantity, unit=unit,
            title=f"GPW v4 {revision}: {what}", title_ru=f"GPW v4 {revision}: {what_ru}",
            resolution="30″, 2.5′, 15′, 30′, 1°", crs=DEGREES,
            epochs=("2000", "2005", "2010", "2015", "2020"),
            nodata={"float32": GPW_NODATA, "float64": GPW_NODATA, "int32": -9999},
            licence="CC BY 4.0", attribution=f"CIESIN, GPW v4 {revision}, CC BY 4.0",
            source=f"{CIESIN}, {revision}", doi=doi,
            change_pair_with=(f"gpw_v4_{kind}_{revision}",),
            note="one value for a whole census unit, in Russia a district or a city: it shows no "
            "town inside a district; epochs are extrapolated from one or two censuses; revisions "
            "10 and 11 are not to be compared",
            note_ru="одно значение на единицу переписи, в России — район или город: городов внутри "
            "района не видно; эпохи продолжены от одной-двух переписей; выпуски 10 и 11 "
            "не сравнивать",
        )
        for revision, dois in (
            ("rev10", {"density": "10.7927/H4DZ068D"}),
            ("rev11", {"density": "10.7927/H49C6VHW", "count": "10.7927/H4JW8BX5"}),
        )
        for kind, quantity, unit, what, what_ru in (
            ("density", "density", "persons per km2", "residents per km2", "жителей на км²"),
            ("count", "count", "persons", "residents per cell", "жители по клеткам"),
        )
        for doi in [dois.get(kind, "")]
    ),
    Product(
        id="viirs_vnl_v2", role="night_lights", quantity="level", unit="nW per cm2 per sr",
        title="VIIRS night lights, annual (VNL V2)", title_ru="Ночные огни VIIRS за год (VNL V2)",
        resolution="15″", crs=DEGREES, epochs=tuple(map(str, range(2012, 2026))),
        licence="CC BY 4.0", attribution="Earth Observation Group, Payne Institute, CSM",
        status="observed",
        source="Elvidge, Zhizhin, Ghosh, Hsu & Taneja 2021, Annual time series of global VIIRS "
        "nighttime lights, Remote Sensing 13(5):922",
        doi="10.3390/rs13050922", change_pair_with=("viirs_vnl_v2",),
        note="radiance at about 1:30 at night: late shifts and greenhouses shine, sleeping suburbs "
        "do not; new LED lamps look darker; take one version and one of vcmcfg or vcmslcfg in a "
        "comparison",
        note_ru="излучение около 1:30 ночи: ночные смены и теплицы светят, спальные районы — нет; "
        "светодиоды кажутся темнее; сравнивать одну версию и один набор (vcmcfg или vcmslcfg)",
    ),
    Product(
        id="dmsp_ols_stable_lights", role="night_lights", quantity="level",
        unit="digital number 0–63", title="DMSP-OLS stable lights, annual",
        title_ru="Устойчивые огни DMSP-OLS за год",
        resolution="30″", crs=DEGREES, epochs=tuple(map(str, range(1992, 2014))),
        nodata={"uint8": 255}, licence="public domain", attribution="NOAA NGDC, DMSP-OLS",
        status="observed",
        source="Baugh, Elvidge, Ghosh & Ziskin 2010, Development of a 2009 stable lights product "
        "using DMSP-OLS data (unverified)",
        doi="10.7125/APAN.30.17", change_pair_with=("dmsp_ols_stable_lights",),
        note="numbers are not radiance, are cut at 63 in towns and bloom beyond them; satellites "
        "differ, so a change needs intercalibration; not comparable with VIIRS",
        note_ru="не излучение; в городах обрезано на 63 и расплывается за их края; спутники "
        "различаются, для сравнения нужна взаимная калибровка; с VIIRS не сравнивать",
    ),
)  # fmt: skip
"""Every product of this kind."""
