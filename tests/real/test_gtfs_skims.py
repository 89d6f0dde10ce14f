"""Time matrices of published timetables against trips read by hand from their files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from agglo.layers.extract.transit import tables_from_timetable
from agglo.layers.gtfs import read_gtfs
from agglo.layers.trunks import add_trunk_lines
from agglo.region import Region, region_from_tables
from agglo.transport.network import network_from_regions
from agglo.transport.skims import skim
from agglo.transport.spread import transit_spread
from agglo.transport.topology import node_numbers
from tests import worlds

WAIT_CAP_MIN, BOARDING_MIN = 20.0, 2.0


@pytest.fixture(scope="module")
def feeds(shared: Path) -> Path:
    return shared / "data" / "networks" / "gtfs"


def region_of_feed(path: Path, crs: str) -> Region:
    """Put the stops and lines of a feed in a region with one zone per stop."""
    timetable = add_trunk_lines(read_gtfs(path))
    stops, lines, line_stops, _ = tables_from_timetable(timetable)
    places = {f"z_{stop}": worlds.Place(x_km=i) for i, stop in enumerate(stops["stop_id"])}
    tables = worlds.tables_of(places, {"r": (*list(places)[:2], 10.0, 60.0)})
    at = gpd.GeoSeries(gpd.points_from_xy(stops["lon"], stops["lat"], crs="EPSG:4326"))
    zones = tables["zones"].set_geometry(at.to_crs(worlds.CRS).to_numpy())
    tables |= {
        "stops": stops,
        "lines": lines,
        "line_stops": line_stops,
        "zones": zones.assign(lon=stops["lon"].to_numpy(), lat=stops["lat"].to_numpy()),
        "nodes": tables["nodes"].assign(lon=stops["lon"].to_numpy(), lat=stops["lat"].to_numpy()),
        "municipalities": tables["municipalities"].set_geometry(
            [at.union_all().convex_hull.buffer(0.01)], crs="EPSG:4326"
        ),
        "connectors": pd.DataFrame(
            {
                "zone_id": list(places),
                "to_id": stops["stop_id"].to_numpy(),
                "mode": "access",
                "length_km": 0.001,
                "speed_kmh": 60.0,
                "status": "assumed",
            }
        ),
    }
    return region_from_tables(tables, name_ru="р", name_en="r", crs=crs)


def minutes_of(region: Region, *, mode: str = "transit", **changed: float):
    """Return a function from two stops to the minutes between them, both ends on foot left out."""
    parameters = worlds.parameters(
        wait_cap_min=WAIT_CAP_MIN, boarding_min=BOARDING_MIN, transfer_km=0.05, **changed
    )
    network = network_from_regions({"own": region}, parameters)
    metric = network.arcs["own"][f"{mode}_min"].to_numpy()

    def minutes(start: str, end: str) -> float:
        found = skim(network.topology, metric, [f"stop:{start}"], [f"stop:{end}"])
        return float(found[0, 0])

    return minutes


@pytest.fixture(scope="module")
def porto_alegre(feeds: Path) -> Region:
    return region_of_feed(feeds / "poa_trensurb.zip", "EPSG:32722")


@pytest.fixture(scope="module")
def cairns(feeds: Path) -> Region:
    return region_of_feed(feeds / "cairns_gtfs.zip", "EPSG:32755")


def test_porto_alegre_the_long_train(porto_alegre: Region) -> None:
    # FULLW_MR_NH_07:09:00: MR 07:09:00 … NH arr 08:01:35; 13 such trains from 07:00 to 09:00
    got = minutes_of(porto_alegre)("MR", "NH")
    assert got == pytest.approx(120 / 13 / 2 + BOARDING_MIN + 52 + 35 / 60, abs=0.1)


def test_porto_alegre_on_the_trunk_long_and_short_trains_are_waited_for_together(
    porto_alegre: Region,
) -> None:
    # MR 07:09:00 → RD arr 07:10:35 → SP arr 07:12:35; 13 long and 6 short trains in two hours
    minutes = minutes_of(porto_alegre)
    wait = 120 / (13 + 6) / 2
    assert minutes("MR", "RD") == pytest.approx(wait + BOARDING_MIN + 95 / 60, abs=0.05)
    assert minutes("MR", "SP") == pytest.approx(wait + BOARDING_MIN + 215 / 60, abs=0.1)


def test_porto_alegre_the_people_mover_runs_both_ways(porto_alegre: Region) -> None:
    # FULLW_ASG_ATR_22:55:00: 3 minutes from ASG to ATR
    minutes = minutes_of(porto_alegre, wait_share=0.0)
    assert minutes("ASG", "ATR") == pytest.approx(BOARDING_MIN + 3, abs=0.01)
    assert minutes("ATR", "ASG") == pytest.approx(BOARDING_MIN + 3, abs=0.01)


def test_the_wait_is_spread_and_off_peak_it_is_longer(porto_alegre: Region) -> None:
    network = network_from_regions({"own": porto_alegre}, worlds.parameters(boarding_min=0.0))
    ends = [node_numbers(network.topology, [f"stop:{stop}"]) for stop in ("MR", "NH")]
    peak, off_peak = (
        transit_spread(network.topology, network.arcs["own"], *ends, window=window)
        for window in ("peak", "off_peak")
    )
    headway = 120 / 13
    assert 0.4 * headway < peak.wait_median_min[0, 0] < 0.6 * headway
    assert 0.8 * headway < peak.wait_p90_min[0, 0] < headway
    assert off_peak.wait_p90_min[0, 0] > peak.wait_p90_min[0, 0]


def test_every_station_of_the_line_reaches_every_other(porto_alegre: Region) -> None:
    minutes = minutes_of(porto_alegre)
    stations = ("MR", "RD", "SP", "AP", "AN", "NT", "NH")
    assert all(np.isfinite(minutes(a, b)) for a in stations for b in stations)


WEEKDAY = "CNS2014-CNS_MUL-Weekday-00-"


def test_cairns_a_bus_of_route_110_by_its_departures_and_run_times(cairns: Region) -> None:
    # 4165879 … 4165884 run every 30 minutes in the peak; 750337 → 750000 takes 0.5 minutes in
    # the middle, 750000 → 750001 1.5
    minutes = minutes_of(cairns)
    assert minutes("750000", "750001") <= 15 + BOARDING_MIN + 1.5 + 0.01
    assert minutes_of(cairns, wait_share=0.0)("750337", "750001") == pytest.approx(
        BOARDING_MIN + 2.0, abs=0.01
    )


def test_cairns_a_bus_that_runs_once_in_the_peak_is_waited_for_up_to_the_cap(
    cairns: Region,
) -> None:
    # 4166301: 750115 08:01, 750118 08:04; 4166300 takes 2 minutes for it: 2.5 in the middle
    got = minutes_of(cairns, wait_share=0.0)("750115", "750118")
    assert got <= BOARDING_MIN + 2.5 + 0.01
