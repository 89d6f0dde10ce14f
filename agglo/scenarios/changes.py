"""The registered changes: pure functions from a region to a region."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString

from agglo.errors import ScenarioError
from agglo.region import Region
from agglo.units import M_PER_KM

Change = Callable[..., Region]
NAMES_SHOWN = 3
LOOK_ALIKES = str.maketrans("мавсенкортхё", "mabcehkoptxe")
MOST_KMH = 200.0
LENGTH_SLACK = 0.02
"""How much shorter than the straight line a road may be given, for rounding."""

CURVATURE = 1.15
"""Assumed length of a new road over the straight line."""
SHORTEST_KM = 0.1
ROUNDING_COUNT = 1e-6
"""Persons that products of shares may be off by."""


def set_speed(
    region: Region,
    *,
    speed_kmh: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
) -> Region:
    """Set the peak speed of road links, named by id or by road and kilometre range.

    The free speed rises with it where it was lower.
    """
    _positive("speed_kmh", speed_kmh, most=MOST_KMH)
    chosen = _links(region, link, road, km)
    links = region["links"].copy()
    links.loc[chosen, "speed_kmh"] = float(speed_kmh)
    links.loc[chosen, "free_speed_kmh"] = links.loc[chosen, "free_speed_kmh"].clip(
        lower=float(speed_kmh)
    )
    return region.with_tables(links=links)


def set_lanes(
    region: Region,
    *,
    lanes_count: float,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
) -> Region:
    """Set the lanes per direction; the capacity grows in proportion."""
    _positive("lanes_count", lanes_count)
    chosen = _links(region, link, road, km)
    links = region["links"].copy()
    per_lane = links.loc[chosen, "capacity_veh_per_h"] / links.loc[chosen, "lanes_count"]
    links.loc[chosen, "capacity_veh_per_h"] = per_lane * lanes_count
    links.loc[chosen, "lanes_count"] = float(lanes_count)
    return region.with_tables(links=links)


def close_link(
    region: Region,
    *,
    link: Sequence[str] = (),
    road: str = "",
    km: tuple[float, float] | None = None,
) -> Region:
    """Close road links to all traffic."""
    chosen = _links(region, link, road, km)
    links = region["links"].copy()
    links.loc[chosen, "is_open"] = False
    return region.with_tables(links=links)


def add_link(
    region: Region,
    *,
    link: str,
    from_id: str,
    to_id: str,
    speed_kmh: float,
    length_km: float | None = None,
    name_ru: str = "",
    name_en: str = "",
    lanes_count: float = 1,
    capacity_veh_per_h: float = 1000,
) -> Region:
    """Add a two-way road link between two nodes.

    Without a length it is the straight line × 1.15.
    """
    _positive("speed_kmh", speed_kmh, most=MOST_KMH)
    _positive("lanes_count", lanes_count)
    _positive("capacity_veh_per_h", capacity_veh_per_h)
    nodes = region["nodes"]
    from_id, to_id = (_known(nodes, "node_id", node, "node") for node in (from_id, to_id))
    if link in region["links"].index:
        raise ScenarioError(f"link '{link}' is there already; give the new one another id")
    if from_id == to_id:
        raise ScenarioError(f"link '{link}' starts and ends at '{from_id}'; wanted two nodes")
    ends = nodes.loc[[from_id, to_id]]
    xy = gpd.points_from_xy(ends["lon"], ends["lat"], crs="EPSG:4326")
    line = LineString(xy.to_crs(region.crs))
    if length_km is None:
        length_km = max(round(line.length / M_PER_KM * CURVATURE, 1), SHORTEST_KM)
    _positive("length_km", length_km)
    if length_km * M_PER_KM < line.length * (1 - LENGTH_SLACK):
        raise ScenarioError(
            f"length_km of '{link}' is {length_km:g}, but the straight line from '{from_id}' to "
            f"'{to_id}' has {line.length / M_PER_KM:.1f} km; leave length_km out to work it out"
        )
    row = {
        "link_id": link,
        "name_ru": name_ru or link,
        "name_en": name_en or link,
        "road": "",
        "from_id": from_id,
        "to_id": to_id,
        "length_km": float(length_km),
        "class": "primary",
        "lanes_count": float(lanes_count),
        "free_speed_kmh": float(speed_kmh),
        "speed_kmh": float(speed_kmh),
        "capacity_veh_per_h": float(capacity_veh_per_h),
        "is_open": True,
        "car": "both",
        "walk": "no",
        "bicycle": "no",
        "status": "assumed",
        "geometry": line,
    }
    added = gpd.GeoDataFrame([row], index=[link], crs=region.crs)
    return region.with_tables(links=pd.concat([region.geo("links"), added]))


def set_headway(
    region: Region, *, line: str, headway_min: float, headway_off_peak_min: float | None = None
) -> Region:
    """Set the minutes between departures of a line, in both directions.

    Off-peak departures stay as they are unless ``headway_off_peak_min`` is given.
    """
    _positive("headway_min", headway_min)
    lines = region["lines"].copy()
    chosen = _known(lines, "line_id", line, "line")
    lines.loc[chosen, ["headway_min", "headway_low_min", "headway_high_min"]] = float(headway_min)
    if headway_off_peak_min is not None:
        _positive("headway_off_peak_min", headway_off_peak_min)
        lines.loc[chosen, "headway_off_peak_min"] = float(headway_off_peak_min)
    return region.with_tables(lines=lines)


def set_run_time(
    region: Region, *, line: str, from_stop: str, to_stop: str, run_min: float
) -> Region:
    """Set the run minutes between two neighbouring stops of a line."""
    _positive("run_min", run_min)
    line = _known(region["lines"], "line_id", line, "line")
    table = region["line_stops"].copy()
    own = table[table["line_id"] == line].sort_values("sequence")
    called = region["stops"].loc[own["stop_id"]]
    from_stop, to_stop = (
        _known(called, "stop_id", stop, f"stop of line '{line}'") for stop in (from_stop, to_stop)
    )
    previous = own["stop_id"].shift()
    leg = own.index[
        ((own["stop_id"] == to_stop) & (previous == from_stop))
        | ((own["stop_id"] == from_stop) & (previous == to_stop))
    ]
    if leg.empty:
        raise ScenarioError(
            f"'{from_stop}' and '{to_stop}' are no neighbours on line '{line}'; its stops are "
            f"{', '.join(own['stop_id'])}"
        )
    table.loc[leg, "run_min"] = float(run_min)
    return region.with_tables(line_stops=table)


def add_line(
    region: Region,
    *,
    line: str,
    mode: str,
    stops: Sequence[str],
    run_min: Sequence[float],
    headway_min: float,
    headway_off_peak_min: float | None = None,
    name_ru: str = "",
    name_en: str = "",
) -> Region:
    """Add a line that runs both ways over existing stops.

    ``run_min`` holds the minutes from each stop to the next, one fewer than the stops. Without
    ``headway_off_peak_min`` it runs in the peak only.
    """
    _positive("headway_min", headway_min)
    off_peak = math.nan if headway_off_peak_min is None else float(headway_off_peak_min)
    if headway_off_peak_min is not None:
        _positive("headway_off_peak_min", headway_off_peak_min)
    if line in region["lines"].index:
        raise ScenarioError(f"line '{line}' is there already; give the new one another id")
    stops = _texts(stops)
    if len(stops) < 2 or len(run_min) != len(stops) - 1:
        raise ScenarioError(
            f"line '{line}' has {len(stops)} stops and {len(run_min)} run times; wanted two "
            "stops or more and one run time fewer"
        )
    own = region["stops"][region["stops"]["mode"] == mode]
    if own.empty:
        modes = ", ".join(sorted(set(region["stops"]["mode"])))
        raise ScenarioError(f"line '{line}': no stop is of mode '{mode}'; there are {modes}")
    stops = [_known(own, "stop_id", stop, f"{mode} stop") for stop in stops]
    for minutes in run_min:
        _positive("run_min", minutes)
    row = {
        "line_id": line,
        "name_ru": name_ru or line,
        "name_en": name_en or line,
        "mode": mode,
        "headway_min": float(headway_min),
        "headway_low_min": float(headway_min),
        "headway_high_min": float(headway_min),
        "headway_off_peak_min": off_peak,
        "both_ways": True,
        "combines": "",
        "status": "assumed",
    }
    calls = pd.DataFrame(
        {
            "line_id": line,
            "sequence": range(len(stops)),
            "stop_id": stops,
            "run_min": [0.0, *map(float, run_min)],
            "status": "assumed",
        }
    )
    calls.index = pd.MultiIndex.from_frame(calls[["line_id", "sequence"]], names=[None, None])
    return region.with_tables(
        lines=pd.concat([region["lines"], pd.DataFrame([row], index=[line])]),
        line_stops=pd.concat([region["line_stops"], calls]),
    )


def add_jobs(region: Region, *, zone: str, jobs_count: float) -> Region:
    """Add jobs to a zone (or take them away, below 0)."""
    return _shifted(region, {zone: {"jobs": jobs_count}})


def add_population(
    region: Region, *, zone: str, population_count: float, jobs_per_resident: float = 0.0
) -> Region:
    """Add residents to a zone, with workers at the zone's own rate and jobs if wanted."""
    return _shifted(
        region,
        {zone: {"population": population_count, "jobs": population_count * jobs_per_resident}},
    )


