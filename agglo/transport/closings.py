"""What was found of closed links, remembered for other flows over the same network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from agglo.transport.closing import CloseArcs, Closing
from agglo.transport.topology import Floats, Minutes

Numbers = npt.NDArray[np.intp]
Kept = dict[str, npt.NDArray[Any]]


@dataclass(slots=True, kw_only=True)
class Closings:
    """The trips over closed links, and the ways around arcs, of one metric and choice of trips.

    Neither depends on how many people travel, so with other flows they are only weighed anew.
    """

    after_min: dict[int, Minutes] = field(default_factory=dict)
    """By number of the link: minutes of each of its uses with it closed."""

    around_min: Floats | None = None
    """Minutes around the arcs that were asked for, in their order."""

    is_new: bool = False
    """Whether anything was added to what was kept."""

    def trips_without(
        self, chosen: Numbers, counts: Numbers, find: Callable[[Numbers], Minutes]
    ) -> Minutes:
        """Return the minutes of the uses of chosen links, and find those not yet known.

        Parameters
        ----------
        counts
            Uses of each chosen link.
        find
            Finds the uses of some links, link by link.
        """
        missing = np.array([one for one in chosen.tolist() if one not in self.after_min], np.intp)
        if len(missing):
            self.is_new = True
            sizes = dict(zip(chosen.tolist(), counts.tolist(), strict=True))
            ends = np.cumsum([sizes[one] for one in missing.tolist()])
            parts = np.split(find(missing), ends)[:-1]
            self.after_min.update(zip(missing.tolist(), parts, strict=True))
        found = [self.after_min[one] for one in chosen.tolist()]
        return np.concatenate([np.empty(0, dtype=np.float32), *found])

    def ways_around(self, count: int, find: Callable[[], Floats]) -> Floats:
        """Return the minutes around so many arcs, found once."""
        if self.around_min is None or len(self.around_min) != count:
            self.is_new, self.around_min = True, find()
        return self.around_min


def kept_closings(closings: Closings) -> Kept:
    """Write closings as arrays."""
    links = sorted(closings.after_min)
    parts = [closings.after_min[link] for link in links]
    kept: Kept = {
        "link": np.array(links, dtype=np.int64),
        "count": np.array([len(part) for part in parts], dtype=np.int64),
        "after_min": np.concatenate([np.empty(0, dtype=np.float32), *parts]),
    }
    if closings.around_min is not None:
        kept["around_min"] = closings.around_min
    return kept


def closings_from_kept(kept: Kept | None) -> Closings:
    """Read closings from arrays; what is no such thing is taken for none."""
    if kept is None or not {"link", "count", "after_min"} <= set(kept):
        return Closings()
    ends = np.cumsum(kept["count"])
    if len(kept["link"]) != len(ends) or (len(ends) and ends[-1] != len(kept["after_min"])):
        return Closings()
    parts = np.split(kept["after_min"], ends)[:-1]
    return Closings(
        after_min=dict(zip(kept["link"].tolist(), parts, strict=True)),
        around_min=kept.get("around_min"),
    )


def closer_when_asked(make: Callable[[], CloseArcs]) -> CloseArcs:
    """Return a function that closes arcs, and weighs the network at the first question only."""
    made: list[CloseArcs] = []

    def close(closings: Sequence[Closing]) -> Minutes:
        if not closings:
            return np.empty(0, dtype=np.float32)
        if not made:
            made.append(make())
        return made[0](closings)

    return close
