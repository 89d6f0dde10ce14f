"""Which workspace a command works on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agglo.paths import builtin_workspace, is_workspace

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder with agglo.toml, layers/, scenarios/, maps/ [this folder, or built-in].",
    ),
]


def root_of(workspace: Path | None) -> Path:
    """Return the workspace named, this folder if it is one, else the built-in one."""
    if workspace is not None:
        return workspace
    return Path() if is_workspace(Path()) else builtin_workspace()