def shift_population(
    region: Region,
    *,
    to_zone: Mapping[str, float],
    from_zone: Mapping[str, float],
    jobs_per_resident: float = 0.0,
) -> Region:
    """Let people move between zones, with jobs that follow them; totals are kept.

    Both tables give persons by zone and must have the same total.
    """
    come, go = sum(to_zone.values()), sum(from_zone.values())
    if abs(come - go) > 1e-6:
        raise ScenarioError(f"{come:g} people arrive but {go:g} leave; both totals must be equal")
    moves: dict[str, dict[str, float]] = {}
    for sign, table in ((1, to_zone), (-1, from_zone)):
        for zone, people in table.items():
            _positive(f"people of '{zone}'", people)
            if zone in moves:
                raise ScenarioError(f"zone '{zone}' stands in to_zone and in from_zone")
            moves[zone] = {
                "population": sign * people,
                "jobs": sign * people * jobs_per_resident,
            }
    return _shifted(region, moves, keep_workers=True)


def _shifted(
    region: Region, moves: Mapping[str, Mapping[str, float]], *, keep_workers: bool = False
) -> Region:
    """Add people and jobs to zones; workers follow people at the rate of the zone they leave.

    With ``keep_workers`` the workers who leave are shared among the zones that people go to,
    so that the total of workers is kept.
    """
    zones = region["zones"].copy()
    inside = zones[zones["kind"] != "outside"]
    moves = {_known(inside, "zone_id", zone, "zone inside"): move for zone, move in moves.items()}
    people = pd.Series({zone: float(move.get("population", 0)) for zone, move in moves.items()})
    jobs = pd.Series({zone: float(move.get("jobs", 0)) for zone, move in moves.items()})
    residents = zones.loc[people.index, "population_count"]
    rate = (zones.loc[people.index, "workers_count"] / residents).where(residents > 0, 0.0)
    workers = people * rate
    if keep_workers:
        arrive = people.clip(lower=0)
        workers = workers.where(people < 0, arrive / arrive.sum() * -workers[people < 0].sum())
    for name, added in (("population", people), ("workers", workers), ("jobs", jobs)):
        _add(zones, name, added)
    return region.with_tables(zones=zones)


