"""Labour market areas as the rules are told, in plain Python: what agglo is measured against."""

from __future__ import annotations

from collections.abc import Collection, Iterable

Numbers = dict[int, float]
Rows = dict[int, Numbers]


def reference_labels(
    flows: Iterable[tuple[int, int, float]],
    *,
    standard: tuple[float, float, float, float],
    outside: Collection[int] = (),
    keep_reserve: bool = False,
) -> Numbers:
    """Divide zones into labour market areas (Coombes and Bond 2008), one rule after the other.

    Sums of clusters are kept, all else is looked up or computed anew when it is needed.

    Parameters
    ----------
    flows
        Home, workplace, persons.
    standard
        Least and target size, least and target self-containment.

    Returns
    -------
    reference_labels
        By zone the first zone of its area; zones in no area are left out.
    """
    market = _Market(flows, standard, set(outside))
    while market.clusters:
        worst = min(market.clusters, key=lambda cluster: (market.validity(cluster), cluster))
        if market.validity(worst) >= 1:
            break
        market.dissolve(worst)
    if not keep_reserve:
        market.empty_reserve()
    return {zone: cluster for cluster, zones in market.clusters.items() for zone in zones}


class _Market:
    def __init__(
        self,
        flows: Iterable[tuple[int, int, float]],
        standard: tuple[float, float, float, float],
        outside: set[int],
    ) -> None:
        self.least, self.target, self.low, self.high = standard
        kept = [(home, work, count) for home, work, count in flows if count > 0]
        zones = {zone for home, work, _ in kept for zone in (home, work)} - outside
        while True:
            self.out, self.into = _rows(kept), _rows((b, a, n) for a, b, n in kept)
            self.lives = {zone: sum(self.out.get(zone, {}).values()) for zone in zones}
            self.works = {zone: sum(self.into.get(zone, {}).values()) for zone in zones}
            lost = {zone for zone in zones if self._is_lost(zone)}
            if not lost:
                break
            zones -= lost
            kept = [flow for flow in kept if flow[0] not in lost and flow[1] not in lost]
        self.clusters = {zone: [zone] for zone in sorted(zones)}
        self.of = {zone: zone for zone in zones}
        self.sums = {
            zone: [self.lives[zone], self.works[zone], self.out[zone].get(zone, 0)]
            for zone in zones
        }
        self.reserve: list[int] = []

    def _is_lost(self, zone: int) -> bool:
        own = self.out.get(zone, {}).get(zone, 0)
        lives, works = self.lives[zone], self.works[zone]
        return lives == 0 or works == 0 or own == lives == works

    def validity(self, cluster: int, added: Iterable[float] = (0, 0, 0)) -> float:
        lives, works, own = (a + b for a, b in zip(self.sums[cluster], added, strict=True))
        contained = min(own / lives, own / works)
        if contained == 1:
            return 1.0
        short = max((self.target - lives) / (self.target - self.least), 0)
        asked = 1 - (1 - self.low / self.high) * short
        return asked * min(contained / self.high, 1) * self.high / self.low

    def closest(self, zone: int) -> tuple[int, float] | None:
        """Return the cluster with the largest link, and the commuters between the two."""
        there: Numbers = {}
        back: Numbers = {}
        for flows, sums in ((self.out, there), (self.into, back)):
            for other, count in flows[zone].items():
                cluster = self.of.get(other)
                if cluster is not None:
                    sums[cluster] = sums.get(cluster, 0) + count
        links = {}
        for cluster in there.keys() | back.keys():
            lives, works, _ = self.sums[cluster]
            out, into = there.get(cluster, 0), back.get(cluster, 0)
            links[cluster] = out**2 / (self.lives[zone] * works) + into**2 / (
                lives * self.works[zone]
            )
        if not links:
            return None
        best = max(links, key=lambda cluster: (links[cluster], cluster))
        return best, there.get(best, 0) + back.get(best, 0)

    def dissolve(self, cluster: int) -> None:
        left = self.clusters.pop(cluster)
        for zone in left:
            del self.of[zone]
        while left:
            zone = max(left, key=lambda one: (self.crossing(one, left), -one))
            left.remove(zone)
            found = self.closest(zone)
            if found is None or self.validity(found[0], self.share(zone, found[1])) < self.validity(
                found[0]
            ):
                self.reserve.append(zone)
            else:
                self.join(zone, *found)

    def crossing(self, zone: int, left: list[int]) -> float:
        within = sum(self.into[zone].get(one, 0) for one in left)
        return self.works[zone] - within + self.lives[zone] - self.out[zone].get(zone, 0)

    def share(self, zone: int, between: float) -> tuple[float, float, float]:
        """Return what a zone adds to a cluster: residents, jobs, commuters within."""
        return self.lives[zone], self.works[zone], self.out[zone].get(zone, 0) + between

    def join(self, zone: int, cluster: int, between: float) -> None:
        self.sums[cluster] = [
            a + b for a, b in zip(self.sums[cluster], self.share(zone, between), strict=True)
        ]
        self.clusters[cluster].append(zone)
        self.of[zone] = cluster

    def empty_reserve(self) -> None:
        changed = True
        while changed:
            changed = False
            for zone in sorted(self.reserve, reverse=True):
                found = self.closest(zone)
                if found is not None:
                    self.join(zone, *found)
                    self.reserve.remove(zone)
                    changed = True


def _rows(flows: Iterable[tuple[int, int, float]]) -> Rows:
    rows: Rows = {}
    for first, second, count in flows:
        rows.setdefault(first, {})[second] = count
    return rows
