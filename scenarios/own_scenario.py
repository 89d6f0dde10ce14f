"""A scenario script: builds a scenario, runs it beside the baseline and writes the output.

Start it in the workspace's folder: python scenarios/own_scenario.py
"""

from pathlib import Path

from agglo.output import write_output
from agglo.run import run
from agglo.scenarios.files import Scenario, step
from agglo.workspace import open_workspace

workspace = open_workspace(Path(__file__).parents[1])
own = Scenario(
    name="own",
    title="Trains every 30 minutes and 2,000 jobs at Vorsino",
    title_ru="Поезда каждые 30 минут и 2 000 рабочих мест в Ворсине",
    steps=(
        step("set_headway", line="kiev_suburban", headway_min=30),
        step("add_jobs", zone="vorsino", jobs_count=2000),
    ),
)
results = run(workspace, [own])
print(results[-1].scores.to_string(index=False))
print(write_output(workspace, results, Path("maps/build-own")))
