"""The commands: `agglo run`, `sweep`, `check`, `scenario`, `delineate`, `fetch` and others."""

from __future__ import annotations

import sys

import typer

from agglo.cli.fetching import fetch_raster_command, fetch_scenes_command
from agglo.cli.imagery import (
    add_command,
    change_command,
    growth_command,
    index_command,
    spread_command,
    zonal_command,
)
from agglo.cli.running import isochrones_command, run_command
from agglo.cli.scenario_files import (
    scenario_changes_command,
    scenario_check_command,
    scenario_schema_command,
)
from agglo.cli.sources import check_command, fetch_osm_command, new_command
from agglo.cli.sweeping import sweep_command
from agglo.cli.territory import delineate_command
from agglo.errors import AggloError

BAD_INPUT = 2
INTERRUPTED = 130
"""What typer ends with after Ctrl-C."""

app = typer.Typer(
    name="agglo",
    help="Planning tool for agglomerations: labour mobility, connectivity, scenarios, maps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("run")(run_command)
app.command("sweep")(sweep_command)
app.command("check")(check_command)
app.command("isochrones")(isochrones_command)
app.command("delineate")(delineate_command)
app.command("new")(new_command)
scenario_app = typer.Typer(
    help="Scenario files: check them, list what they may change.", no_args_is_help=True
)
app.add_typer(scenario_app, name="scenario")
scenario_app.command("check")(scenario_check_command)
scenario_app.command("schema")(scenario_schema_command)
scenario_app.command("changes")(scenario_changes_command)
fetch_app = typer.Typer(help="Get source data from the internet.", no_args_is_help=True)
app.add_typer(fetch_app, name="fetch")


@fetch_app.callback()
def fetch_group() -> None:
    """Get source data from the internet."""


fetch_app.command("osm")(fetch_osm_command)
fetch_app.command("raster")(fetch_raster_command)
fetch_app.command("scenes")(fetch_scenes_command)
imagery_app = typer.Typer(help="Rasters: figures by zone, indices, change.", no_args_is_help=True)
app.add_typer(imagery_app, name="imagery")
imagery_app.command("zonal")(zonal_command)
imagery_app.command("index")(index_command)
imagery_app.command("change")(change_command)
imagery_app.command("growth")(growth_command)
imagery_app.command("spread")(spread_command)
imagery_app.command("add")(add_command)


def main() -> None:
    """Run the command line; what the user can mend ends with exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except AggloError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(BAD_INPUT) from None
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("stopped; the earlier output is whole", err=True)
        raise
