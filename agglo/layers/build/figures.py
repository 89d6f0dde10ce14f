"""Tables of figures: census settlements, population, wages, migration."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from agglo.errors import LayerError

FULL_YEAR = "январь-декабрь"
ALL_INDUSTRIES = "0"
CENSUS_TOTALS = {
    "mo_obninsk": 125_376,
    "mo_borovsky": 76_097,
    "mo_zhukovsky": 62_370,
    "mo_maloyaroslavetsky": 68_702,
}
"""Rosstat, census 2021 (VPN-2020), volume 1, table 5."""

YEAR_2010_NAMES = {
    "Obninsk": "mo_obninsk",
    "Borowsk": "mo_borovsky",
    "Schukow": "mo_zhukovsky",
    "Malojaroslawez": "mo_maloyaroslavetsky",
    "Kaluga": "mo_kaluga",
    "Medyn": "mo_medynsky",
    "Tarussa": "mo_tarussky",
    "Dserschinski": "mo_dzerzhinsky",
    "Fersikowo": "mo_ferzikovsky",
    "Isnoski": "mo_iznoskovsky",
}


def settlements(data: Path, tables: Path) -> pd.DataFrame:
    """List every settlement municipality of the members with its census population and zone.

    A settlement without a coordinate belongs to its district's remainder and says so.

    Raises
    ------
    LayerError
        If the settlements do not add up to the census totals exactly.
    """
    zones = pd.read_csv(tables / "zones.csv", dtype=str, keep_default_na=False)
    members = pd.read_csv(tables / "municipalities.csv", dtype=str)
    ids = dict(zip(members["name_ru"], members["municipality_id"], strict=True))
    census = pd.read_csv(data / "census2021_settlements_kaluga.csv")
    census["municipality_id"] = census["district"].map(ids)
    own = census[census["municipality_id"].isin(CENSUS_TOTALS)].copy()
    own["name_ru"] = own["settlement"]
    own["kind"] = own["level"].map({"urban_settlement": "urban", "rural_settlement": "rural"})
    own = pd.concat([_urban_okrug(data), own], ignore_index=True)
    seats = zones[zones["seat"] != ""].set_index(["municipality_id", "seat"])["zone_id"]
    rest = zones[zones["kind"] == "remainder"].set_index("municipality_id")["zone_id"]
    pairs = pd.MultiIndex.from_frame(own[["municipality_id", "seat"]])
    zone = pd.Series(seats.reindex(pairs).to_numpy(), index=own.index)
    own["is_located"] = zone.notna()
    own["zone_id"] = zone.fillna(own["municipality_id"].map(rest))
    number = own.groupby("municipality_id").cumcount() + 1
    own["settlement_id"] = own["municipality_id"].str[3:] + number.map("_{:02d}".format)
    own["population_count"] = own["pop_2021"]
    own["status"] = "observed"
    sums = own.groupby("municipality_id")["population_count"].sum().to_dict()
    if sums != CENSUS_TOTALS:
        raise LayerError(f"census settlements add up to {sums}; wanted {CENSUS_TOTALS}")
    columns = ["settlement_id", "name_ru", "municipality_id", "kind", "population_count"]
    return own[[*columns, "zone_id", "is_located", "status"]]


def _urban_okrug(data: Path) -> pd.DataFrame:
    census = pd.read_csv(data / "census2021_tab5_kaluga_hierarchy.csv")
    row = census[(census["level"] == "urban_okrug") & (census["district"] == "Обнинск")].iloc[0]
    return pd.DataFrame(
        [
            {
                "municipality_id": "mo_obninsk",
                "name_ru": "Городской округ Город Обнинск",
                "seat": "Обнинск",
                "kind": "urban",
                "pop_2021": row["pop_2021"],
            }
        ]
    )


def population(data: Path, tables: Path) -> pd.DataFrame:
    """Population by municipality for 2010 (1 January), 2021 (census), 2023 and 2024."""
    districts = _kaluga(data, tables)
    year_2010 = pd.read_csv(data / "districts_2010_dewiki.csv")
    year_2010["municipality_id"] = year_2010["rayon_de"].map(YEAR_2010_NAMES)
    pieces = [
        _year(
            year_2010.dropna(subset="municipality_id"),
            "pop_2010_est",
            2010,
            "Rosstat estimate of 1 January 2010, through German Wikipedia, CC BY-SA",
        ),
        _year(districts, "pop_census2021", 2021, "Rosstat, census 2021, volume 1, table 5"),
        _year(districts, "pop_2023", 2023, "SberIndex from Rosstat, CC BY-SA 4.0"),
        _year(districts, "pop_2024", 2024, "SberIndex from Rosstat, CC BY-SA 4.0"),
    ]
    table = pd.concat(pieces, ignore_index=True).assign(status="observed")
    return table.sort_values(["municipality_id", "year"], ignore_index=True)


def wages(data: Path, tables: Path) -> pd.DataFrame:
    """Mean monthly wage by municipality and industry, full years 2023 and 2024, RUB."""
    salaries = pd.read_parquet(data / "sberindex_salary_okved_5regions.parquet")
    by_id = _territories(data, tables)
    own = salaries.assign(municipality_id=salaries["territory_id"].map(by_id))
    own = own[(own["period"] == FULL_YEAR) & own["municipality_id"].notna()]
    own = own.dropna(subset="value")
    table = pd.DataFrame(
        {
            "municipality_id": own["municipality_id"],
            "year": own["year"].astype(int),
            "industry": own["okved_letter"].replace(ALL_INDUSTRIES, "all"),
            "name_ru": own["okved_name"],
            "wage_rub": own["value"].round(1),
            "status": "observed",
        }
    )
    return table.sort_values(["municipality_id", "year", "industry"], ignore_index=True)


def migration(data: Path, tables: Path) -> pd.DataFrame:
    """Net migration by municipality in 2023, persons."""
    districts = _kaluga(data, tables).dropna(subset="net_migration_2023")
    table = districts[["municipality_id"]].assign(
        year=2023,
        net_migration_count=districts["net_migration_2023"].astype(int),
        status="observed",
    )
    return table.sort_values("municipality_id", ignore_index=True)


def working_age_share(data: Path, tables: Path) -> pd.Series:
    """Share of people aged 15–64 in 2023 by municipality; 'oblast' is Kaluga oblast."""
    people = pd.read_parquet(data / "sberindex_population_age_sex_5regions.parquet")
    people = people[people["year"].astype(str) == "2023"]
    people = people[people["region_name"] == "Калужская область"]
    by_id = _territories(data, tables)
    ages = pd.to_numeric(people["age"], errors="coerce")
    working = people["value"].where(ages.between(15, 64), 0.0)
    total = people["value"].where(people["age"] == "Всего", 0.0)
    frame = pd.DataFrame(
        {"id": people["territory_id"].map(by_id), "working": working, "total": total}
    )
    sums = frame.groupby("id")[["working", "total"]].sum()
    sums.loc["oblast"] = frame[["working", "total"]].sum()
    return (sums["working"] / sums["total"]).rename("working_age_share")


def _kaluga(data: Path, tables: Path) -> pd.DataFrame:
    listed = pd.read_csv(tables / "municipalities.csv", dtype=str)
    known = gpd.read_file(data / "kaluga_districts.gpkg", ignore_geometry=True)
    ids = listed[["name_ru", "municipality_id"]]
    return pd.DataFrame(known).merge(ids, on="name_ru", validate="1:1")


def _territories(data: Path, tables: Path) -> dict[int, str]:
    districts = _kaluga(data, tables)
    return dict(
        zip(districts["territory_id"].astype(int), districts["municipality_id"], strict=True)
    )


def _year(frame: pd.DataFrame, column: str, year: int, source: str) -> pd.DataFrame:
    given = frame.dropna(subset=column)
    return pd.DataFrame(
        {
            "municipality_id": given["municipality_id"],
            "year": year,
            "population_count": given[column].astype(int),
            "source": source,
        }
    )
