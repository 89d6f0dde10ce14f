"""Laws of the degree of urbanisation of cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agglo.imagery.urban_cells import UrbanCells, urban_cells
from agglo.imagery.urban_rules import VERSIONS, UrbanRules, urban_rules
from agglo.imagery.urban_surfaces import UrbanSurfaces
from tests.urban_worlds import drawn_surfaces, grid_of, slow_levels

WORLDS = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(1, 14), st.sampled_from(VERSIONS)
)


def world(drawn: tuple[int, int, int, str]) -> tuple[UrbanSurfaces, UrbanRules]:
    seed, height, width, version = drawn
    return drawn_surfaces(np.random.default_rng(seed), (height, width)), urban_rules(version)


def turned(surfaces: UrbanSurfaces, way: str) -> UrbanSurfaces:
    def one(values: np.ndarray) -> np.ndarray:
        return {"mirror": values[:, ::-1], "flip": values[::-1], "turn": values.T}[way].copy()

    people = one(surfaces.people_count)
    return UrbanSurfaces(
        grid=grid_of(people.shape),
        people_count=people,
        built_share=one(surfaces.built_share),
        land_share=one(surfaces.land_share),
    )


@given(WORLDS)
def test_cells_are_as_a_second_way_has_them(drawn: tuple[int, int, int, str]) -> None:
    surfaces, rules = world(drawn)
    first, second, _ = slow_levels(surfaces, rules)
    found = urban_cells(surfaces, rules=rules)
    assert found.level_1.tolist() == first.tolist()
    assert found.level_2.tolist() == second.tolist()


@given(WORLDS, st.sampled_from(["mirror", "flip", "turn"]))
def test_a_mirrored_world_has_mirrored_classes(drawn: tuple[int, int, int, str], way: str) -> None:
    surfaces, rules = world(drawn)
    here, there = (
        urban_cells(surfaces, rules=rules),
        urban_cells(turned(surfaces, way), rules=rules),
    )
    codes = {"mirror": here.level_1[:, ::-1], "flip": here.level_1[::-1], "turn": here.level_1.T}
    finer = {"mirror": here.level_2[:, ::-1], "flip": here.level_2[::-1], "turn": here.level_2.T}
    assert there.level_1.tolist() == codes[way].tolist()
    assert there.level_2.tolist() == finer[way].tolist()


@given(WORLDS, st.integers(0, 9), st.integers(0, 9))
def test_a_world_moved_by_whole_cells_has_the_same_classes(
    drawn: tuple[int, int, int, str], down: int, right: int
) -> None:
    surfaces, rules = world(drawn)
    margin = 12  # wide enough that edges smoothed outwards end before the border

    def at(rows: int, columns: int) -> UrbanCells:
        def wide(values: np.ndarray, filling: float) -> np.ndarray:
            sides = ((margin + rows, margin + 9 - rows), (margin + columns, margin + 9 - columns))
            return np.pad(values, sides, constant_values=filling)

        people = wide(surfaces.people_count, 0.0)
        return urban_cells(
            UrbanSurfaces(
                grid=grid_of(people.shape, west=1000 * rows),
                people_count=people,
                built_share=wide(surfaces.built_share, 0.0),
                land_share=wide(surfaces.land_share, 1.0),
            ),
            rules=rules,
        )

    here, there = at(0, 0), at(down, right)
    for one, other in (
        (here.level_1, there.level_1),
        (here.level_2, there.level_2),
        (here.centre_number, there.centre_number),
    ):
        assert (np.roll(one, (down, right), axis=(0, 1)) == other).all()


@given(WORLDS)
def test_level_2_divides_level_1_but_for_dense_cells_of_small_clusters(
    drawn: tuple[int, int, int, str],
) -> None:
    surfaces, rules = world(drawn)
    found = urban_cells(surfaces, rules=rules)
    first, second = found.level_1, found.level_2
    assert set(np.unique(first)) <= {0, 1, 2, 3}
    assert ((first == 3) == (second == 30)).all()
    assert ((first == 0) == (second == 10)).all()
    assert np.isin(second[first == 2], [21, 22, 23]).all()
    assert (first[second == 21] == 2).all()
    assert np.isin(second[first == 1], [11, 12, 13, 22, 23]).all()
    assert ((found.centre_number > 0) == (first == 3)).all()
    assert ((found.cluster_number > 0) == (first >= 2)).all()


@given(WORLDS, st.integers(0, 10_000), st.sampled_from([1.0, 300.0, 2_000.0, 60_000.0]))
def test_more_people_never_lower_a_class_before_smoothing(
    drawn: tuple[int, int, int, str], at: int, more: float
) -> None:
    surfaces, rules = world(drawn)
    rules = replace(rules, smoothing="none", gap_km2=0.0)
    people = surfaces.people_count.copy()
    people.flat[at % people.size] += more
    before = urban_cells(surfaces, rules=rules)
    after = urban_cells(replace(surfaces, people_count=people), rules=rules)
    assert (after.level_1 >= before.level_1).all()


@given(WORLDS)
def test_smoothing_and_filling_only_add_to_centres(drawn: tuple[int, int, int, str]) -> None:
    surfaces, rules = world(drawn)
    bare = urban_cells(surfaces, rules=replace(rules, smoothing="none", gap_km2=0.0))
    smooth = urban_cells(surfaces, rules=replace(rules, gap_km2=0.0))
    whole = urban_cells(surfaces, rules=rules)
    assert (smooth.level_1[bare.level_1 == 3] == 3).all()
    assert (whole.level_1[smooth.level_1 == 3] == 3).all()


def test_a_first_resident_of_a_lake_can_take_a_cell_out_of_a_centre() -> None:
    """More people may lower a class once edges are smoothed: a lake starts to count."""
    people = np.zeros((5, 5))
    people[1, 1:3] = people[2, 1] = people[3, 1] = 20_000
    land = np.ones((5, 5))
    land[3, 3] = 0.4
    surfaces = UrbanSurfaces(
        grid=grid_of((5, 5)), people_count=people, built_share=np.zeros((5, 5)), land_share=land
    )
    settled = people.copy()
    settled[3, 3] = 1
    assert urban_cells(surfaces).level_1[2, 2] == 3
    assert urban_cells(replace(surfaces, people_count=settled)).level_1[2, 2] == 1


@given(WORLDS)
def test_what_is_given_stays_as_it_is(drawn: tuple[int, int, int, str]) -> None:
    surfaces, rules = world(drawn)
    kept = [one.copy() for one in (surfaces.people_count, surfaces.land_share)]
    urban_cells(surfaces, rules=rules)
    assert (kept[0] == surfaces.people_count).all()
    assert (kept[1] == surfaces.land_share).all()
