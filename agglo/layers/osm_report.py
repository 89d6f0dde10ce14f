"""What the reading of streets dropped, repaired, refused or only counted, as a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from agglo.layers.osm_barriers import Closures
from agglo.layers.osm_file import Ints, RawStreets
from agglo.layers.osm_parts import Part
from agglo.layers.osm_points import Flags, Floats, Points, points_from_ways
from agglo.layers.osm_tags import MODES

Row = tuple[str, int, float, str]
COLUMNS = ["what", "count", "km", "note"]


def street_report(
    raw: RawStreets,
    rules: pd.DataFrame,
    used: Flags,
    points: Points,
    closed: Closures,
    parts: Mapping[str, Part],
    way_bits: Ints,
) -> pd.DataFrame:
    """List what happened to the ways on their way to links.

    For every mode the km that the file opens to it are those closed beside barriers, those
    outside the largest part and those kept, together.

    Returns
    -------
    street_report
        ``what``; ``count`` of ways, nodes, links or relations; ``km``, NaN for what has no
        length; ``note``. Rows without a count are left out, except those of the modes.
    """
    km = km_by_way(points, len(raw.way_id)) + km_by_way(
        points_from_ways(raw, ~used), len(raw.way_id)
    )
    rows = [
        ("ways with a highway or a ferry", len(raw.way_id), float(km.sum()), ""),
        *_refused_rows(raw, rules, km),
        *_repair_rows(raw, points),
        *_note_rows(raw, rules, used, km),
    ]
    rows = [row for row in rows if row[1]]
    for number, mode in enumerate(MODES):
        rows += _mode_rows(mode, number, points, closed, parts[mode], way_bits)
    for (kind, drawn), count in raw.restrictions.items():
        what = f"turn restrictions: {kind}, {drawn}"
        rows.append((what, count, math.nan, "counted, not applied"))
    return pd.DataFrame(rows, columns=COLUMNS)


def km_by_way(points: Points, ways_count: int) -> Floats:
    """Return the length of each way."""
    return np.bincount(points.way, points.length_km, minlength=ways_count).astype(np.float64)


def _refused_rows(raw: RawStreets, rules: pd.DataFrame, km: Floats) -> Iterator[Row]:
    reason = rules["refused"].to_numpy(dtype=object)[raw.combo]
    ways = pd.DataFrame({"reason": reason, "km": km})
    sums = ways[ways["reason"] != ""].groupby("reason")["km"].agg(["size", "sum"])
    for why, (count, total_km) in zip(sums.index, sums.to_numpy(), strict=True):
        yield f"ways dropped: {why}", int(count), float(total_km), ""


def _repair_rows(raw: RawStreets, points: Points) -> list[Row]:
    return [
        ("ways that stand more than once", raw.repeated_count, math.nan, "the last one counts"),
        ("ways cut where nodes are absent", len(points.cut_way), math.nan,
         f"{points.missing_count} nodes are not in the file; the parts between them are kept"),
        ("ways without two points to join", points.pointless_count, 0.0, "dropped"),
        ("nodes listed twice in a row", points.repeated_count, math.nan, "counted once"),
        ("stretches without length", points.merged_count, 0.0,
         "their ends became one node, that of the lower id"),
    ]  # fmt: skip


def _note_rows(raw: RawStreets, rules: pd.DataFrame, used: Flags, km: Floats) -> Iterator[Row]:
    size = np.bincount(raw.combo[used], minlength=len(rules))
    length = np.bincount(raw.combo[used], km[used], minlength=len(rules))
    counts: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    for notes, ways, total_km in zip(rules["notes"], size.tolist(), length.tolist(), strict=True):
        for note in notes:
            counts[note] += ways
            lengths[note] += total_km
    for note in sorted(counts):
        what, _, then = note.partition(", ")
        yield what, counts[note], lengths[note], then


def _mode_rows(
    mode: str, number: int, points: Points, closed: Closures, part: Part, way_bits: Ints
) -> Iterator[Row]:
    stretch = np.flatnonzero(points.is_joined)
    is_open = way_bits[points.way[stretch], number] > 0
    is_closed = is_open & ((closed.bits[stretch] & 1 << number) > 0)
    km = points.length_km[stretch]
    open_km, closed_km = float(km[is_open].sum()), float(km[is_closed].sum())
    ways = len(np.unique(points.way[stretch][is_open]))
    yield f"{mode}: open in the file", ways, open_km, "ways"
    yield (
        f"{mode}: closed beside barriers",
        closed.barrier_count[mode],
        closed_km,
        ("barriers; all stretches that meet there but the longest"),
    )
    pieces = f"links in {part.parts_count} pieces; largest: {part.largest}"
    yield (
        f"{mode}: outside the largest part",
        part.lost_count,
        part.lost_km,
        (pieces if part.lost_count else "links"),
    )
    yield f"{mode}: kept", int(part.is_kept.sum()), part.kept_km, "links before joining"
