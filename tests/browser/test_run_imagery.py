"""The rasters of the built-in region on the meeting map, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from agglo.output import write_output
from agglo.run import Result
from agglo.workspace import Workspace
from tests.browser.pages import Page

PICTURES = "return document.querySelectorAll('.leaflet-image-layer').length"


@pytest.fixture(scope="module")
def written(
    workspace: Workspace, results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("снимки") / "build"
    few = [results["baseline"], results["polycentric-housing"]]
    return write_output(workspace, few, out) / "index.html"


def test_every_raster_is_drawn_and_says_what_it_cannot_tell(page: Page, written: Path) -> None:
    page.open(written, "#view=imagery&language=ru")
    names = page.run("return AGGLO_PAGE.data.imagery.rasters.map(function (r) { return r.id })")
    assert names == ["population_density", "night_lights", "land_cover"]
    for name in names:
        page.open(written, f"#view=imagery&raster={name}&language=ru")
        assert page.run(PICTURES) == 1
        assert "Чего отсюда заключить нельзя" in page.text("#panel")
    assert page.complaints() == []
    assert page.requests() == []


def test_two_rasters_share_the_map_on_both_sides_of_the_divider(page: Page, written: Path) -> None:
    page.open(written, "#view=imagery&raster=night_lights&with=land_cover&language=en")
    assert page.run(PICTURES) == 2
    assert page.run("return document.querySelectorAll('#swipe').length") == 1
    assert page.complaints() == []


def test_the_core_is_too_coarse_and_the_scatter_names_it(page: Page, written: Path) -> None:
    page.open(written, "#view=imagery&raster=night_lights&show=places&language=en")
    said = page.text("#panel")
    assert "too coarse" in said
    assert "The agglomeration as a whole" in said or "whole" in said
    named = page.run(
        "return Array.from(document.querySelectorAll('svg.scatter text.outlier'),"
        " function (t) { return t.textContent })"
    )
    assert any("Obninsk" in text for text in named)


def test_other_views_have_no_pictures(page: Page, written: Path) -> None:
    page.open(written, "#view=territory&language=en")
    assert page.run(PICTURES) == 0
    page.open(written, "#language=en")
    assert page.run(PICTURES) == 0
    assert page.complaints() == []