def _add(zones: pd.DataFrame, name: str, added: pd.Series) -> None:
    before = zones.loc[added.index, f"{name}_count"]
    short = before + added < -ROUNDING_COUNT
    if short.any():
        zone = added.index[short][0]
        raise ScenarioError(
            f"zone '{zone}' has {before[zone]:,.0f} {name}; {-added[zone]:,.0f} cannot leave it"
        )
    columns = [c for c in zones.columns if c.startswith(f"{name}_") and c.endswith("count")]
    for column in columns:
        zones.loc[added.index, column] = (zones.loc[added.index, column] + added).clip(lower=0)


def _links(
    region: Region, link: Sequence[str], road: str, km: tuple[float, float] | None
) -> list[str]:
    """Find links by id, or by road and kilometre range (the middle of a link decides)."""
    links = region["links"]
    names = list(dict.fromkeys(_texts(link)))
    if bool(names) == bool(road):
        raise ScenarioError("name links either by 'link' or by 'road' (with 'km' if wanted)")
    if names and km is not None:
        raise ScenarioError("'km' goes with 'road'; links named by 'link' are taken whole")
    if names:
        return list(dict.fromkeys(_known(links, "link_id", name, "link") for name in names))
    road = _known(links[links["road"] != ""], "road", road, "road")
    own = posted = links[links["road"] == road]
    if km is not None:
        middle = (posted["km_from"] + posted["km_to"]) / 2
        own = posted[middle.between(min(km), max(km))]
        if own.empty:
            posts = sorted({*posted["km_from"].dropna(), *posted["km_to"].dropna()})
            raise ScenarioError(
                f"road '{road}' has no link between km {km[0]:g} and {km[1]:g}; its links meet "
                f"at km {', '.join(f'{post:g}' for post in posts) or 'posts that are not given'}"
            )
    return list(own["link_id"])


