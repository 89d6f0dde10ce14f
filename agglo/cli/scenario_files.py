"""The commands about scenario files: `agglo scenario check`, `schema`, `changes`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agglo.cli.place import WorkspaceOption, root_of

if TYPE_CHECKING:
    import pandas as pd

    from agglo.region import Region
    from agglo.scenarios.scenario import Scenario

ROWS_SHOWN = 3


def scenario_check_command(
    files: Annotated[list[str], typer.Argument(help="Names in scenarios/ or files.")],
    russian: Annotated[bool, typer.Option("--ru", help="Warnings in Russian.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Check scenario files: what each change touches, whom it concerns, and what looks odd."""
    from agglo.errors import AggloError
    from agglo.scenarios.files import find_scenario, read_scenario
    from agglo.workspace import open_workspace

    opened = open_workspace(root_of(workspace))
    faults = []
    for name in files:
        try:
            scenario = read_scenario(find_scenario(name, opened.scenario_folder))
            _print_checked(opened.region, scenario, "ru" if russian else "en")
        except AggloError as error:
            typer.echo(f"error: {error}", err=True)
            faults.append(name)
    if faults:
        typer.echo(f"{len(faults)} of {len(files)} cannot be run: {', '.join(faults)}", err=True)
        raise typer.Exit(2)


def scenario_schema_command(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New file to write [on the screen].")
    ] = None,
) -> None:
    """Write the JSON Schema by which editors complete and check scenario files."""
    from agglo.folders import whole_file
    from agglo.scenarios.schema import schema_text

    if out is None:
        typer.echo(schema_text(), nl=False)
        return
    with whole_file(out) as path:
        path.write_text(schema_text(), encoding="utf-8", newline="\n")
    typer.echo(f"{out}: begin a scenario file with  #:schema ./{out.name}")


def scenario_changes_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Changes to explain; none means all of them.")
    ] = None,
) -> None:
    """List the changes that a scenario file can make, with their arguments."""
    from agglo.errors import ScenarioError
    from agglo.hints import names_hint
    from agglo.scenarios.changes import CHANGES

    for name in names or CHANGES:
        if name not in CHANGES:
            raise ScenarioError(f"unknown change '{name}'; {names_hint(name, CHANGES)}")
    for name in names or CHANGES:
        _print_change(name, whole=bool(names))


def _print_checked(region: Region, scenario: Scenario, language: str) -> None:
    from agglo.scenarios.lint import lint
    from agglo.scenarios.receipts import apply_scenario

    changed, receipts = apply_scenario(region, scenario)
    typer.echo(f"{scenario.name}: {scenario.title}")
    for number, step in enumerate(scenario.steps, 1):
        own = receipts[receipts["change"] == number]
        typer.echo(f"  {number:3} {step.do:22} {_touched(own)}")
    warnings = lint(region, scenario, changed, receipts=receipts)
    for number, rule, text in warnings[["change", "rule", f"text_{language}"]].to_numpy():
        place = f"change {number}" if number else "scenario"
        typer.echo(f"  warning, {place} ({rule}): {text}")
    typer.echo(
        f"  {len(receipts)} value(s) touched by {len(scenario.steps)} change(s), "
        f"{len(warnings)} warning(s)"
    )


def _touched(receipts: pd.DataFrame) -> str:
    """Say what one change touches and whom it concerns."""
    if receipts.empty:
        return "done already by another measure"
    parts = []
    for table in dict.fromkeys(map(str, receipts["table"])):
        own = receipts.loc[receipts["table"] == table, "row_id"]
        ids = list(dict.fromkeys(map(str, own)))
        more = f" and {len(ids) - ROWS_SHOWN} more" if len(ids) > ROWS_SHOWN else ""
        parts.append(f"{table}: {', '.join(ids[:ROWS_SHOWN])}{more}")
    people = float(receipts["people_count"].iloc[0])
    concerned = f"; concerns {people:,.0f}" if people == people else ""
    return f"{len(receipts)} value(s) of {'; '.join(parts)}{concerned}"


def _print_change(name: str, *, whole: bool) -> None:
    from agglo.scenarios.arguments import shown, wanted_arguments
    from agglo.scenarios.schema import argument_texts, described, in_words

    first, prose = described(name)
    texts = argument_texts(name)
    typer.echo(f"{name}: {prose if whole else first}")
    for argument, item in wanted_arguments(name).items():
        left_out = "" if item.is_required else " (may be left out)"
        if not item.is_required and item.default not in (None, "", ()):
            left_out = f" ({shown(item.default)} if left out)"
        more = f": {texts[argument]}" if argument in texts else ""
        typer.echo(f"    {argument:24} {in_words(item)}{left_out}{more}")
