"""The classes of land-cover products, each brought down to one kind of land."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agglo.rasters import LandClass

Classes = Mapping[int, LandClass]

SHADES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "built": ("#8c2d04", "#b8531a", "#d9793f", "#f0a77a"),
        "farm": ("#fde46b", "#f6d33c", "#fff1a8", "#e3bf1f"),
        "forest": ("#00513f", "#0a6b54", "#1f8468", "#003d30", "#45a184", "#63b597"),
        "grass": ("#a8d8a0", "#c7e9c0", "#8cc98a", "#dcf2d6", "#b9dfae"),
        "wetland": ("#c994c7", "#df65b0", "#e7c3e2", "#b86fb4"),
        "bare": ("#d9d9d9", "#bdbdbd", "#f2f2f2"),
        "water": ("#2171b5", "#6baed6", "#08519c"),
    }
)
"""Colours of each kind, from its first class on; kinds differ in lightness too, so that they
stay apart without red and green."""


def _scheme(*rows: tuple[int, str, str, str]) -> Classes:
    """Classes by code, each with the next shade of its kind."""
    used = dict.fromkeys(SHADES, 0)
    classes = {}
    for code, kind, name_ru, name_en in rows:
        shades = SHADES[kind]
        colour = shades[used[kind] % len(shades)]
        used[kind] += 1
        classes[code] = LandClass(kind=kind, name_ru=name_ru, name_en=name_en, colour=colour)
    return MappingProxyType(classes)


def _codes_only(*rows: tuple[int, str, str, str]) -> Classes:
    """Classes that are no land cover, each with its own colour."""
    return MappingProxyType(
        {
            code: LandClass(kind="", name_ru=name_ru, name_en=name_en, colour=colour)
            for code, name_ru, name_en, colour in rows
        }
    )


IGBP = _scheme(
    (0, "water", "вода", "water"),
    (1, "forest", "вечнозелёный хвойный лес", "evergreen needleleaf forest"),
    (2, "forest", "вечнозелёный широколиственный лес", "evergreen broadleaf forest"),
    (3, "forest", "листопадный хвойный лес", "deciduous needleleaf forest"),
    (4, "forest", "листопадный широколиственный лес", "deciduous broadleaf forest"),
    (5, "forest", "смешанный лес", "mixed forest"),
    (6, "grass", "сомкнутые кустарники", "closed shrubland"),
    (7, "grass", "редкие кустарники", "open shrubland"),
    (8, "forest", "редколесье", "woody savanna"),
    (9, "grass", "травы с редкими деревьями", "savanna"),
    (10, "grass", "луга и степи", "grassland"),
    (11, "wetland", "постоянные болота", "permanent wetland"),
    (12, "farm", "пашня", "cropland"),
    (13, "built", "застройка", "urban and built-up"),
    (14, "farm", "пашня вперемежку с природной растительностью", "cropland and natural mosaic"),
    (15, "bare", "снег и лёд", "snow and ice"),
    (16, "bare", "голая земля", "barren"),
)
"""International Geosphere-Biosphere Programme, as in MCD12C1 (Loveland & Belward 1997); woody
savanna, with 30–60 % of crowns, counts as forest."""

IGBP_TILES: Classes = MappingProxyType({**{code: IGBP[code] for code in range(1, 17)}, 17: IGBP[0]})
"""The same as in the tiles of MCD12Q1, where water is 17."""

WORLDCOVER = _scheme(
    (10, "forest", "деревья", "tree cover"),
    (20, "grass", "кустарники", "shrubland"),
    (30, "grass", "луга", "grassland"),
    (40, "farm", "пашня", "cropland"),
    (50, "built", "застройка", "built-up"),
    (60, "bare", "голая земля и редкая растительность", "bare or sparse vegetation"),
    (70, "bare", "снег и лёд", "snow and ice"),
    (80, "water", "постоянная вода", "permanent water"),
    (90, "wetland", "травяные болота", "herbaceous wetland"),
    (95, "wetland", "мангры", "mangroves"),
    (100, "grass", "мхи и лишайники", "moss and lichen"),
)
"""ESA WorldCover (Zanaga et al. 2021, 2022)."""

NLCD = _scheme(
    (11, "water", "открытая вода", "open water"),
    (12, "bare", "вечный снег и лёд", "perennial ice and snow"),
    (21, "built", "застройка с садами и парками", "developed, open space"),
    (22, "built", "редкая застройка", "developed, low intensity"),
    (23, "built", "средняя застройка", "developed, medium intensity"),
    (24, "built", "плотная застройка", "developed, high intensity"),
    (31, "bare", "голая земля", "barren land"),
    (41, "forest", "листопадный лес", "deciduous forest"),
    (42, "forest", "вечнозелёный лес", "evergreen forest"),
    (43, "forest", "смешанный лес", "mixed forest"),
    (51, "grass", "низкие кустарники (Аляска)", "dwarf scrub (Alaska)"),
    (52, "grass", "кустарники", "shrub and scrub"),
    (71, "grass", "травы", "herbaceous"),
    (72, "grass", "осоки (Аляска)", "sedge (Alaska)"),
    (73, "grass", "лишайники (Аляска)", "lichens (Alaska)"),
    (74, "grass", "мхи (Аляска)", "moss (Alaska)"),
    (81, "farm", "сенокосы и пастбища", "hay and pasture"),
    (82, "farm", "пашня", "cultivated crops"),
    (90, "wetland", "лесные болота", "woody wetlands"),
    (95, "wetland", "травяные болота", "emergent herbaceous wetlands"),
)
"""National Land Cover Database of the USA, after Anderson et al. (1976)."""

ESA_CCI = _scheme(
    (10, "farm", "пашня без орошения", "cropland, rainfed"),
    (11, "farm", "травянистые культуры", "cropland, herbaceous"),
    (12, "farm", "сады и кустарниковые культуры", "cropland, trees or shrubs"),
    (20, "farm", "орошаемая пашня", "cropland, irrigated"),
    (30, "farm", "пашня с природной растительностью", "mosaic, mostly cropland"),
    (40, "grass", "природная растительность с пашней", "mosaic, mostly natural vegetation"),
    (50, "forest", "вечнозелёный широколиственный лес", "broadleaved evergreen trees"),
    (60, "forest", "листопадный широколиственный лес", "broadleaved deciduous trees"),
    (61, "forest", "то же, сомкнутый", "broadleaved deciduous trees, closed"),
    (62, "forest", "то же, разреженный", "broadleaved deciduous trees, open"),
    (70, "forest", "вечнозелёный хвойный лес", "needleleaved evergreen trees"),
    (71, "forest", "вечнозелёный хвойный лес, сомкнутый", "needleleaved evergreen, closed"),
    (72, "forest", "вечнозелёный хвойный лес, разреженный", "needleleaved evergreen, open"),
    (80, "forest", "листопадный хвойный лес", "needleleaved deciduous trees"),
    (81, "forest", "листопадный хвойный лес, сомкнутый", "needleleaved deciduous, closed"),
    (82, "forest", "листопадный хвойный лес, разреженный", "needleleaved deciduous, open"),
    (90, "forest", "смешанный лес", "mixed trees"),
    (100, "forest", "деревья и кустарники с травами", "mosaic, mostly trees and shrubs"),
    (110, "grass", "травы с деревьями и кустарниками", "mosaic, mostly herbaceous"),
    (120, "grass", "кустарники", "shrubland"),
    (121, "grass", "вечнозелёные кустарники", "shrubland, evergreen"),
    (122, "grass", "листопадные кустарники", "shrubland, deciduous"),
    (130, "grass", "луга", "grassland"),
    (140, "grass", "мхи и лишайники", "lichens and mosses"),
    (150, "bare", "редкая растительность", "sparse vegetation"),
    (151, "bare", "редкие деревья", "sparse trees"),
    (152, "bare", "редкие кустарники", "sparse shrubs"),
    (153, "bare", "редкие травы", "sparse herbaceous cover"),
    (160, "wetland", "лес, затопляемый пресной водой", "trees, flooded, fresh water"),
    (170, "wetland", "лес, затопляемый солёной водой", "trees, flooded, saline water"),
    (180, "wetland", "затопляемые кустарники и травы", "shrubs or herbs, flooded"),
    (190, "built", "застройка", "urban"),
    (200, "bare", "голая земля", "bare areas"),
    (201, "bare", "сплошная голая земля", "bare areas, consolidated"),
    (202, "bare", "рыхлая голая земля", "bare areas, unconsolidated"),
    (210, "water", "вода", "water"),
    (220, "bare", "вечный снег и лёд", "permanent snow and ice"),
)
"""ESA Climate Change Initiative land cover (Defourny et al. 2017, legend of LCCS)."""

SMOD = _codes_only(
    (10, "вода", "water", "#7ab6f5"),
    (11, "почти безлюдная сельская местность", "very low density rural", "#e5f5c5"),
    (12, "редконаселённая сельская местность", "low density rural", "#c2dba0"),
    (13, "сельский кластер", "rural cluster", "#5a8f29"),
    (21, "пригород", "suburban or peri-urban", "#fff27a"),
    (22, "полуплотный городской кластер", "semi-dense urban cluster", "#b58a2e"),
    (23, "плотный городской кластер", "dense urban cluster", "#7a3b12"),
    (30, "городской центр", "urban centre", "#d7301f"),
)
"""Degree of urbanisation, level 2 (Schiavina et al. 2023)."""

SCL = _codes_only(
    (1, "пересвечено или повреждено", "saturated or defective", "#ff0000"),
    (2, "тёмное", "dark area", "#404040"),
    (3, "тень облака", "cloud shadow", "#7f5217"),
    (4, "растительность", "vegetation", "#33a02c"),
    (5, "без растительности", "not vegetated", "#ffe45c"),
    (6, "вода", "water", "#1f5fbf"),
    (7, "не определено", "unclassified", "#808080"),
    (8, "облако, вероятно", "cloud, medium probability", "#c0c0c0"),
    (9, "облако", "cloud, high probability", "#ffffff"),
    (10, "перистые облака", "thin cirrus", "#64c8ff"),
    (11, "снег или лёд", "snow or ice", "#ff96ff"),
)
"""Scene classification of Sentinel-2 Level-2A."""

SCHEMES: Mapping[str, Classes] = MappingProxyType(
    {
        "igbp": IGBP, "igbp_tiles": IGBP_TILES, "worldcover": WORLDCOVER, "nlcd": NLCD,
        "esa_cci": ESA_CCI, "smod": SMOD, "scl": SCL,
    }
)  # fmt: skip
"""Schemes by name."""
