"""A run after a change: only what the change can touch is made anew, to the same bytes."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import agglo.prepared
from agglo.output import write_output
from agglo.prepared import CACHE, STAGES
from agglo.run import run
from agglo.stages import Stages
from agglo.territory.firmness import Spreads
from agglo.transport.closing import Closing, closer
from agglo.transport.closings import Closings, closings_from_kept, kept_closings
from agglo.transport.criticality import critical_links, trip_loss
from agglo.transport.hierarchy import hierarchy_from_arcs
from agglo.transport.keys import arc_words, metric_sha256
from agglo.transport.network import Network, metric_from_arcs, network_from_regions
from agglo.transport.pruned import part_of_metric
from agglo.transport.skims import skim
from agglo.workspace import Workspace
from tests import worlds
from tests.quick import few_runs

ROOT = Path(__file__).resolve().parents[1]
FASTER = '[[change]]\ndo = "set_speed"\nlink = ["bridge"]\nspeed_kmh = 90\n'
OFTEN = '[[change]]\ndo = "set_headway"\nline = "ferry"\nheadway_min = {}\n'
SHOCK = '[[change]]\ndo = "close_link"\nlink = ["bridge"]\n'
MADE = ("losses", "cut_off", "road_indices", "waits", "firmness", "drawn", "coalitions")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    few_runs(monkeypatch)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Name the stages that are made, and not read."""
    names: list[str] = []
    write = Stages.write

    def noted(self: Stages, name: str, inputs: object, arrays: dict[str, np.ndarray]) -> None:
        names.append(name)
        write(self, name, inputs, arrays)

    monkeypatch.setattr(Stages, "write", noted)
    return names


def world(folder: Path, *, headway_min: float = 10) -> Workspace:
    """Two banks with a bridge and a ferry, and scenarios of both."""
    workspace = worlds.workspace_of(worlds.two_banks(), folder, spread=0.3)
    worlds.write_scenario(folder, "faster", FASTER)
    worlds.write_scenario(folder, "shock", SHOCK, top='horizon = "day"')
    worlds.write_scenario(folder, "both", "", top='measures = ["faster", "often"]')
    often(folder, headway_min)
    (folder / "maps").mkdir(exist_ok=True)
    shutil.copy(ROOT / "maps" / "text.toml", folder / "maps" / "text.toml")
    theme = (ROOT / "maps" / "theme.toml").read_text(encoding="utf-8")
    shown = re.sub(r"(?s)^shown = \[.*?\]", 'shown = ["jobs_by_decay"]', theme, flags=re.MULTILINE)
    (folder / "maps" / "theme.toml").write_text(shown, encoding="utf-8")
    return replace(workspace, spreads=Spreads(draws_count=4))


def often(folder: Path, headway_min: float) -> None:
    worlds.write_scenario(folder, "often", OFTEN.format(headway_min))


def files(workspace: Workspace, out: Path, *names: str) -> dict[str, str]:
    """Run and write, and hash what was written."""
    write_output(workspace, run(workspace, names), out)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())
    }


def test_after_a_new_headway_the_bytes_are_those_of_a_run_from_nothing(
    tmp_path: Path, made: list[str]
) -> None:
    own = world(tmp_path / "own")
    cold = files(own, tmp_path / "cold")
    assert set(MADE) <= set(made)
    made.clear()
    assert files(own, tmp_path / "warm") == cold
    assert made == []
    often(own.root, 7)
    after = files(own, tmp_path / "after")
    touched = list(made)
    fresh = files(world(tmp_path / "other", headway_min=7), tmp_path / "fresh")
    assert after == fresh
    assert after != cold
    # 'often' and the package that holds it: their drawn values, and nothing that roads decide
    assert touched.count("drawn") == 2
    assert touched.count("firmness") == 2
    assert touched.count("coalitions") == 1
    assert not {"cut_off", "road_indices", "facilities", "fine_cells"} & set(touched)


