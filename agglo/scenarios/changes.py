"""The registered changes: pure functions from a region to a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agglo.region import Region
from agglo.scenarios.land_changes import set_land_use
from agglo.scenarios.line_changes import (
    add_line,
    change_fare,
    remove_line,
    set_headway,
    sync_transfer,
)
from agglo.scenarios.line_stop_changes import (
    add_stop,
    remove_stop,
    reroute_line,
    set_run_time,
    signal_priority,
)
from agglo.scenarios.people_changes import (
    add_housing,
    add_jobs,
    add_population,
    move_jobs,
    set_televisits,
    set_telework,
    shift_population,
)
from agglo.scenarios.road_changes import (
    add_link,
    close_link,
    remove_link,
    set_capacity,
    set_congestion_factor,
    set_lanes,
    set_speed,
    set_toll,
)
from agglo.scenarios.service_changes import add_facility, joint_service, set_hub

Change = Callable[..., Region]

CHANGES: Mapping[str, Change] = {
    function.__name__: function
    for function in (
        set_speed,
        set_congestion_factor,
        set_capacity,
        set_lanes,
        set_toll,
        close_link,
        remove_link,
        add_link,
        set_headway,
        change_fare,
        set_run_time,
        signal_priority,
        sync_transfer,
        add_line,
        reroute_line,
        add_stop,
        remove_stop,
        remove_line,
        add_jobs,
        move_jobs,
        add_population,
        shift_population,
        add_housing,
        set_telework,
        set_televisits,
        add_facility,
        set_hub,
        joint_service,
        set_land_use,
    )
}
"""What ``do`` may name in a scenario file; the signature of each function is its schema."""
