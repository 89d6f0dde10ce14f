"""The unit that the end of a name carries, and the conversions between units."""

SECONDS_PER_MINUTE = 60.0
MINUTES_PER_HOUR = 60.0
M_PER_KM = 1000.0
M2_PER_HA = 10_000.0
M2_PER_KM2 = 1_000_000.0
HA_PER_KM2 = 100.0
MS_PER_MINUTE = 60_000.0

UNIT_BY_SUFFIX = {
    "_per_km2": "1/km²",
    "_per_min": "1/min",
    "_per_resident_year": "per resident and year",
    "_days_per_year": "days/year",
    "_elasticity": "elasticity",
    "_elasticity_low": "elasticity",
    "_elasticity_high": "elasticity",
    "_power": "power",
    "_veh_per_h": "veh/h",
    "_per_car": "persons per car",
    "_m2_per_resident": "m² per resident",
    "_kmh": "km/h",
    "_km2": "km²",
    "_km": "km",
    "_ha": "ha",
    "_m2": "m²",
    "_m": "m",
    "_min": "min",
    "_count": "persons",
    "_share": "share 0–1",
    "_teu_per_year": "TEU/year",
    "_days": "days",
    "_mln_rub": "mln RUB",
    "wage_rub": "RUB/month",
    "_rub_per_h": "RUB/h",
    "_rub": "RUB",
}


def unit_of(name: str) -> str:
    """Read the unit off the end of a column's or parameter's name.

    Returns
    -------
    unit_of
        Such as ``'km/h'``; empty where the name carries none.

    Examples
    --------
    >>> unit_of("free_speed_kmh"), unit_of("name_ru")
    ('km/h', '')
    """
    for suffix, unit in UNIT_BY_SUFFIX.items():
        if name.endswith(suffix):
            return unit
    return ""
