"""The assumptions of the model: each has a value, a range, a status and a source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from agglo.errors import SettingsError
from agglo.tables import STATUSES

MAY_BE_0 = ("car_fixed_min", "boarding_min", "road_reserve_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The values that one run uses."""

    decay_per_min: float
    """How fast the pull of a job fades with the cost of the way: exp(−decay × minutes)."""

    outside_decay_share: float
    """Share of the decay that applies to trips across the border of the region."""

    mode_scale_per_min: float
    """How sharply commuters prefer the cheaper mode (scale of the logit)."""

    car_preference_share: float
    """Share who would take the car if both modes cost the same."""

    park_ride_share: float
    """Share of those who would take the car who would park and ride instead at equal cost."""

    car_fixed_min: float
    """Minutes to get to the car and to park it, both ends together."""

    wait_share: float
    """Wait at a stop as a share of the headway."""

    wait_cap_min: float
    """Longest wait: with long headways people come by the timetable."""

    boarding_min: float
    """Cost of each boarding, in minutes of riding."""

    transfer_km: float
    """Longest walk between two stops, straight line."""

    walk_speed_kmh: float
    """Speed on foot."""

    bicycle_speed_kmh: float
    """Speed by bicycle."""

    peak_hour_share: float
    """Share of a day's commuters who travel to work in the busiest hour."""

    persons_per_car: float
    """Commuters in a car."""

    internal_car_kmh: float
    """Speed by car inside a zone."""

    internal_transit_kmh: float
    """Speed inside a zone without a car: on foot or by town bus, waiting included."""

    ideal_speed_kmh: float
    """Speed along the straight line against which efficiency is measured."""

    telework_share: float
    """Share of working days at home."""

    unserved_min: float
    """What a commuter without any way is counted as losing, one way."""

    land_m2_per_resident: float
    """Land that the housing of a new resident takes, streets and yards included."""

    lane_width_m: float
    """Width of a lane of a new or widened road."""

    road_reserve_m: float
    """Width that a new road takes beside its lanes: slopes, ditches, verges."""

    value_of_time_rub_per_h: float
    """What a commuter would pay to save an hour: turns tolls and fares into minutes."""

    working_days_per_year: float
    """Days a year on which people commute."""

    clinic_visits_per_resident_year: float
    """Visits of a clinic or hospital that a resident makes in a year."""

    agglomeration_elasticity: float
    """By how much productivity rises with effective density: the ratio of logarithms."""

    agglomeration_distance_power: float
    """How fast a job counts less for effective density with the minutes to it: 1 / minutes^a."""

    def __post_init__(self) -> None:
        """Refuse what no trip, house or road can have."""
        for item in fields(self):
            value = getattr(self, item.name)
            is_share = item.name.endswith("_share")
            may_be_0 = is_share or item.name in MAY_BE_0
            most = 1 if is_share else math.inf
            if not (0 < value <= most or (may_be_0 and value == 0)) or value == math.inf:
                wanted = "between 0 and 1" if is_share else "above 0 and finite"
                raise SettingsError(f"parameter {item.name} must be {wanted}; got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One parameter with its range and where it comes from."""

    name: str
    value: float
    low: float
    high: float
    status: str
    source: str

    def __post_init__(self) -> None:
        """Refuse a range that does not hold the value, and an unknown status."""
        if not self.low <= self.value <= self.high:
            raise SettingsError(
                f"parameter {self.name}: low {self.low} ≤ value {self.value} ≤ high {self.high} "
                "does not hold"
            )
        if self.status not in STATUSES:
            raise SettingsError(
                f"parameter {self.name}: status must be one of {', '.join(STATUSES)}; "
                f"got '{self.status}'"
            )


def parameters_from_assumptions(assumptions: Mapping[str, Assumption]) -> Parameters:
    """Take the value of every assumption.

    Raises
    ------
    SettingsError
        If a parameter is absent or unknown.
    """
    wanted = {item.name for item in fields(Parameters)}
    absent, unknown = sorted(wanted - set(assumptions)), sorted(set(assumptions) - wanted)
    if absent or unknown:
        raise SettingsError(
            f"[parameters] lacks {', '.join(absent) or 'nothing'} and does not know "
            f"{', '.join(unknown) or 'nothing else'}"
        )
    return Parameters(**{name: item.value for name, item in assumptions.items()})


def with_value(parameters: Parameters, name: str, value: float) -> Parameters:
    """Return parameters with one value changed."""
    return replace(parameters, **{name: value})