def test_without_a_cache_the_bytes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = world(tmp_path / "own")
    cold = files(own, tmp_path / "cold", "often", "faster")
    bare = world(tmp_path / "bare")
    with monkeypatch.context() as patch:
        patch.setattr(agglo.prepared, "Stages", lambda **_: Stages())
        assert files(bare, tmp_path / "none", "often", "faster") == cold
    assert not (bare.root / CACHE / STAGES).exists()
    # where a folder cannot be, as in an installed package
    (bare.root / CACHE).mkdir(exist_ok=True)
    (bare.root / CACHE / STAGES).write_text("", encoding="utf-8")
    assert files(bare, tmp_path / "file", "often", "faster") == cold


def test_what_others_left_changes_nothing(tmp_path: Path) -> None:
    own = world(tmp_path / "own")
    run(own, ["faster", "both"])
    warm = files(own, tmp_path / "warm", "often")
    assert files(world(tmp_path / "other"), tmp_path / "cold", "often") == warm


def more_jobs(own: Workspace) -> Workspace:
    zones = own.region["zones"]
    jobs = {name: zones[name] + 1 for name in zones if name.startswith("jobs")}
    return replace(own, region=own.region.with_tables(zones=zones.assign(**jobs)))


def other_value(own: Workspace) -> Workspace:
    item = own.assumptions["decay_per_min"]
    wider = replace(item, value=item.value * 1.1, high=item.high * 1.1)
    return replace(own, assumptions={**own.assumptions, "decay_per_min": wider})


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (more_jobs, {"losses", "drawn", "firmness"}),
        (other_value, {"losses", "drawn", "firmness"}),
    ],
    ids=["layer", "parameter"],
)
def test_a_changed_input_is_made_anew(
    change: Callable[[Workspace], Workspace],
    wanted: set[str],
    tmp_path: Path,
    made: list[str],
) -> None:
    own = world(tmp_path)
    run(own, ["often"])
    made.clear()
    run(change(own), ["often"])
    assert wanted <= set(made)


