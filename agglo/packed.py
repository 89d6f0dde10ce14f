"""Frames taken apart into arrays without objects, and put together again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

LAYOUT = "layout"
NONE, NAN = -1, -2
"""Lengths that stand for a missing text."""


def packed_frame(frame: pd.DataFrame) -> Arrays | None:
    """Take a frame apart into arrays without objects; ``None`` where that cannot be done."""
    if type(frame) is not pd.DataFrame:
        return None
    arrays: Arrays = {}
    layout: dict[str, Any] = {}
    for side, index in (("index", frame.index), ("columns", frame.columns)):
        if not all(name is None or isinstance(name, str) for name in index.names):
            return None
        if type(index) is pd.RangeIndex:
            layout[side] = {"range": [index.start, index.stop, index.step], "names": [index.name]}
            continue
        levels = [index.get_level_values(place) for place in range(index.nlevels)]
        kinds = [_column(own, f"{side}{place}", arrays) for place, own in enumerate(levels)]
        layout[side] = {
            "kinds": kinds, "names": list(index.names), "is_multi": isinstance(index, pd.MultiIndex)
        }  # fmt: skip
    columns = (frame.iloc[:, place] for place in range(frame.shape[1]))
    layout["values"] = [_column(own, f"value{place}", arrays) for place, own in enumerate(columns)]
    kinds = [*layout["values"], *layout["index"].get("kinds", []),
             *layout["columns"].get("kinds", [])]  # fmt: skip
    if None in kinds:
        return None
    arrays[LAYOUT] = np.frombuffer(json.dumps(layout).encode(), dtype=np.uint8)
    return arrays


def _column(column: Any, key: str, arrays: Arrays) -> str | None:
    """Put a column into arrays and name its kind; ``None`` where it holds other objects."""
    kind = str(column.dtype)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub":
        arrays[key] = np.ascontiguousarray(column.to_numpy())
        return "numbers"
    if kind not in ("object", "str"):
        return None
    values = column.tolist()
    is_text = [type(one) is str for one in values]
    ends = np.zeros(len(values), dtype=np.int64)
    for place, one in enumerate(values):
        if is_text[place]:
            ends[place] = len(one.encode("utf-8"))
        elif one is None and kind == "object":
            ends[place] = NONE
        elif isinstance(one, float) and one != one:
            ends[place] = NAN
        else:
            return None
    text = "".join(one for one, own in zip(values, is_text, strict=True) if own)
    arrays[key] = ends
    arrays[f"{key}_text"] = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    return kind


def frame_from_packed(arrays: Arrays) -> pd.DataFrame:
    """Put a frame together again.

    Raises
    ------
    ValueError, KeyError
        If the arrays are of no frame.
    """
    layout = json.loads(arrays[LAYOUT].tobytes())
    index, columns = (_index(layout[side], side, arrays) for side in ("index", "columns"))
    own = {
        place: _values(kind, f"value{place}", arrays) for place, kind in enumerate(layout["values"])
    }
    if len(own) != len(columns) or any(len(one) != len(index) for one in own.values()):
        raise ValueError("the columns of the entry are of other lengths")
    # a plain array of texts would be read as a column of the dtype 'str'
    held = {
        place: pd.Series(one, index=index, dtype=object) if one.dtype == object else one
        for place, one in own.items()
    }
    frame = pd.DataFrame(held, index=index)
    frame.columns = columns
    return frame


def _index(layout: Mapping[str, Any], side: str, arrays: Arrays) -> pd.Index:
    if "range" in layout:
        start, stop, step = layout["range"]
        return pd.RangeIndex(start, stop, step, name=layout["names"][0])
    levels = [_values(kind, f"{side}{place}", arrays) for place, kind in enumerate(layout["kinds"])]
    if layout["is_multi"]:
        return pd.MultiIndex.from_arrays(levels, names=layout["names"])
    index: pd.Index = pd.Index(levels[0], name=layout["names"][0], dtype=levels[0].dtype)
    return index


def _values(kind: str, key: str, arrays: Arrays) -> Any:
    if kind == "numbers":
        return arrays[key]
    ends, text = arrays[key], arrays[f"{key}_text"].tobytes()
    stops = np.cumsum(np.maximum(ends, 0)).tolist()
    values: list[Any] = []
    for length, stop in zip(ends.tolist(), stops, strict=True):
        missing = None if length == NONE else float("nan")
        values.append(missing if length < 0 else text[stop - length : stop].decode("utf-8"))
    return pd.array(values, dtype="str") if kind == "str" else _objects(values)


def _objects(values: list[Any]) -> Array:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
