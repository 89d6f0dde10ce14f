"""Makes an environment of its own for the tools that agglo is compared with."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

PEERS = (
    "rasterstats==0.21.0", "xarray-spatial==0.5.3", "exactextract==0.3.0", "rio-cogeo==7.0.4",
    "odc-stac==0.5.3",
)  # fmt: skip
SHARED = ("geopandas", "numpy", "rasterio", "scipy", "shapely")
"""In the same version as agglo has, so that only the tools differ."""

LIMIT_S = 900.0
LOG_TAIL = 300


def peers_python(folder: Path, progress: Callable[[str], None]) -> str:
    """Return the Python of an environment with the peers, made unless it is there.

    Raises
    ------
    RuntimeError
        If they cannot be installed, or the folder holds something else.
    """
    wanted = [*PEERS, *(f"{name}=={version(name)}" for name in SHARED)]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "peers.txt"
    text = "\n".join([sys.version.split()[0], *wanted, ""])
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == text:
        return str(python.absolute())
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
        raise RuntimeError(f"{folder} is no environment; name another folder (--peers)")
    progress(f"the other tools are installed in {folder}")
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", *wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"the other tools were not installed within {LIMIT_S:g} s") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-LOG_TAIL:]
        raise RuntimeError(
            f"the other tools cannot be installed in {folder}: {said}; name the Python of an "
            "environment that has them (--peer-python), or leave them out (--no-peers)"
        )
    stamp.write_text(text, encoding="utf-8")
    return str(python.absolute())
