"""Recognises a published raster by the name that its makers gave the file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

END = r"(?P<end>\.(tiff?|img|jp2|hgt|hdf|nc|vrt|bil))?$"
DAY = r"(?P<day>\d{8})"
SCENE = r"L[CEOTM]0[4-9]"
SRTM3_BYTES = 1201 * 1201 * 2
"""A tile of three seconds without compression."""

NAMES: tuple[tuple[str, str], ...] = (
    ("ghs_built_s_r2023a", r"GHS_BUILT_S_E(?P<epoch>\d{4})_GLOBE_R2023A_(54009|4326)_"),
    ("ghs_pop_r2023a", r"GHS_POP_E(?P<epoch>\d{4})_GLOBE_R2023A_(54009|4326)_"),
    ("ghs_land_r2022a", r"GHS_LAND_E(?P<epoch>\d{4})_GLOBE_R2022A_54009_"),
    ("ghs_smod_r2023a", r"GHS_SMOD_E(?P<epoch>\d{4})_GLOBE_R2023A_54009_"),
    ("worldpop_constrained", r"[a-z]{3}_ppp_(?P<epoch>\d{4})_(UNadj_)?constrained" + END),
    ("worldpop_unconstrained",
     r"([a-z]{3}_)?ppp_(?P<epoch>\d{4})(_1km_Aggregated)?(_UNadj)?" + END),
    ("worldpop_r2024_constrained", r"[a-z]{3}_pop_(?P<epoch>\d{4})_CN_(100m|1km)_R202[4-9]"),
    ("worldpop_r2024_unconstrained", r"[a-z]{3}_pop_(?P<epoch>\d{4})_UC_(100m|1km)_R202[4-9]"),
    ("worldpop_density", r"[a-z]{3}_pd_(?P<epoch>\d{4})_1km(_UNadj)?" + END),
    ("gpw_v4_density_rev11", r"gpw_v4_population_density_.*rev11_(?P<epoch>\d{4})_"),
    ("gpw_v4_density_rev11", r"gpw_v411_density_(?P<epoch>\d{4})_"),
    ("gpw_v4_density_rev10", r"gpw_v4_population_density_.*rev10_(?P<epoch>\d{4})_"),
    ("gpw_v4_density_rev10", r"gpw_v410_density_(?P<epoch>\d{4})_"),
    ("gpw_v4_count_rev11", r"gpw_v4_population_count_.*rev11_(?P<epoch>\d{4})_"),
    ("gpw_v4_count_rev10", r"gpw_v4_population_count_.*rev10_(?P<epoch>\d{4})_"),
    ("viirs_vnl_v2", r"VNL_(v2\d*_)?(npp|j01|npp-j01|j02)_(?P<epoch>\d{4})(\d\d-\d{6})?_global_"
     r".*(average|median)(_masked)?"),
    ("dmsp_ols_stable_lights", r"F1\d(?P<epoch>\d{4})\.v4[a-z]?(_web|\.global)\.stable_lights"),
    ("esa_worldcover_v100", r"ESA_WorldCover_10m_(?P<epoch>2020)_v100_[NS]\d\d[EW]\d{3}_Map"),
    ("esa_worldcover_v200", r"ESA_WorldCover_10m_(?P<epoch>2021)_v200_[NS]\d\d[EW]\d{3}_Map"),
    ("sentinel2_scl", rf"(L2A_)?T\d\d[A-Z]{{3}}_{DAY}T\d{{6}}_SCL(_[26]0m)?" + END),
    ("sentinel2_l2a",
     rf"(L2A_)?T\d\d[A-Z]{{3}}_{DAY}T\d{{6}}_B(0\d|8A|1[12])_(?P<metres>[126]0)m" + END),
    ("landsat_c2_qa_pixel", rf"{SCENE}_L2S[PR]_\d{{6}}_{DAY}_\d{{8}}_02_T[12]_QA_PIXEL" + END),
    ("landsat_c2_sr", rf"{SCENE}_L2S[PR]_\d{{6}}_{DAY}_\d{{8}}_02_T[12]_SR_B\d" + END),
    ("landsat_c2_st", rf"{SCENE}_L2SP_\d{{6}}_{DAY}_\d{{8}}_02_T[12]_ST_B(6|10)" + END),
    ("landsat_c1_bqa", rf"{SCENE}_L1(TP|GT|GS)_\d{{6}}_{DAY}(_\d{{8}}_01_(T[12]|RT))?_BQA" + END),
    ("landsat_c1_l1",
     rf"{SCENE}_L1(TP|GT|GS)_\d{{6}}_{DAY}(_\d{{8}}_01_(T[12]|RT))?_B\d\d?" + END),
    ("copernicus_dem_glo30", r"Copernicus_DSM_(COG_)?10_[NS]\d\d_00_[EW]\d{3}_00_DEM"),
    ("copernicus_dem_glo90", r"Copernicus_DSM_(COG_)?30_[NS]\d\d_00_[EW]\d{3}_00_DEM"),
    ("srtm_gl1", r"[NS]\d\d[EW]\d{3}(\.SRTMGL[13])?\.hgt$"),
    ("srtm_gl1", r"[ns]\d\d_[ew]\d{3}_1arc_v3" + END),
    ("srtm_gl3", r"[ns]\d\d_[ew]\d{3}_3arc_v2" + END),
    ("modis_mcd12c1", r"MCD12C1\.A(?P<epoch>\d{4})\d{3}\."),
    ("modis_mcd12c1", r"MCD12C1_IGBP_(?P<epoch>\d{4})"),
    ("modis_mcd12q1", r"MCD12Q1\.A(?P<epoch>\d{4})\d{3}\."),
    ("nlcd", r"NLCD_(?P<epoch>\d{4})_land_cover_(l48|ak|hi|pr)"),
    ("nlcd", r"Annual_NLCD_LndCov_(?P<epoch>\d{4})_"),
    ("esa_cci_lc", r"ESACCI-LC-L4-LCCS-Map-300m-P1Y-(?P<epoch>\d{4})-v2"),
)  # fmt: skip
"""Product and what its file names look like; the first that fits counts."""

FIXED_EPOCHS = {
    "srtm_gl1": "2000", "srtm_gl3": "2000", "copernicus_dem_glo30": "2015",
    "copernicus_dem_glo90": "2015",
}  # fmt: skip


def recognised(path: Path | str) -> tuple[str, str] | None:
    """Tell the product's id and the epoch by the name of a file; None if no name fits.

    Returns
    -------
    id, epoch
        The epoch is a year, '2020', or a day, '2020-06-15'.
    """
    name = file_name(path)
    for product, pattern in NAMES:
        if found := re.match(pattern, name, re.IGNORECASE):
            parts = found.groupdict()
            day = parts.get("day")
            epoch = f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else parts.get("epoch")
            return _by_size(product, path), epoch or FIXED_EPOCHS.get(product, "")
    return None


def file_name(path: Path | str) -> str:
    """Return the last part of a path or an address, without what follows a question mark."""
    text = str(path)
    if "://" in text:
        text = urlsplit(text).path
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1]


def _by_size(product: str, path: Path | str) -> str:
    """Tiles of SRTM bear the same name in both resolutions."""
    local = Path(path)
    is_coarse = (
        product == "srtm_gl1"
        and local.suffix.lower() == ".hgt"
        and local.is_file()
        and local.stat().st_size == SRTM3_BYTES
    )
    return "srtm_gl3" if is_coarse or "SRTMGL3" in file_name(path).upper() else product
