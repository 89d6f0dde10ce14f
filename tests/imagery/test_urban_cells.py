"""The degree of urbanisation of cells: thresholds, smoothing, gaps, levels 1 and 2."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agglo.errors import LayerError, SettingsError
from agglo.imagery.urban_cells import by_size, urban_cells
from agglo.imagery.urban_centres import clusters, filled, smoothed, urban_centres
from agglo.imagery.urban_rules import ClusterRule, UrbanRules, urban_rules
from agglo.imagery.urban_surfaces import UrbanSurfaces
from tests.urban_worlds import drawn_surfaces, grid_of, slow_levels, surfaces_of

RULES = UrbanRules()
OLD = urban_rules("R2022A")


def drawn(*rows: str) -> np.ndarray:
    """Read centres from a drawing: digits are centres, dots are none."""
    return np.array([[int(one) if one.isdigit() else 0 for one in row] for row in rows])


@pytest.mark.parametrize(
    ("people", "level"), [(60_000, 3), (50_000, 3), (49_999, 2), (5_000, 2), (4_999, 1), (0, 1)]
)
def test_one_cell_is_classed_by_its_people(people: float, level: int) -> None:
    assert urban_cells(surfaces_of([[people]])).level_1.tolist() == [[level]]


def test_a_cell_of_fifteen_hundred_is_dense_and_one_person_less_is_not() -> None:
    found = urban_cells(surfaces_of([[60_000, 1500, 1499, 1499]]))
    assert found.level_1.tolist() == [[3, 3, 2, 2]]
    assert found.level_2.tolist() == [[30, 30, 21, 21]]


def test_density_is_over_land_and_people_without_land_are_dense() -> None:
    people, land = [[60_000, 750, 750, 1]], [[1, 0.5, 1, 0]]
    found = clusters(surfaces_of(people, land=land), RULES.centre)
    assert found.tolist() == [[1, 1, 0, 0]]
    assert clusters(surfaces_of([[50_000]], land=0), RULES.centre).tolist() == [[1]]


@pytest.mark.parametrize(
    ("built", "joins"), [(0.2, True), (0.1995, True), (0.1994, False), (0.0, False)]
)
def test_a_fifth_built_up_makes_a_cell_dense_after_rounding(built: float, joins: bool) -> None:
    surfaces = surfaces_of([[60_000, 0]], built=[[0, built]])
    assert (urban_cells(surfaces).level_1[0, 1] == 3) == joins
    assert urban_cells(surfaces, rules=urban_rules(has_built=False)).level_1[0, 1] == 1


def test_built_up_is_over_land_too_and_the_older_release_asks_for_half() -> None:
    surfaces = surfaces_of([[60_000, 0, 0]], built=[[0, 0.2, 0.3]], land=[[1, 0.4, 1]])
    assert urban_cells(surfaces).level_1.tolist() == [[3, 3, 3]]
    assert urban_cells(surfaces, rules=OLD).level_1.tolist() == [[3, 3, 1]]


def test_centres_hang_together_by_sides_and_clusters_by_corners() -> None:
    people = [[30_000, 0], [0, 30_000]]
    found = urban_cells(surfaces_of(people))
    assert found.level_1.tolist() == [[2, 1], [1, 2]]
    assert found.level_2.tolist() == [[23, 11], [11, 23]]
    assert found.cluster_number.tolist() == [[1, 0], [0, 1]]


def test_a_centre_is_numbered_by_its_people_and_a_cluster_with_it() -> None:
    people = np.zeros((3, 9))
    people[1, [1, 4, 7]] = 60_000, 90_000, 60_000
    found = urban_cells(surfaces_of(people))
    assert found.centre_number[1].tolist() == [0, 2, 0, 0, 1, 0, 0, 3, 0]
    assert found.cluster_number[1].tolist() == [0, 2, 0, 0, 1, 0, 0, 3, 0]
    # of equals the one that starts further west, wherever it ends
    assert by_size(np.array([[2, 1, 1, 0, 2]]), np.full((1, 5), 7.0)).tolist() == [[1, 2, 2, 0, 1]]
    assert by_size(np.zeros((2, 2), dtype=np.int64), np.ones((2, 2))).tolist() == [[0, 0], [0, 0]]


# Smoothing


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("111", "1..", "111"), ("111", "111", "111")),
        (("111", "1.2", "111"), ("111", "112", "111")),
        (("112", "1..", "21."), ("112", "1..", "21.")),
    ],
)
def test_five_of_eight_neighbours_join_by_the_published_cases(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    # cases of flexurba's own tests (cvmigero/flexurba, MIT)
    land = surfaces_of(np.ones((3, 3)))
    assert smoothed(drawn(*before), land, OLD).tolist() == drawn(*after).tolist()


PUBLISHED = (
    (("111", "1..", "111"), [[1] * 3] * 3, [[1] * 3] * 3, ("111", "111", "111")),
    (
        ("...", "...", "111"), [[1, 0.3, 0.3], [1, 1, 0.3], [1, 1, 1]],
        [[1, 0, 0], [1, 1, 1], [1, 0, 1]], ("...", "...", "111"),
    ),
    (
        ("...", "...", "111"), [[1, 0.3, 0.3], [1, 1, 0.3], [1, 1, 1]],
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]], ("...", ".1.", "111"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("before", "land", "people", "after"), PUBLISHED)
def test_the_majority_of_valid_neighbours_joins_by_the_published_cases(
    before: tuple[str, ...], land: object, people: object, after: tuple[str, ...]
) -> None:
    surfaces = surfaces_of(people, land=land, built=0.01)
    assert smoothed(drawn(*before), surfaces, RULES).tolist() == drawn(*after).tolist()


def test_water_never_joins_by_the_newer_rule_and_does_by_the_older() -> None:
    # land is 1 and nobody lives there, but the cell east of the middle is a lake
    land = np.ones((3, 3))
    land[1, 2] = 0.2
    people = np.ones((3, 3))
    people[1, 2] = 0
    surfaces = surfaces_of(people, land=land)
    before = drawn("111", "1..", "111")
    assert smoothed(before, surfaces, RULES).tolist() == drawn("111", "11.", "111").tolist()
    assert smoothed(before, surfaces, OLD).tolist() == drawn("111", "111", "111").tolist()


def test_just_half_of_the_valid_neighbours_is_no_majority() -> None:
    before = drawn(".....", ".11..", ".1...", ".1...", ".....")
    # the cell in the middle has 4 of 8 neighbours in the centre
    surfaces = surfaces_of(np.ones((5, 5)))
    assert smoothed(before, surfaces, RULES)[2, 2] == 0
    land, people = np.ones((5, 5)), np.ones((5, 5))
    land[3, 3], people[3, 3] = 0.49, 0
    # with one of the others a lake it has 4 of 7
    assert smoothed(before, surfaces_of(people, land=land), RULES)[2, 2] == 1
    land[3, 3] = 0.5
    assert smoothed(before, surfaces_of(people, land=land), RULES)[2, 2] == 0


def test_what_lies_beyond_the_raster_counts_as_a_neighbour_that_is_not_in() -> None:
    before = drawn("..", "11", "11")
    # a corner cell has 2 of 8 neighbours in the centre, not 2 of 3
    assert smoothed(before, surfaces_of(np.ones((3, 2))), RULES).tolist() == before.tolist()


def test_a_cell_between_two_centres_joins_the_one_with_the_majority_or_none() -> None:
    surfaces = surfaces_of(np.ones((3, 3)))
    assert smoothed(drawn("111", "1.2", "112"), surfaces, RULES)[1, 1] == 1
    assert smoothed(drawn("111", "1.2", "222"), surfaces, RULES)[1, 1] == 0
    land, people = np.ones((3, 3)), np.ones((3, 3))
    land[1, 0], people[1, 0] = 0, 0
    # without the lake in the west three of seven and four of seven
    lake = surfaces_of(people, land=land)
    assert smoothed(drawn("111", "..2", "222"), lake, RULES)[1, 1] == 2


def test_smoothing_goes_on_from_cells_that_joined() -> None:
    before = drawn("11111", "1....", "1....", "11111")
    found = smoothed(before, surfaces_of(np.ones((4, 5))), RULES)
    assert found[1:3, 1:3].all()
    assert found.sum() > before.sum() + 2


def test_smoothing_leaves_what_it_was_given() -> None:
    before = drawn("111", "1..", "111")
    kept = before.copy()
    smoothed(before, surfaces_of(np.ones((3, 3))), RULES)
    assert (before == kept).all()


# Gaps


def ring(inner_rows: int, inner_columns: int) -> np.ndarray:
    found = np.ones((inner_rows + 4, inner_columns + 4), dtype=np.int64)
    found[0] = found[-1] = 0
    found[:, 0] = found[:, -1] = 0
    found[2:-2, 2:-2] = 0
    return found


@pytest.mark.parametrize(("rows", "columns", "fills"), [(2, 7, True), (3, 5, False), (1, 1, True)])
def test_a_hole_of_fourteen_cells_is_filled_and_one_of_fifteen_is_not(
    rows: int, columns: int, fills: bool
) -> None:
    found = filled(ring(rows, columns), most_cells=15)
    assert bool(found[2:-2, 2:-2].all()) == fills


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("111", "1.1", "111"), ("111", "111", "111")),
        (("111", "121", "111"), ("111", "121", "111")),
        (("112", "1.2", "112"), ("112", "1.2", "112")),
        (("1.1", "1.1", "111"), ("1.1", "1.1", "111")),
        # a corner is no way out, and none into the next hole
        ((".11.", "1.1.", "11..", "...."), (".11.", "111.", "11..", "....")),
        # another centre in the hole keeps its cells
        (("11111", "1...1", "1.2.1", "11111"), ("11111", "11111", "11211", "11111")),
        # two centres close a ring together: no hole of one
        (("1112", "1..2", "1112"), ("1112", "1..2", "1112")),
    ],
)  # fmt: skip
def test_holes_of_one_centre_are_filled(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    given = drawn(*before)
    assert filled(given, most_cells=15).tolist() == drawn(*after).tolist()
    assert given.tolist() == drawn(*before).tolist()


def test_another_centre_in_a_hole_counts_to_its_size() -> None:
    hole = ring(3, 5)
    hole[3, 3] = 2
    assert filled(hole, most_cells=15).tolist() == hole.tolist()
    assert filled(hole, most_cells=16)[2:-2, 2:-2].all()


def test_gaps_are_filled_after_smoothing_and_not_at_all_if_none_is_asked_for() -> None:
    people = np.full((6, 6), 9_000.0)
    people[2:4, 2:4] = 0
    surfaces = surfaces_of(people)
    assert (urban_centres(surfaces, RULES) > 0).all()
    bare = replace(RULES, gap_km2=0.0, smoothing="none")
    assert (urban_centres(surfaces, bare) > 0).sum() == 32


# Level 2


def test_a_semi_dense_cluster_keeps_two_cells_clear_of_denser_ones() -> None:
    def level_2(gap: int) -> int:
        people = np.zeros((1, 12))
        people[0, 0] = 60_000
        people[0, 1 + gap : 4 + gap] = 1000
        return int(urban_cells(surfaces_of(people)).level_2[0, 1 + gap])

    assert [level_2(gap) for gap in (1, 2, 3)] == [13, 22, 22]


def test_one_cell_in_the_buffer_takes_the_whole_semi_dense_cluster_out() -> None:
    people = np.zeros((5, 9))
    people[0, 0] = 60_000
    people[2, 2:8] = 1000
    found = urban_cells(surfaces_of(people)).level_2
    assert found[2].tolist() == [11, 11, 21, 21, 21, 21, 21, 21, 11]


@pytest.mark.parametrize(
    ("people", "level"), [(2_500, 22), (899, 13), (500, 13), (499, 12), (50, 12), (49, 11), (0, 11)]
)
def test_sparser_cells_are_classed_by_their_people(people: float, level: int) -> None:
    world = np.zeros((3, 3))
    world[1, 1] = people
    # 2,500 people in one cell would be dense, so they spread over three
    if people == 2_500:
        world[1] = [900, 900, 900]
    assert urban_cells(surfaces_of(world)).level_2[1, 1] == level


def test_water_is_water_only_where_nothing_else_is() -> None:
    surfaces = surfaces_of(
        [[0, 0, 0, 1, 60_000]], built=[[0, 0, 0.1, 0, 0]], land=[[0.49, 0.5, 0.3, 0.2, 0.1]]
    )
    found = urban_cells(surfaces)
    # the works on the shore are a third of its land, yet no centre touches them
    assert found.level_1.tolist() == [[0, 1, 1, 1, 3]]
    assert found.level_2.tolist() == [[10, 11, 11, 11, 30]]


def test_no_centre_and_a_centre_at_the_edge_are_told() -> None:
    assert "no urban centre" in urban_cells(surfaces_of([[100]])).notes[0]
    people = np.zeros((3, 3))
    people[1, 1] = 60_000
    assert urban_cells(surfaces_of(people)).notes == ()
    people[0, 1] = 2_000
    assert "1 urban centre(s) of 1 touch the edge" in urban_cells(surfaces_of(people)).notes[0]


# A second way of computing


@pytest.mark.parametrize("version", ["R2023A", "R2022A"])
@pytest.mark.parametrize("seed", range(12))
def test_cells_are_classed_as_by_walking_from_cell_to_cell(seed: int, version: str) -> None:
    random = np.random.default_rng(seed)
    surfaces = drawn_surfaces(random, (int(random.integers(3, 16)), int(random.integers(3, 16))))
    rules = urban_rules(version)
    first, second, centres = slow_levels(surfaces, rules)
    found = urban_cells(surfaces, rules=rules)
    assert found.level_1.tolist() == first.tolist()
    assert found.level_2.tolist() == second.tolist()
    for centre in centres:
        assert len({int(found.centre_number[at]) for at in centre}) == 1


@pytest.mark.parametrize("seed", range(30))
def test_many_crowded_centres_are_smoothed_and_filled_as_by_hand(seed: int) -> None:
    random = np.random.default_rng(1000 + seed)
    shape = (14, 14)
    people = np.where(random.random(shape) < 0.55, 60_000.0, 0.0)
    land = np.where(random.random(shape) < 0.2, 0.2, 1.0)
    surfaces = surfaces_of(people, land=land)
    first, second, _ = slow_levels(surfaces, RULES)
    found = urban_cells(surfaces)
    assert found.level_1.tolist() == first.tolist()
    assert found.level_2.tolist() == second.tolist()


# What is refused


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_amounts_below_zero_and_no_numbers_are_refused(wrong: float) -> None:
    with pytest.raises(LayerError, match="people_count is below 0 or not a number in 1 cell"):
        surfaces_of([[wrong, 1.0]])


def test_unknown_words_and_shapes_are_refused() -> None:
    with pytest.raises(SettingsError, match="known: R2023A, R2022A"):
        urban_rules("R2019A")
    with pytest.raises(SettingsError, match="rook, queen"):
        ClusterRule(density_per_km2=1, least_count=1, touches="bishop")
    with pytest.raises(SettingsError, match="majority"):
        UrbanRules(smoothing="hard")
    one = np.ones((1, 1))
    with pytest.raises(LayerError, match="shape"):
        UrbanSurfaces(grid=grid_of((2, 2)), people_count=one, built_share=one, land_share=one)