def _texts(given: Sequence[str]) -> list[str]:
    """Take a single text as a list of one."""
    return [given] if isinstance(given, str) else list(given)


def _known(table: pd.DataFrame, key: str, wanted: str, what: str) -> str:
    """Return the id that is wanted, given as it is or by its Russian or English name.

    Raises
    ------
    ScenarioError
        With the nearest ids where there is none.
    """
    ids = table[key].astype(str)
    if (ids == wanted).any():
        return wanted
    columns = [key] if key == "road" else [key, "name_ru", "name_en"]
    spelt = pd.concat(
        [pd.Series(ids.to_numpy(), index=table[name].map(_folded)) for name in columns]
    )
    folded = _folded(wanted)
    hits = sorted(set(spelt[spelt.index == folded]))
    if len(hits) == 1:
        return str(hits[0])
    near = difflib.get_close_matches(folded, list(dict.fromkeys(spelt.index)), NAMES_SHOWN, 0.4)
    found = hits or list(dict.fromkeys(key for one in near for key in spelt[spelt.index == one]))
    hint = (
        f"did you mean {' or '.join(map(repr, found[:NAMES_SHOWN]))}?"
        if found
        else f"there are {', '.join(sorted(set(ids))[:8])} …"
    )
    raise ScenarioError(f"unknown {what} '{wanted}'; {hint}")


def _folded(text: str) -> str:
    """Fold case, hyphens, quotes and Cyrillic look-alikes: 'М-3' is found as 'M3'."""
    return re.sub(r"[\W_]", "", str(text).casefold().translate(LOOK_ALIKES))


def _positive(name: str, value: float, *, most: float = math.inf) -> None:
    if not 0 < value < math.inf or value > most:
        limit = "" if most == math.inf else f" and at most {most:g}"
        raise ScenarioError(f"{name} must be above 0{limit}; got {value:g}")


CHANGES: Mapping[str, Change] = {
    function.__name__: function
    for function in (
        set_speed,
        set_lanes,
        close_link,
        add_link,
        set_headway,
        set_run_time,
        add_line,
        add_jobs,
        add_population,
        shift_population,
    )
}
"""What ``do`` may name in a scenario file; the signature of each function is its schema."""
