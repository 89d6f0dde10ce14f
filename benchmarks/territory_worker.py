"""Finds the labour market areas of one table of flows with one tool, in a process of its own."""

from __future__ import annotations

import csv
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.jobs import Found, write_json
from benchmarks.worker import Clock, peak_mb

STANDARD = (1_000.0, 10_000.0, 0.6667, 0.75)
"""Least and target size, least and target self-containment: Istat's."""

OWN = "agglo"
MISSING = "not installed"

R_SCRIPT = """
begin <- proc.time()[["elapsed"]]
suppressPackageStartupMessages({library(data.table); library(LabourMarketAreas)})
imported <- proc.time()[["elapsed"]]
peak_mb <- function() {
  line <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
before <- peak_mb()
folder <- commandArgs(trailingOnly = TRUE)[1]
p <- as.numeric(commandArgs(trailingOnly = TRUE)[2:5])
flows <- fread(file.path(folder, "flows.csv"))
setnames(flows, c("community_live", "community_work", "amount"))
flows[, amount := as.numeric(amount)]
read <- proc.time()[["elapsed"]]
found <- findClusters(LWCom = flows, minSZ = p[1], minSC = p[3], tarSZ = p[2], tarSC = p[4])
done <- proc.time()[["elapsed"]]
zones <- as.data.frame(found$lma$clusterList)[, c("community", "cluster")]
zones$cluster[zones$cluster == 0] <- -1
write.csv(zones, file.path(folder, "areas-R.csv"), row.names = FALSE)
cat(sprintf(
  paste0('{"seconds": {"import": [%.3f], "read": [%.3f], "areas": [%.3f]}, "peak_mb": %.1f, ',
         '"facts": {"added_mb": %.1f}, "versions": {"R": "%s", "LabourMarketAreas": "%s"}}'),
  imported - begin, read - imported, done - read, peak_mb(), peak_mb() - before,
  getRversion(), packageVersion("LabourMarketAreas")
), file = file.path(folder, "found.json"))
"""


def command(tool: str, folder: Path, rscript: str) -> list[str]:
    """Return the command that measures a tool on ``flows.csv`` of a folder."""
    if tool == "R":
        script = folder / "areas.R"
        script.write_text(R_SCRIPT, encoding="utf-8")
        return [rscript, str(script), str(folder), *map(str, STANDARD)]
    return [sys.executable, "-m", "benchmarks.territory_worker", tool, str(folder)]


def measure(tool: str, folder: Path) -> Found:
    """Read the flows, find the areas, keep them, and say what it took."""
    clock = Clock()
    return {OWN: _agglo, "reference": _reference}[tool](folder, clock)


def _agglo(folder: Path, clock: Clock) -> Found:
    def tools() -> tuple[Callable, ...]:
        import pandas as pd

        from agglo.commuting.flows import flows_from_table
        from agglo.territory.dissolution import labour_market_labels
        from agglo.territory.labour_markets import labour_market_areas
        from agglo.territory.validity import Standard

        return pd.read_csv, flows_from_table, labour_market_areas, labour_market_labels, Standard

    read_csv, flows_from_table, areas_of, labels_of, standard_of = clock.time("import", tools)
    before = peak_mb()

    def read() -> object:
        table = read_csv(folder / "flows.csv")
        zones = sorted({*table["live"], *table["work"]})
        return flows_from_table(table, zones)

    flows = clock.time("read", read)
    standard = standard_of(
        min_size_count=STANDARD[0],
        target_size_count=STANDARD[1],
        min_self_containment_share=STANDARD[2],
        target_self_containment_share=STANDARD[3],
    )
    found = clock.time("areas", lambda: areas_of(flows, **asdict(standard)))
    peak = peak_mb()
    clock.time("search", lambda: labels_of(flows.counts, standard=standard))
    area = found.areas["area_id"]
    rows = [(zone, own or -1) for zone, own in zip(area.index, area, strict=True)]
    return _kept(OWN, folder, rows, clock, before, peak, {"agglo": version("agglo")})


def _reference(folder: Path, clock: Clock) -> Found:
    def tool() -> Callable:
        from benchmarks.territory_reference import reference_labels

        return reference_labels

    labels_of = clock.time("import", tool)
    before = peak_mb()

    def read() -> list[tuple[int, int, float]]:
        with (folder / "flows.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            return [(int(live), int(work), float(count)) for live, work, count in rows]

    flows = clock.time("read", read)
    labels = clock.time("areas", lambda: labels_of(flows, standard=STANDARD))
    return _kept("reference", folder, sorted(labels.items()), clock, before, peak_mb(), {})


def _kept(
    tool: str,
    folder: Path,
    rows: list[tuple[object, object]],
    clock: Clock,
    before: float | None,
    peak: float | None,
    versions: dict[str, str],
) -> Found:
    with (folder / f"areas-{tool}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("zone", "area"), *rows])
    facts = {} if before is None or peak is None else {"added_mb": peak - before}
    return Found(
        seconds=clock.seconds,
        peak_mb=peak,
        facts=facts,
        versions={"Python": platform.python_version(), **versions},
    )


if __name__ == "__main__":
    write_json(Path(sys.argv[2]) / "found.json", measure(sys.argv[1], Path(sys.argv[2])))