def test_other_sources_of_the_package_make_everything_anew(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = world(tmp_path)
    run(own, ["often"])
    before = sorted(made)
    made.clear()
    monkeypatch.setattr(agglo.prepared, "code_sha256", lambda: "other")
    run(own, ["often"])
    assert sorted(made) == before


DRIVER = """
import sys
from pathlib import Path
from tests.test_incremental import world
from agglo.run import run
import agglo.uncertain_runs
agglo.uncertain_runs.assumption_ends = lambda _: []
sys.stdout.write("ready\\n")
sys.stdout.flush()
run(world(Path(sys.argv[1])), ["often"])
"""


def driven(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def test_an_interrupted_run_and_two_at_once_leave_whole_entries(tmp_path: Path) -> None:
    own = world(tmp_path / "own")
    kept = own.root / CACHE / STAGES
    stopped = driven(own.root)
    while stopped.poll() is None and not list(kept.glob("*.npz")):
        time.sleep(0.01)
    stopped.send_signal(signal.SIGINT)
    stopped.communicate()
    assert [path for path in kept.glob("*") if path.suffix != ".npz"] == []
    both = [driven(own.root), driven(own.root)]
    for one in both:
        errors = one.communicate()[1]
        assert one.returncode == 0, errors
    assert [path for path in kept.glob("*") if path.suffix != ".npz"] == []
    for path in kept.glob("*.npz"):
        with np.load(path, allow_pickle=False) as entry:
            assert all(entry[name] is not None for name in entry.files)
    fresh = files(world(tmp_path / "fresh"), tmp_path / "cold", "often")
    assert files(own, tmp_path / "warm", "often") == fresh


# ---- closings that are remembered


def test_remembered_closings_are_weighed_anew_with_the_same_losses() -> None:
    region = worlds.two_banks()
    network = network_from_regions({"baseline": region}, worlds.parameters())
    topology, arcs = network.topology, network.arcs["baseline"]
    metric = metric_from_arcs(topology, arcs, "car")
    zones = region["zones"].index
    ends = {"origins": list("from:" + zones), "destinations": list("to:" + zones)}
    before = skim(topology, metric, ends["origins"], ends["destinations"])
    wanted = ~np.eye(len(zones), dtype=bool)
    known = Closings()
    for number in (1, 2, 3):
        trips = np.random.default_rng(number).random(wanted.shape)
        for exact_count in (1, None):
            asked = {
                **ends, "wanted": wanted, "exact_count": exact_count,
                "loss": trip_loss(trips, before, unserved_min=60),
            }  # fmt: skip
            links = arcs["link_id"].where(np.isfinite(metric), "")
            known = closings_from_kept(kept_closings(known))
            known.is_new = False
            found = critical_links(topology, metric, links, known=known, **asked)
            anew = critical_links(topology, metric, links, **asked)
            assert found.equals(anew)
    assert not known.is_new
    assert known.after_min


def test_a_network_is_weighed_only_once_something_is_asked() -> None:
    from agglo.transport.closings import closer_when_asked

    made = []
    region = worlds.two_banks()
    network = network_from_regions({"baseline": region}, worlds.parameters())
    metric = metric_from_arcs(network.topology, network.arcs["baseline"], "car")

    def make() -> object:
        made.append(1)
        return closer(network.topology, metric, closings_count=1)

    close = closer_when_asked(make)
    assert len(close([])) == 0
    assert made == []
    for _ in range(2):
        assert close([Closing([], [0], [0])]).tolist() == [0]
    assert made == [1]


def test_kept_closings_that_are_none_are_taken_for_none() -> None:
    for wrong in (
        None,
        {},
        {"link": np.array([1]), "count": np.array([2]), "after_min": np.array([1.0])},
        {"link": np.array([1, 2]), "count": np.array([1]), "after_min": np.array([1.0])},
    ):
        assert closings_from_kept(wrong) == Closings()


# ---- the part of a network that leads anywhere


@pytest.mark.parametrize("few", [0, 20_000])
@pytest.mark.parametrize("mode", ["car", "transit", "park_ride"])
def test_the_part_that_leads_somewhere_has_the_same_minutes(
    mode: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agglo.transport.pruned.FEW_ARCS", few)
    region = worlds.two_banks()
    network = network_from_regions({"baseline": region}, worlds.parameters())
    topology = network.topology
    hierarchy = hierarchy_from_arcs(topology.tail, topology.head, topology.x_m, topology.y_m)
    if hierarchy is None:
        pytest.skip("routingkit-cch is absent")
    topology = replace(topology, hierarchy=hierarchy)
    metric = metric_from_arcs(topology, network.arcs["baseline"], mode)
    names = [list(f"{face}:" + region["zones"].index) for face in ("from", "to")]
    numbers = [topology.nodes.get_indexer(own) for own in names]
    part, own = part_of_metric(topology, metric, *numbers)
    # without a lot nobody parks and rides: no arc of that mode leads from zone to zone
    assert (part is topology) == (few == 0 and mode != "park_ride")
    assert np.array_equal(skim(part, own, *names), skim(topology, metric, *names))
    # whatever leads to no zone is left out
    lost = np.where(np.isin(topology.head, numbers[1]), np.inf, metric)
    part, own = part_of_metric(topology, lost, *numbers)
    assert (len(part.arcs) == 0) == (few == 0)
    assert np.array_equal(skim(part, own, *names), skim(topology, lost, *names))


def test_the_hash_of_a_metric_follows_its_own_arcs_and_no_others() -> None:
    base = worlds.two_banks()
    links = base["links"]
    added = links.iloc[[0]].assign(link_id="other").set_index("link_id", drop=False)
    more = base.with_tables(links=pd.concat([links, added.rename_axis(None)]))
    alone, both = (
        network_from_regions(regions, worlds.parameters())
        for regions in ({"baseline": base}, {"baseline": base, "more": more})
    )

    def told(network: Network, name: str = "baseline", add_min: float = 0.0) -> str:
        topology, arcs = network.topology, network.arcs[name]
        metric = metric_from_arcs(topology, arcs, "car")
        first = np.flatnonzero(np.isfinite(metric))[0]
        metric = metric + np.where(np.arange(len(metric)) == first, add_min, 0.0)
        return metric_sha256(arc_words(topology), topology, metric, [arcs["link_id"]])

    assert len(both.topology.arcs) > len(alone.topology.arcs)
    assert told(both) == told(alone)
    assert len({told(alone), told(both, "more"), told(alone, add_min=1e-9)}) == 3
