"""Isochrones of the zones of a workspace."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from typer.testing import CliRunner

from agglo.cli import app
from agglo.errors import NetworkError
from agglo.reach import isochrones_of_zones
from tests import worlds


def test_they_are_nested_and_a_bridge_never_shrinks_them(tmp_path: Path) -> None:
    workspace = worlds.workspace_of(worlds.two_banks(bridge=False), tmp_path)
    worlds.write_scenario(
        tmp_path,
        "bridge",
        '[[change]]\ndo = "add_link"\nlink = "bridge"\nfrom_id = "west"\nto_id = "east"\n'
        "speed_kmh = 60\n",
    )
    drawn = isochrones_of_zones(
        workspace, ["west"], within_min=[10, 20, 35], scenarios=["baseline", "bridge"], cell_m=500
    )
    shape = drawn.set_index(["scenario", "within_min"]).geometry
    for name in ("baseline", "bridge"):
        assert shape[name, 20].buffer(1e-6).contains(shape[name, 10])
    for limit in (10, 20, 35):
        assert shape["bridge", limit].buffer(1e-6).contains(shape["baseline", limit])
    assert shape["bridge", 20].area > shape["baseline", 20].area
    assert drawn.crs == worlds.CRS


def test_nobody_gets_off_along_a_motorway(tmp_path: Path) -> None:
    tables = worlds.two_banks_tables()
    tables["links"] = tables["links"].assign(**{"class": "motorway"})
    region = worlds.region_of(tables)
    workspace = worlds.workspace_of(region, tmp_path)
    drawn = isochrones_of_zones(workspace, ["west"], within_min=[8], cell_m=500)
    assert drawn["reached_km"].tolist() == [0]


@pytest.mark.parametrize("choice", [{"zones": ["nowhere"]}, {"mode": "balloon"}])
def test_what_is_unknown_is_named(tmp_path: Path, choice: dict[str, object]) -> None:
    workspace = worlds.workspace_of(worlds.two_banks(), tmp_path)
    given = {"zones": ["west"], "within_min": [10], **choice}
    with pytest.raises(NetworkError, match=r"nowhere|balloon"):
        isochrones_of_zones(workspace, **given)  # type: ignore[arg-type]


def test_the_command_writes_a_layer_once(tmp_path: Path) -> None:
    out = tmp_path / "iso.gpkg"
    words = ["isochrones", "obninsk", "--within", "30", "-o", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    drawn = gpd.read_file(out)
    assert list(drawn["zone_id"]) == ["obninsk"]
    assert drawn.geometry.is_valid.all()
    again = CliRunner().invoke(app, words)
    assert "is there already" in str(again.exception)
    assert list(tmp_path.iterdir()) == [out]
