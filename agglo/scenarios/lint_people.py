"""Warns of people and jobs that drift apart, of housing in forest, of unknown facilities."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd

from agglo.imagery.figures import newest_raster
from agglo.imagery.land_take import kind_shares, with_polygon
from agglo.imagery.land_uses import new_land_uses
from agglo.layers.raster_files import bounds_in, read_band
from agglo.scenarios.findings import Findable, Finding

DRIFT_SHARE = 0.5
"""Of the larger of added workers and added jobs, so much the other may fall short."""

LEAST_MOVED_COUNT = 1.0
DRAWN_FOREST_SHARE = 0.2
ZONE_FOREST_SHARE = 0.5
"""Of a zone nobody knows where in it the housing stands, so half of it must be forest."""

DRAWN_CELLS = 1.0
ZONE_CELLS = 4.0
"""A place of fewer cells is too small for the raster to tell."""


def drift(case: Findable) -> Iterator[Finding]:
    """Warn where workers come without jobs or jobs without workers, in all or by zone."""
    before, after = (region["zones"] for region in (case.before, case.after))
    inside = after["kind"] != "outside"
    moved = (after[["workers_count", "jobs_count"]] - before[["workers_count", "jobs_count"]])[
        inside
    ]
    workers, jobs = (float(value) for value in moved.sum())
    most = max(abs(workers), abs(jobs))
    if most >= LEAST_MOVED_COUNT and abs(workers - jobs) > DRIFT_SHARE * most:
        yield Finding(
            change=0,
            rule="workers_and_jobs_drift",
            text_en=f"workers change by {_plus(workers)} and jobs by {_plus(jobs)} in the region: "
            f"the one falls short of the other by more than {DRIFT_SHARE:.0%}, so that more "
            "people commute across its border",
            text_ru=f"в регионе работников {_signed(workers)}, рабочих мест {_signed(jobs)}: "
            f"расхождение больше {DRIFT_SHARE:.0%}, и через границу региона поедет больше людей",
        )
        return
    gap = (moved["workers_count"] - moved["jobs_count"]).abs()
    size = moved.abs().max(axis=1)
    if size.sum() < LEAST_MOVED_COUNT or gap.sum() <= DRIFT_SHARE * size.sum():
        return
    zone = str(gap.idxmax())
    here, work = (float(moved[column][zone]) for column in ("workers_count", "jobs_count"))
    yield Finding(
        change=0,
        rule="workers_and_jobs_drift",
        text_en=f"the totals of the region hold, but zone by zone workers and jobs part by more "
        f"than {DRIFT_SHARE:.0%}: most in '{after['name_en'][zone]}' (workers {_plus(here)}, jobs "
        f"{_plus(work)}); ways to work grow longer",
        text_ru=f"итоги региона сохраняются, но по зонам работники и рабочие места расходятся "
        f"более чем на {DRIFT_SHARE:.0%}: сильнее всего «{after['name_ru'][zone]}» (работников "
        f"{_signed(here)}, рабочих мест {_signed(work)}); путь на работу удлинится",
    )


def forest_housing(case: Findable) -> Iterator[Finding]:
    """Warn of housing drawn on forest, and of new people in zones that are mostly forest."""
    cover = newest_raster(case.before, "land_cover", quantity="class")
    places = _housing(case)
    if cover is None or places.empty:
        return
    places = places[places.area >= places["cells"] * cover.resolution_m**2]
    if places.empty:
        return
    band = read_band(cover, bounds=bounds_in(cover.grid, places))
    shares = kind_shares(places[["geometry"]], band, classes=cover.classes)["forest"]
    for place, share in shares.items():
        row = places.loc[place]
        if share <= row["most"]:
            continue
        zone_hint = "" if row["is_drawn"] else "; draw the polygon with set_land_use to say where"
        zone_hint_ru = "" if row["is_drawn"] else "; нарисуйте полигон для set_land_use"
        yield Finding(
            change=int(row["change"]),
            rule="housing_in_forest",
            text_en=f"{share:.0%} of '{row['name_en']}', where people are to live, is forest on "
            f"the map of land cover ({cover.resolution_m:,.0f} m cells){zone_hint}",
            text_ru=f"«{row['name_ru']}», где поселятся люди, — лес на {share:.0%} по карте "
            f"покрова (ячейка {cover.resolution_m:.0f} м){zone_hint_ru}",
        )


def facility_kinds(case: Findable) -> Iterator[Finding]:
    """Warn of new facilities of a kind of which the layers have none."""
    before, after = (region["facilities"] for region in (case.before, case.after))
    new = after[~after.index.isin(before.index)]
    for facility, row in new[~new["kind"].isin(before["kind"])].iterrows():
        yield Finding(
            change=case.last_change("facilities", str(facility)),
            rule="facility_kind_unknown",
            text_en=f"the layers hold no facility of the kind '{row['kind']}', so that "
            f"'{row['name_en']}' is compared with none; add those that exist to the layers",
            text_ru=f"в слоях нет объектов вида «{row['kind']}»: «{row['name_ru']}» не с чем "
            "сравнить; добавьте в слои существующие",
        )


def _housing(case: Findable) -> gpd.GeoDataFrame:
    """Return the polygons that people come to: drawn ones, and zones where nothing is drawn."""
    zones = with_polygon(case.after.geo("zones"))
    parts = []
    drawn = new_land_uses(case.before["land_uses"], case.after["land_uses"])
    if drawn is not None:
        homes = drawn[drawn["use"] == "housing"]
        parts.append(_places(homes, True, case, "land_uses"))
    receipts = case.receipts
    placed = set(receipts.loc[receipts["table"] == "land_uses", "change"])
    come = receipts[
        (receipts["table"] == "zones")
        & (receipts["column"] == "population_count")
        & ~receipts["change"].isin(placed)
    ]
    more = pd.to_numeric(come["after"]) > pd.to_numeric(come["before"])
    grown = zones[zones.index.isin(come.loc[more, "row_id"])]
    parts.append(_places(grown, False, case, "zones"))
    return pd.concat(parts)


def _places(
    shapes: gpd.GeoDataFrame, is_drawn: bool, case: Findable, table: str
) -> gpd.GeoDataFrame:
    numbers = [case.last_change(table, str(row)) for row in shapes.index]
    found = shapes[["name_ru", "name_en", "geometry"]].assign(
        most=DRAWN_FOREST_SHARE if is_drawn else ZONE_FOREST_SHARE,
        cells=DRAWN_CELLS if is_drawn else ZONE_CELLS,
        is_drawn=is_drawn,
        change=numbers,
    )
    return found.set_axis([f"{table}/{row}" for row in shapes.index])


def _plus(count: float) -> str:
    return f"{round(count) + 0:+,}"


def _signed(count: float) -> str:
    return _plus(count).replace(",", " ").replace("-", "−")
