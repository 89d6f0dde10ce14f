"""Reads and writes matrices in Open Matrix files (OMX 0.2, which is HDF5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agglo.errors import LayerError, OutputError
from agglo.folders import whole_file
from agglo.layers.text_cells import id_texts, listed

if TYPE_CHECKING:
    import h5py

Floats = npt.NDArray[np.float64]
OMX = ".omx"
OMX_VERSION = b"0.2"
BLOCK_CELLS = 4_000_000
MISSING = "NA"
"""The attribute in which a matrix may say which value stands for a missing one."""


@contextmanager
def omx_matrix(
    path: Path, *, matrix: str | None = None, lookup: str | None = None
) -> Iterator[tuple[pd.Index, Iterator[tuple[int, Floats]]]]:
    """Open one matrix of an Open Matrix file, to be read some rows at a time.

    Parameters
    ----------
    matrix, lookup
        Which matrix, and which list of zone ids; not needed where the file has only one. A file
        without any list has its zones numbered from 1, as the format has it.

    Yields
    ------
    ids, blocks
        Zone ids (text) of rows and columns alike; number of the first row and values of each
        block of rows, ``nan`` where the file says that a value is missing.

    Raises
    ------
    LayerError
        If h5py is absent, the file is not whole or no OMX file, there is a choice and none was
        made, the matrix is not square, or the ids are not one for each zone.
    """
    with _opened(path) as file:
        values = _matrix(path, file, matrix)
        ids = _ids(path, file, lookup, values.shape[0])
        yield ids, _blocks(path, values)


def write_omx(path: Path, matrices: Mapping[str, pd.DataFrame]) -> Path:
    """Write square matrices over the same zones as a new Open Matrix file, whole or not at all.

    The ids are kept as the lookup ``zone_id``: as whole numbers where all are, else as text.

    Raises
    ------
    OutputError
        If h5py is absent, the file is there already or cannot be written, or the matrices are
        not square over the same zones.
    """
    h5py = _h5py(path, OutputError)
    zones = next((frame.index for frame in matrices.values()), pd.Index([]))
    if zones.empty:
        raise OutputError(f"{path}: there is no matrix to write, or it has no zone")
    for name, frame in matrices.items():
        if not (frame.index.equals(zones) and frame.columns.equals(zones)):
            raise OutputError(f"{path}: matrix '{name}' is not square over the zones of the first")
    with whole_file(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["OMX_VERSION"] = np.bytes_(OMX_VERSION)
        file.attrs["SHAPE"] = np.array([len(zones)] * 2, dtype=np.int32)
        file["lookup/zone_id"] = _stored_ids(zones)
        for name, frame in matrices.items():
            file.create_dataset(
                f"data/{name}",
                data=frame.to_numpy(),
                compression="gzip",
                compression_opts=1,
            )
    return path


def _h5py(path: Path, kind: type[LayerError | OutputError]) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise kind(f"{path}: Open Matrix needs h5py; run: pip install 'agglo[omx]'") from error
    return h5py


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    h5py = _h5py(path, LayerError)
    if not path.is_file():
        raise LayerError(f"{path} is not there; wanted an Open Matrix file (.omx)")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise LayerError(
            f"{path} is no whole Open Matrix file ({error}); export it again as OMX"
        ) from error
    with file:
        yield file


def _matrix(path: Path, file: h5py.File, name: str | None) -> h5py.Dataset:
    if "data" not in file:
        raise LayerError(
            f"{path} has no group 'data', so it is no Open Matrix; it has {_all(file)}"
        )
    values = file["data"][_chosen(path, file["data"], name, "matrix")]
    if len(values.shape) != 2 or values.shape[0] != values.shape[1] or values.shape[0] == 0:
        shape = " × ".join(map(str, values.shape))
        raise LayerError(
            f"{path}: a matrix must be square, with one row and one column for every zone; "
            f"'{values.name}' is {shape}"
        )
    return values


def _ids(path: Path, file: h5py.File, name: str | None, count: int) -> pd.Index:
    if name is None and ("lookup" not in file or not len(file["lookup"])):
        return pd.Index([str(number) for number in range(1, count + 1)], dtype=object)
    if "lookup" not in file:
        raise LayerError(f"{path} has no lookup '{name}', nor any other; leave it out")
    chosen = _chosen(path, file["lookup"], name, "lookup")
    stored = file["lookup"][chosen][...].ravel().tolist()
    texts = [one.decode("utf-8") if isinstance(one, bytes) else one for one in stored]
    ids: pd.Index = pd.Index(id_texts(pd.Series(texts)).to_numpy(), dtype=object)
    if len(ids) != count:
        raise LayerError(f"{path}: lookup '{chosen}' has {len(ids)} ids for {count} zones")
    if ids.has_duplicates:
        raise LayerError(
            f"{path}: lookup '{chosen}' has {listed(ids[ids.duplicated()])} more than once, so it "
            f"does not name zones; there are {_all(file['lookup'])}"
        )
    return ids


def _chosen(path: Path, group: h5py.Group, name: str | None, what: str) -> str:
    names = list(group)
    if name is None and len(names) == 1:
        return str(names[0])
    if name in names:
        return str(name)
    plural = {"matrix": "matrices", "lookup": "lookups"}[what]
    said = f"no {what} '{name}'" if name is not None else f"{len(names)} {plural}"
    raise LayerError(f"{path} has {said}; choose one: {_all(group) or 'there is none'}")


def _blocks(path: Path, values: h5py.Dataset) -> Iterator[tuple[int, Floats]]:
    count = values.shape[0]
    missing = values.attrs.get(MISSING)
    rows = max(BLOCK_CELLS // count, 1)
    for first in range(0, count, rows):
        try:
            block = values[first : first + rows].astype(np.float64)
        except (OSError, ValueError, TypeError) as error:
            raise LayerError(
                f"{path}: '{values.name}' cannot be read ({error}); export it anew with zlib or "
                "without compression"
            ) from error
        if missing is not None:
            block[np.isin(block, np.asarray(missing, dtype=float))] = np.nan
        yield first, block


def _stored_ids(zones: pd.Index) -> npt.NDArray[Any]:
    texts = [str(zone) for zone in zones]
    if all(text.isdecimal() and str(int(text)) == text for text in texts):
        return np.array([int(text) for text in texts], dtype=np.int64)
    return np.char.encode(np.array(texts, dtype=str), "utf-8")


def _all(names: Collection[str]) -> str:
    return ", ".join(map(str, names))
