"""Laws of labour market areas, and the rules once more in exact fractions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agglo.commuting.flows import Flows, flows_from_frame
from agglo.territory.delineation import Delineation
from agglo.territory.dissolution import labour_market_labels
from agglo.territory.labour_markets import labour_market_areas
from agglo.territory.validity import Standard, validity, validity_of_areas
from benchmarks.territory_reference import reference_labels

Table = list[list[int]]
Part = frozenset[frozenset[str]]


@dataclass(frozen=True)
class World:
    """Commuters between a few places, and what is asked of areas there, in exact numbers."""

    counts: Table
    outside: int
    """So many of the last places lie outside."""

    sizes: tuple[int, int]
    shares: tuple[Fraction, Fraction]

    @property
    def standard(self) -> Standard:
        """Return what is asked, in floats."""
        return Standard(
            min_size_count=self.sizes[0],
            min_self_containment_share=float(self.shares[0]),
            target_size_count=self.sizes[1],
            target_self_containment_share=float(self.shares[1]),
        )

    @property
    def is_outside(self) -> np.ndarray:
        """Tell which places lie outside."""
        return np.arange(len(self.counts)) >= len(self.counts) - self.outside

    @property
    def names(self) -> list[str]:
        """Return ids in the order of the places."""
        return [f"{chr(ord('a') + at)}" for at in range(len(self.counts))]

    @property
    def flows(self) -> Flows:
        """Return the commuters as the package keeps them."""
        frame = pd.DataFrame(self.counts, index=self.names, columns=self.names, dtype=float)
        outside = [name for name, out in zip(self.names, self.is_outside, strict=True) if out]
        return flows_from_frame(frame, outside=outside, status="observed")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw few places and few different counts: ties, empty rows, islands, reserve lists."""
    size = draw(st.integers(2, 8))
    between = st.sampled_from(draw(st.sampled_from([(0, 0, 1), (0, 1, 2), (0, 0, 3, 7, 20)])))
    within = st.sampled_from(draw(st.sampled_from([(0, 1, 2), (0, 5, 10), (20, 60, 100)])))
    counts = [
        [draw(within if live == work else between) for work in range(size)] for live in range(size)
    ]
    mean = max(1, sum(map(sum, counts)) // size)
    least = draw(st.sampled_from([max(1, mean // 2), mean, 2 * mean]))
    return World(
        counts=counts,
        outside=draw(st.sampled_from([0, 0, 1])) if size > 2 else 0,
        sizes=(least, least + draw(st.sampled_from([1, mean, 3 * mean]))),
        shares=(
            Fraction(draw(st.sampled_from(["0.4", "0.5", "0.6", "0.6667"]))),
            Fraction(draw(st.sampled_from(["0.75", "0.8", "1"]))),
        ),
    )


class Oracle:
    """The rules of Coombes and Bond as they are told, step by step; nothing is remembered."""

    def __init__(self, world: World) -> None:
        self.world = world
        places = range(len(world.counts))
        self.outside = [at for at in places if world.is_outside[at]]
        self.inside = [at for at in places if not world.is_outside[at]]
        while lost := [at for at in self.inside if self.is_lost(at)]:
            self.inside = [at for at in self.inside if at not in lost]
        self.clusters = {at: [at] for at in self.inside}
        self.reserve: list[int] = []

    def flow(self, homes: list[int], works: list[int]) -> int:
        """Count who lives in the one and works in the other."""
        return sum(self.world.counts[home][work] for home in homes for work in works)

    def lives(self, zones: list[int]) -> int:
        """Count who lives in zones and works anywhere."""
        return self.flow(zones, self.inside + self.outside)

    def works(self, zones: list[int]) -> int:
        """Count who works in zones and lives anywhere."""
        return self.flow(self.inside + self.outside, zones)

    def is_lost(self, zone: int) -> bool:
        """Tell whether a zone takes no part (step a)."""
        lives, works = self.lives([zone]), self.works([zone])
        return lives == 0 or works == 0 or self.flow([zone], [zone]) == lives == works

    def validity(self, zones: list[int]) -> Fraction:
        """Apply the formula to a set of zones."""
        least, target = self.world.sizes
        low, high = self.world.shares
        lives, works, both = self.lives(zones), self.works(zones), self.flow(zones, zones)
        contained = min(Fraction(both, lives), Fraction(both, works))
        if contained == 1:
            return Fraction(1)
        short = max(Fraction(target - lives, target - least), Fraction(0))
        return (1 - (1 - low / high) * short) * min(contained / high, Fraction(1)) * high / low

    def link(self, zone: int, zones: list[int]) -> Fraction:
        """Apply the formula to a zone and a cluster."""
        there, back = self.flow([zone], zones), self.flow(zones, [zone])
        return Fraction(there**2, self.lives([zone]) * self.works(zones)) + Fraction(
            back**2, self.lives(zones) * self.works([zone])
        )

    def closest(self, zone: int) -> int | None:
        """Find the cluster with the largest link, of equals the highest."""
        links = {name: self.link(zone, zones) for name, zones in self.clusters.items()}
        linked = [name for name, link in links.items() if link > 0]
        return max(linked, key=lambda name: (links[name], name)) if linked else None

    def crossing(self, zone: int, left: list[int]) -> int:
        """Count what decides who leaves first."""
        beyond = [at for at in self.inside + self.outside if at not in left]
        return self.flow(beyond, [zone]) + self.lives([zone]) - self.flow([zone], [zone])

    def dissolve(self, worst: int) -> None:
        """Hand out a cluster, all of it (step d)."""
        left = self.clusters.pop(worst)
        while left:
            zone = max(left, key=lambda at: (self.crossing(at, left), -at))
            left.remove(zone)
            best = self.closest(zone)
            if best is None or self.validity([*self.clusters[best], zone]) < self.validity(
                self.clusters[best]
            ):
                self.reserve.append(zone)
            else:
                self.clusters[best].append(zone)

    def search(self) -> None:
        """Dissolve the worst until all are valid (steps c to e)."""
        while self.clusters:
            worst = min(self.clusters, key=lambda at: (self.validity(self.clusters[at]), at))
            if self.validity(self.clusters[worst]) >= 1:
                return
            self.dissolve(worst)

    def empty_reserve(self) -> None:
        """Give every zone that is left to its closest cluster (step f)."""
        is_changing = True
        while is_changing:
            is_changing = False
            for zone in sorted(self.reserve, reverse=True):
                best = self.closest(zone)
                if best is not None:
                    self.clusters[best].append(zone)
                    self.reserve.remove(zone)
                    is_changing = True

    def labels(self) -> list[int]:
        """Return the cluster of each place, −1 for none."""
        own = {zone: name for name, zones in self.clusters.items() for zone in zones}
        return [own.get(at, -1) for at in range(len(self.world.counts))]


def areas(flows: Flows, standard: Standard, **choices: bool) -> Delineation:
    return labour_market_areas(
        flows,
        min_size_count=standard.min_size_count,
        min_self_containment_share=standard.min_self_containment_share,
        target_size_count=standard.target_size_count,
        target_self_containment_share=standard.target_self_containment_share,
        **choices,
    )


def partition(found: Delineation) -> Part:
    known = found.areas["area_id"][found.areas["area_id"] != ""]
    return frozenset(frozenset(own.index) for _, own in known.groupby(known))


@settings(max_examples=500)
@given(world=worlds())
def test_the_search_does_what_the_rules_say_before_and_after_the_reserve_list(
    world: World,
) -> None:
    oracle = Oracle(world)
    oracle.search()
    counts = np.array(world.counts, dtype=float)
    own = {"standard": world.standard, "is_outside": world.is_outside}
    assert labour_market_labels(counts, **own, keep_reserve=True).tolist() == oracle.labels()
    oracle.empty_reserve()
    assert labour_market_labels(counts, **own).tolist() == oracle.labels()


@settings(max_examples=150)
@given(world=worlds(), keep_reserve=st.booleans())
def test_the_plain_reference_of_the_benchmark_says_the_same(
    world: World, keep_reserve: bool
) -> None:
    # plain floats decide ties by how they round: odd numbers leave none
    odd = 1009 + 38 * np.arange(len(world.counts) ** 2)
    counts = np.array(world.counts, dtype=float) * odd.reshape(len(world.counts), -1)
    sizes = tuple(1009 * size for size in world.sizes)
    world = replace(world, sizes=sizes)
    found = labour_market_labels(
        counts, standard=world.standard, is_outside=world.is_outside, keep_reserve=keep_reserve
    )
    live, work = np.nonzero(counts)
    told = reference_labels(
        list(zip(live.tolist(), work.tolist(), counts[live, work].tolist(), strict=True)),
        standard=(*world.sizes, *map(float, world.shares)),
        outside=set(np.flatnonzero(world.is_outside).tolist()),
        keep_reserve=keep_reserve,
    )
    assert {zone: label for zone, label in enumerate(found.tolist()) if label >= 0} == told


@given(world=worlds(), data=st.data())
def test_no_order_of_zones_or_rows_changes_an_area_or_a_reason(
    world: World, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(world.names))
    frame = pd.DataFrame(world.counts, index=world.names, columns=world.names, dtype=float)
    outside = list(np.array(world.names)[world.is_outside])
    other = flows_from_frame(frame.loc[order, order[::-1]], outside=outside, status="observed")
    one, two = areas(world.flows, world.standard), areas(other, world.standard)
    pd.testing.assert_frame_equal(two.areas.loc[one.areas.index], one.areas, check_exact=True)
    assert one.notes == two.notes


@given(world=worlds())
def test_ids_of_the_same_order_give_the_same_areas(world: World) -> None:
    numbers = [str(8 + at) for at in range(len(world.names))]
    frame = pd.DataFrame(world.counts, index=numbers, columns=numbers, dtype=float)
    outside = list(np.array(numbers)[world.is_outside])
    back = dict(zip(numbers, world.names, strict=True))
    renamed = areas(flows_from_frame(frame, outside=outside), world.standard)
    found = frozenset(frozenset(back[zone] for zone in own) for own in partition(renamed))
    assert found == partition(areas(world.flows, world.standard))


@given(world=worlds(), factor=st.sampled_from([0.25, 2.0, 1024.0]))
def test_only_proportions_count(world: World, factor: float) -> None:
    counts = np.array(world.counts, dtype=float)
    larger = Standard(
        min_size_count=world.sizes[0] * factor,
        min_self_containment_share=float(world.shares[0]),
        target_size_count=world.sizes[1] * factor,
        target_self_containment_share=float(world.shares[1]),
    )
    outside = world.is_outside
    one = labour_market_labels(counts, standard=world.standard, is_outside=outside)
    two = labour_market_labels(counts * factor, standard=larger, is_outside=outside)
    assert one.tolist() == two.tolist()


@given(world=worlds(), keep_reserve=st.booleans())
def test_every_zone_stands_once_and_who_counts_is_shared_out(
    world: World, keep_reserve: bool
) -> None:
    flows = world.flows
    found = areas(flows, world.standard, keep_reserve=keep_reserve)
    table = validity_of_areas(found, flows, standard=world.standard)
    assert list(found.areas.index) == list(flows.inside)
    in_none = found.areas["area_id"] == ""
    assert table["zones_count"].sum() == (~in_none).sum()
    assert (found.areas.loc[in_none, "margin"] < 0).all()
    assert set(found.areas.loc[~in_none, "decided_by"]) <= {"link_share", "validity"}
    oracle = Oracle(world)
    counted = [at for at in oracle.inside if not in_none[world.names[at]]]
    assert table["size_count"].sum() == oracle.lives(counted)
    assert table["jobs_count"].sum() == oracle.works(counted)
    assert found.areas.notna().all(axis=None)


@given(world=worlds())
def test_before_the_reserve_list_is_emptied_every_area_is_valid_and_then_only_grows(
    world: World,
) -> None:
    flows = world.flows
    before = areas(flows, world.standard, keep_reserve=True)
    assert validity_of_areas(before, flows, standard=world.standard)["is_valid"].all()
    after = partition(areas(flows, world.standard))
    assert len(after) == len(partition(before))
    assert all(any(own <= whole for whole in after) for own in partition(before))


@given(world=worlds())
def test_an_invalid_area_is_named(world: World) -> None:
    found = areas(world.flows, world.standard)
    table = validity_of_areas(found, world.flows, standard=world.standard)
    notes = [note for note in found.notes if "below validity 1" in note]
    assert len(notes) == (not table["is_valid"].all())
    for area in table.index[~table["is_valid"]]:
        assert f"{area} (" in notes[0]


@given(world=worlds())
def test_standards_near_zero_make_every_zone_with_work_at_home_an_area(world: World) -> None:
    tiny = Standard(
        min_size_count=1e-9,
        min_self_containment_share=1e-9,
        target_size_count=2e-9,
        target_self_containment_share=1e-9,
    )
    counts = np.array(world.counts, dtype=float)
    labels = labour_market_labels(counts, standard=tiny, is_outside=world.is_outside)
    oracle = Oracle(world)
    for zone in oracle.inside:
        if counts[zone, zone] > 0:
            assert labels[zone] == zone


@given(world=worlds())
def test_complete_self_containment_is_met_only_where_nobody_crosses_the_border(
    world: World,
) -> None:
    strict = Standard(
        min_size_count=1,
        min_self_containment_share=1,
        target_size_count=2,
        target_self_containment_share=1,
    )
    found = areas(world.flows, strict, keep_reserve=True)
    table = validity_of_areas(found, world.flows, standard=strict)
    assert (table["internal_count"] == table["size_count"]).all()
    assert (table["internal_count"] == table["jobs_count"]).all()


@given(
    residents=st.floats(1, 1e6),
    jobs=st.floats(1, 1e6),
    shares=st.lists(st.floats(0, 0.999), min_size=2, max_size=2),
    more=st.floats(1, 1e6),
)
def test_validity_grows_with_size_and_with_self_containment(
    residents: float, jobs: float, shares: list[float], more: float
) -> None:
    standard = World(
        counts=[], outside=0, sizes=(1000, 10_000), shares=(Fraction("0.6"), Fraction("0.75"))
    ).standard
    low, high = sorted(shares)
    smaller = min(residents, jobs)
    less, own = validity(
        [residents] * 2, [jobs] * 2, [low * smaller, high * smaller], standard=standard
    )
    assert less <= own
    grown = residents + more
    same_share = high * smaller / max(residents, jobs) * max(grown, jobs)
    if same_share <= min(grown, jobs):
        larger = validity(grown, jobs, same_share, standard=standard)[0]
        assert larger >= own or larger == pytest.approx(own)
