"""Command: ``python -m agglo.layers.build --from DATA --to LAYERS``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd

from agglo.errors import AggloError, LayerError
from agglo.layers.build import boundaries, claims, figures, rasters, roads, transit, work
from agglo.layers.write import write_layer

TABLES = Path(__file__).parent / "tables"


def main(arguments: list[str] | None = None) -> int:
    """Build every layer into a folder; returns 2 after an error that the user can mend."""
    parser = argparse.ArgumentParser(prog="agglo.layers.build", description=__doc__)
    parser.add_argument("--from", dest="data", type=Path, required=True)
    parser.add_argument("--to", dest="out", type=Path, default=Path("layers"))
    given = parser.parse_args(arguments)
    try:
        write_layers(given.data, given.out)
    except AggloError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def write_layers(data: Path, out: Path) -> None:
    """Derive all layers from the source data and write them with their metadata."""
    if not (data / "SOURCE.md").is_file():
        raise LayerError(f"{data} holds no source data (SOURCE.md is missing)")
    frames = _derive(data)
    about = _metadata()
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        path, size = write_layer(out, name, frame, about[name])
        sys.stdout.write(f"{path.name}: {len(frame)} rows, {size / 1024:.0f} kB\n")
    for path in rasters.write_rasters(
        data.parent / "rasters", out, frames["municipalities"], TABLES
    ):
        sys.stdout.write(f"{path.name}: {path.stat().st_size / 1024:.0f} kB\n")


def _derive(data: Path) -> dict[str, pd.DataFrame]:
    municipalities, zones = boundaries.boundaries(data, TABLES)
    faults = boundaries.check_coverage(municipalities) + boundaries.check_coverage(zones)
    nodes = roads.road_nodes(TABLES)
    coarse = gpd.read_file(data / "roads_naturalearth.gpkg")
    links = roads.road_links(nodes, coarse, TABLES)
    faults += roads.check_roads(nodes, links, pd.read_csv(TABLES / "road_distances.csv"))
    if faults:
        raise LayerError("the derived layers have faults:\n  - " + "\n  - ".join(faults))
    settlements = figures.settlements(data, TABLES)
    wages = figures.wages(data, TABLES)
    worked = work.work(zones, settlements, wages, data, TABLES)
    stops = transit.stops(zones, data, TABLES)
    zones_worked = zones.merge(worked[["zone_id", "internal_km"]], on="zone_id")
    return {
        "municipalities": municipalities,
        "zones": zones,
        "work": worked,
        "settlements": settlements,
        "population": figures.population(data, TABLES),
        "wages": wages,
        "migration": figures.migration(data, TABLES),
        "employers": work.employers(TABLES).drop(columns="counts"),
        "hubs": pd.read_csv(TABLES / "hubs.csv"),
        "projects": pd.read_csv(TABLES / "projects.csv"),
        "claims": claims.claims(TABLES),
        "town_population": claims.town_population(data, TABLES),
        "nodes": pd.DataFrame(nodes.drop(columns="geometry")),
        "links": links,
        "railways": transit.railways(data),
        "stops": stops.drop(columns=["zone_id", "run_name"]),
        "lines": transit.lines(TABLES),
        "line_stops": transit.line_stops(stops, links, data, TABLES),
        "interchanges": transit.interchanges(stops, nodes, municipalities),
        "facilities": transit.facilities(nodes, data, TABLES),
        "connectors": transit.connectors(zones_worked, nodes, stops),
    }


def _metadata() -> dict[str, dict[str, str]]:
    about = pd.read_csv(TABLES / "metadata.csv", keep_default_na=False, dtype=str)
    facts = about.drop(columns="layer")
    return {
        str(layer): dict(zip(facts.columns, row, strict=True))
        for layer, row in zip(about["layer"], facts.to_numpy(dtype=str).tolist(), strict=True)
    }


if __name__ == "__main__":
    raise SystemExit(main())
