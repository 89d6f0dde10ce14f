"""The registered changes: pure functions from a region to a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agglo.region import Region
from agglo.scenarios.line_changes import add_line, set_headway, set_run_time
from agglo.scenarios.people_changes import add_jobs, add_population, shift_population
from agglo.scenarios.road_changes import add_link, close_link, set_lanes, set_speed

Change = Callable[..., Region]

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
