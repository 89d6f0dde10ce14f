"""What people lose when road links and lines close, one by one, with the flows held."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.commuting.modes import kept_mode_minutes
from agglo.indicators.case import Travel, arrays, trips_per_worker
from agglo.parameters import Parameters
from agglo.region import Region
from agglo.stages import Stages
from agglo.transport.closings import closings_from_kept, kept_closings
from agglo.transport.connectivity import extra_minutes
from agglo.transport.criticality import TripLoss, critical_links
from agglo.transport.keys import Words, metric_sha256
from agglo.transport.network import metric_from_arcs
from agglo.transport.topology import Floats, Minutes, Topology

EXACT_LINKS = 20
"""In a large network so many of the worst links are closed exactly."""


def link_losses(
    region: Region,
    topology: Topology,
    arcs: pd.DataFrame,
    travel: Travel,
    flows: pd.DataFrame,
    parameters: Parameters,
    *,
    stages: Stages,
    words: Words | None = None,
) -> pd.DataFrame:
    """Close road links and lines one by one with the flows held.

    In a large network the worst are exact; of the others ``most_person_min`` is all that is
    known, and no other link is worse than those.

    Parameters
    ----------
    stages, words
        What was found before, and the hashes of the arcs that tell whether it holds.
    """
    zones = list(flows.index)
    trips = trips_per_worker(region["zones"], parameters).loc[flows.index].to_numpy()
    wanted = (flows.to_numpy() > 0) & ~np.eye(len(flows), dtype=bool)
    limits = parameters.unserved_min, trips
    weighed = flows.to_numpy(), arrays(travel.minutes), arrays(travel.shares), *limits
    pieces = []
    for mode in ("car", "transit"):
        metric = metric_from_arcs(topology, arcs, mode)
        links = arcs["link_id"].where(np.isfinite(metric), "")
        key = "" if words is None else metric_sha256(words, topology, metric, [links])
        asked = mode, key, zones, wanted

        def found() -> pd.DataFrame:
            known = closings_from_kept(stages.read("closings", asked))  # noqa: B023
            losses = critical_links(
                topology,
                metric,  # noqa: B023
                links,  # noqa: B023
                origins=[f"from:{zone}" for zone in zones],
                destinations=[f"to:{zone}" for zone in zones],
                wanted=wanted,
                loss=trip_losses(travel, flows, trips, mode, unserved_min=parameters.unserved_min),  # noqa: B023
                exact_count=None if topology.hierarchy is None else EXACT_LINKS,
                known=known,
            )
            if known.is_new:
                stages.write("closings", asked, kept_closings(known))  # noqa: B023
            return losses

        pieces.append(stages.frame("losses", (*asked, *weighed), found))
    return pd.concat(pieces)


def trip_losses(
    travel: Travel, flows: pd.DataFrame, trips: Floats, mode: str, *, unserved_min: float
) -> TripLoss:
    """Person-minutes a day lost, and persons left without a way, with new minutes of a mode.

    Everybody keeps their mode while it has a way. ``trips`` are those of a worker and day, by
    home.
    """
    persons = flows.to_numpy()
    minutes, shares = arrays(travel.minutes), arrays(travel.shares)
    mean = travel.mean_min.to_numpy()

    def loss(
        after_min: Floats | Minutes, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
    ) -> tuple[Floats, Floats]:
        own = {name: values[rows, columns] for name, values in minutes.items()}
        after = kept_mode_minutes(
            {**own, mode: np.asarray(after_min, dtype=float)},
            {name: values[rows, columns] for name, values in shares.items()},
            before_min=own,
        )
        before, people = mean[rows, columns], persons[rows, columns]
        extra = extra_minutes(after, before, unserved_min=unserved_min)
        lost = np.where(np.isinf(after) & np.isfinite(before), people, 0.0)
        return people * extra * trips[rows], lost

    return loss
