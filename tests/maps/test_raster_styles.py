"""Classes and colours of rasters, and what QGIS is told of them, without QGIS."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agglo.errors import LayerError, OutputError
from agglo.maps.raster_classes import NOTHING, number_classes
from agglo.maps.raster_qml import (
    ProjectRaster,
    project_rasters,
    raster_qml,
    raster_theme,
    write_raster_styles,
)
from agglo.maps.raster_styles import (
    CHANGE_RAMPS,
    RAMPS,
    UNKNOWN_CODE,
    VIRIDIS,
    RasterStyle,
    class_numbers,
    raster_styles,
    tells_change,
)
from agglo.maps.words import Words, read_words
from agglo.rasters import Grid, RasterLayer
from tests.drawn_rasters import CLASSES

WORDS = read_words(Path(__file__).parents[2] / "maps")
NAN = float("nan")
MOLLWEIDE_KM = Grid(
    crs="ESRI:54009", transform=(1000.0, 0.0, 0.0, 0.0, -1000.0, 6_000_000.0), height=2, width=2
)


@pytest.fixture(scope="module")
def words() -> Words:
    return WORDS


def layer_of(name: str = "a", **about) -> RasterLayer:
    return RasterLayer(**{
        "name": name, "path": f"{name}.tif", "grid": MOLLWEIDE_KM, "quantity": "level",
        "unit": "index", "resolution_m": 1000.0, **about,
    })  # fmt: skip


def style_of(values, words: Words, **about) -> RasterStyle:
    return raster_styles([layer_of(**about)], [np.array(values, dtype=float)], words=words)[0]


def holds(style: RasterStyle, number: int, value: float) -> bool:
    """Tell by the ends themselves whether a class holds a number."""
    one = style.classes[number - 1]
    above = one.lower is None or one.lower < value
    return above and (one.upper is None or value <= one.upper)


@given(
    st.lists(st.floats(-1e6, 1e6) | st.integers(0, 9).map(float) | st.just(NAN), max_size=60),
    st.sampled_from(["level", "density", "share", "count"]),
    st.sampled_from(["", "2020", "1985–2020"]),
)
def test_every_known_number_lies_in_exactly_the_class_that_colours_it(
    values: list[float], quantity: str, epoch: str
) -> None:
    style = style_of(values, WORDS, quantity=quantity, epoch=epoch)
    found = class_numbers(style, np.array(values, dtype=float))
    for value, number in zip(values, found, strict=True):
        if np.isnan(value):
            assert number == 0
        else:
            assert [at for at in range(1, len(style.classes) + 1) if holds(style, at, value)] == [
                number
            ]
    assert len({one.colour for one in style.classes}) == len(style.classes)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_no_class_of_a_legend_is_empty(values: list[float]) -> None:
    style = style_of(values, WORDS)
    assert set(class_numbers(style, np.array(values))) == set(range(1, len(style.classes) + 1))


def test_a_number_on_a_border_belongs_to_the_class_below(words: Words) -> None:
    style = style_of(list(range(1, 15)), words)
    (border,) = {one.upper for one in style.classes[:1]}
    assert class_numbers(style, np.array([border, border + 1e-9])).tolist() == [1, 2]


def test_many_zeros_stand_apart_where_numbers_are_amounts(words: Words) -> None:
    values = [0.0] * 5 + [1.0, 2.0, 3.0, 4.0]
    amount, level = (style_of(values, words, quantity=q) for q in ("density", "level"))
    assert (amount.classes[0].colour, amount.classes[0].name_ru) == (NOTHING, "0")
    assert class_numbers(amount, np.array([0.0, 1.0])).tolist() == [1, 2]
    assert NOTHING not in {one.colour for one in level.classes}


def test_few_large_numbers_get_most_classes(words: Words) -> None:
    values = [10.0] * 90 + [20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0]
    style = style_of(values, words)
    assert class_numbers(style, np.array([10.0, 20.0, 1280.0])).tolist() == [1, 2, 7]
    plain = number_classes(np.array(values), VIRIDIS, unit="", words=words, may_be_skewed=False)
    assert len(plain) == 2


def test_numbers_close_together_get_as_many_digits_as_they_need(words: Words) -> None:
    style = style_of(np.linspace(1500.1, 1500.9, 50), words)
    assert len(style.classes) >= 4


def test_one_and_the_same_number_is_one_class(words: Words) -> None:
    for epoch in ("", "1990-2000"):
        style = style_of([-5.0, -5.0, NAN], words, epoch=epoch)
        assert len(style.classes) in (1, 7)
    assert style_of([5.0, 5.0], words).classes[0].name_ru == "одно и то же значение"
    assert len(style_of([NAN], words).classes) == 1


def test_a_change_is_drawn_about_zero_and_is_not_stretched_by_one_cell(words: Words) -> None:
    values = np.concatenate([np.linspace(-1, 1, 201), [500.0]])
    style = style_of(values, words, epoch="1985–2020", role="vegetation")
    assert style.is_change
    assert [one.colour for one in style.classes] == list(CHANGE_RAMPS["vegetation"])
    middle = style.classes[3]
    assert middle.lower == -middle.upper
    assert style.classes[-1].lower == pytest.approx(0.5)
    assert style.classes[-1].name_ru == "> +0,5"
    assert style.classes[0].name_en == "≤ −0.5"


@pytest.mark.parametrize(
    ("epoch", "is_change"),
    [
        ("1985–2020", True), ("1985-2020", True), ("1985/2020", True), ("2018-01-31", False),
        ("2018-01-31/2020-02-01", True), ("2018", False), ("", False), ("2018-05", False),
    ],
)  # fmt: skip
def test_an_epoch_of_two_years_tells_of_change(epoch: str, is_change: bool) -> None:
    assert tells_change(layer_of(epoch=epoch)) is is_change
    assert not tells_change(layer_of(epoch=epoch, quantity="class"))


def test_a_gain_without_losses_keeps_the_colours_of_its_role(words: Words) -> None:
    style = style_of([0.1, 0.5], words, epoch="1990–2000", role="built_up")
    assert not style.is_change
    assert {one.colour for one in style.classes} <= set(RAMPS["built_up"])


def test_years_of_one_role_share_their_classes_and_other_units_do_not(words: Words) -> None:
    old, new = np.array([0.0, 0.2]), np.array([0.8, 1.0])
    layers = [
        layer_of("a", role="vegetation", epoch="1985"),
        layer_of("b", role="vegetation", epoch="2020"),
        layer_of("c", role="vegetation", unit="share", quantity="share"),
        layer_of("d"), layer_of("e"),
    ]  # fmt: skip
    styles = raster_styles(layers, [old, new, old, old, new], words=words)
    assert styles[0] == styles[1]
    assert styles[0] != styles[2]
    assert styles[3] != styles[4]
    numbers = [class_numbers(styles[0], values) for values in (old, new)]
    assert numbers[0].max() < numbers[1].min()


def test_classes_have_their_own_colours_and_only_those_that_occur_are_named(words: Words) -> None:
    style = style_of([7, 1, 1, NAN, 5], words, quantity="class", unit="", classes=CLASSES)
    shown = [(one.code, one.colour, one.name_en) for one in style.classes]
    assert shown == [(1, "#1b7837", "forest"), (5, UNKNOWN_CODE, "5"), (7, "#2166ac", "water")]
    assert class_numbers(style, np.array([7.0, 1.0, 2.0, NAN])).tolist() == [3, 1, 0, 0]


def test_codes_without_names_get_colours_and_years_a_row_of_them(words: Words) -> None:
    plain = style_of([3, 4, 9], words, quantity="class", unit="")
    assert len({one.colour for one in plain.classes}) == 3
    years = style_of([1975, 1990, 2015], words, quantity="class", unit="year")
    assert [one.colour for one in years.classes] == [VIRIDIS[-1], VIRIDIS[3], VIRIDIS[0]]
    assert style_of([NAN], words, quantity="class", unit="").is_codes


def test_a_raster_with_hundreds_of_codes_is_refused(words: Words) -> None:
    with pytest.raises(LayerError, match="300 different codes"):
        style_of(range(300), words, quantity="class", unit="")


def test_years_are_written_without_a_space_and_shares_in_percent(words: Words) -> None:
    years = style_of([1975, 1980, 1990, 2000, 2010], words, unit="year")
    assert all(re.fullmatch(r"[≤>]?\s?\d{4}( … \d{4})?", one.name_ru) for one in years.classes)
    shares = style_of([0.1, 0.2, 0.3], words, quantity="share", unit="share")
    assert all(one.name_ru.endswith("%") for one in shares.classes)


def test_counts_are_shown_per_km2(words: Words) -> None:
    assert style_of([1, 2], words, quantity="count", unit="persons").unit == "persons per km2"


# ---- QGIS


def items_of(text: str) -> list[dict[str, str]]:
    return [each.attrib for each in ET.fromstring(text.split("\n", 1)[1]).iter("item")]


def test_the_style_file_holds_the_ranges_of_the_legend(words: Words) -> None:
    layer = layer_of("night", role="night_lights", epoch="2016", title_ru="Огни", title="Lights")
    style = style_of(np.arange(100.0), words, role="night_lights")
    (raster,) = project_rasters([layer], [style], words=words)
    items = items_of(raster_qml(raster))
    assert [each["color"] for each in items] == [one.colour for one in style.classes]
    assert [each["label"] for each in items] == [one.name_ru for one in style.classes]
    assert [float(each["value"]) for each in items[:-1]] == [
        one.upper for one in style.classes[:-1]
    ]
    assert items[-1]["value"] == "inf"
    assert (raster.title, raster.group, raster.file) == ("Огни, 2016", "Снимки", "night.tif")
    (english,) = project_rasters([layer], [style], words=words, language="en", folder="r/")
    assert (english.title, english.group, english.file) == (
        "Lights, 2016",
        "Imagery",
        "r/night.tif",
    )


def test_what_is_counted_per_cell_is_told_to_qgis_per_cell(words: Words) -> None:
    grid = Grid(crs="ESRI:54009", transform=(500.0, 0, 0, 0, -500.0, 6e6), height=2, width=2)
    layer = layer_of("people", quantity="count", unit="persons", grid=grid)
    (style,) = raster_styles([layer], [np.array([4.0, 8.0, 400.0])], words=words)
    (raster,) = project_rasters([layer], [style], words=words)
    first = float(items_of(raster_qml(raster))[0]["value"])
    assert first == pytest.approx(style.classes[0].upper / 4, rel=5e-3)  # sphere, ellipsoid
    assert "на км²" in raster.abstract


def test_the_style_file_of_classes_holds_their_codes(words: Words) -> None:
    layer = layer_of("land", quantity="class", unit="", classes=CLASSES)
    (style,) = raster_styles([layer], [np.array([1.0, 7.0])], words=words)
    (raster,) = project_rasters([layer], [style], words=words)
    root = ET.fromstring(raster_qml(raster).split("\n", 1)[1])
    entries = [(e.get("value"), e.get("color"), e.get("label")) for e in root.iter("paletteEntry")]
    assert entries == [("1", "#1b7837", 'лес "Ёж"'), ("7", "#2166ac", "вода")]


def test_style_files_lie_beside_their_rasters_and_replace_nothing(
    tmp_path: Path, words: Words
) -> None:
    layer = layer_of("огни")
    rasters = project_rasters([layer], [style_of([1, 2], words)], words=words)
    write_raster_styles(tmp_path, rasters)
    text = (tmp_path / "огни.qml").read_text(encoding="utf-8")
    assert text == raster_qml(rasters[0])
    with pytest.raises(OutputError, match="there already"):
        write_raster_styles(tmp_path, rasters)


def test_a_raster_of_a_project_has_a_relative_file_and_a_theme(words: Words) -> None:
    style = style_of([1, 2], words)
    with pytest.raises(ValueError, match="relative"):
        ProjectRaster(key="a", file="/x/a.tif", title="a", group="g", crs="EPSG:4326", style=style)
    with pytest.raises(ValueError, match="title is empty"):
        ProjectRaster(key="a", file="a.tif", title=" ", group="g", crs="EPSG:4326", style=style)
    rasters = project_rasters([layer_of("a"), layer_of("b")], [style, style], words=words)
    theme = raster_theme(rasters, ["base:m"], words=words)
    assert (theme.name, theme.layers) == ("Снимки", ("base:m", "raster:a"))
