"""An area that a planner drew: a polygon in a GeoJSON file beside the scenario."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import MultiPolygon, Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A named polygon."""

    name: str
    polygon: Polygon | MultiPolygon
    """In EPSG:4326, lon and lat in degrees."""
