"""The worlds of the tests keep the contracts and the distances that they promise."""

from __future__ import annotations

import pytest

from agglo.indicators.case import straight_km
from agglo.region import Region
from agglo.tables import TABLES
from tests import worlds
from tests.cases import case_of


@pytest.mark.parametrize(
    "region", [worlds.two_banks(), worlds.line_of_towns(), worlds.grid(), worlds.island()]
)
def test_every_world_has_every_table(region: Region) -> None:
    assert set(region.tables) == set(TABLES)


def test_kilometres_on_the_plane_survive_the_way_over_degrees() -> None:
    km = straight_km(case_of(worlds.two_banks()).region)
    assert km.loc["west", "east"] == pytest.approx(10, abs=1e-6)
    assert km.loc["away", "east"] == pytest.approx(30, abs=1e-6)
