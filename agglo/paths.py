"""Where the built-in workspace lies, in a checkout and in an installed wheel."""

from pathlib import Path

WORKSPACE_PARTS = ("layers", "scenarios", "maps")
SETTINGS_FILE = "agglo.toml"


def is_workspace(folder: Path) -> bool:
    """Tell whether a folder has the settings file and the three folders of a workspace."""
    return (folder / SETTINGS_FILE).is_file() and all(
        (folder / part).is_dir() for part in WORKSPACE_PARTS
    )


def builtin_workspace() -> Path:
    """Return the folder of the Obninsk–Vorsino workspace that comes with agglo.

    Returns
    -------
    builtin_workspace
        The checkout's own root, or the copy that the wheel carries.

    Raises
    ------
    FileNotFoundError
        If neither is there, which means a broken installation.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "builtin", package.parent):
        if is_workspace(folder):
            return folder
    raise FileNotFoundError(f"no built-in workspace beside {package}; reinstall agglo")
