"""What a change selects: ids by name or id, links by road and kilometre range."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence

import pandas as pd

from agglo.errors import ScenarioError
from agglo.region import Region

NAMES_SHOWN = 3
LOOK_ALIKES = str.maketrans("мавсенкортхё", "mabcehkoptxe")


def links_in(
    region: Region, link: Sequence[str], road: str, km: tuple[float, float] | None
) -> list[str]:
    """Find links by id, or by road and kilometre range (the middle of a link decides)."""
    links = region["links"]
    names = list(dict.fromkeys(texts(link)))
    if bool(names) == bool(road):
        raise ScenarioError("name links either by 'link' or by 'road' (with 'km' if wanted)")
    if names and km is not None:
        raise ScenarioError("'km' goes with 'road'; links named by 'link' are taken whole")
    if names:
        return list(dict.fromkeys(known_id(links, "link_id", name, "link") for name in names))
    road = known_id(links[links["road"] != ""], "road", road, "road")
    own = posted = links[links["road"] == road]
    if km is not None:
        middle = (posted["km_from"] + posted["km_to"]) / 2
        own = posted[middle.between(min(km), max(km))]
        if own.empty:
            posts = sorted({*posted["km_from"].dropna(), *posted["km_to"].dropna()})
            raise ScenarioError(
                f"road '{road}' has no link between km {km[0]:g} and {km[1]:g}; its links meet "
                f"at km {', '.join(f'{post:g}' for post in posts) or 'posts that are not given'}"
            )
    return list(own["link_id"])


def texts(given: Sequence[str]) -> list[str]:
    """Take a single text as a list of one."""
    return [given] if isinstance(given, str) else list(given)


def known_id(table: pd.DataFrame, key: str, wanted: str, what: str) -> str:
    """Return the id that is wanted, given as it is or by its Russian or English name.

    Raises
    ------
    ScenarioError
        With the nearest ids where there is none.
    """
    ids = table[key].astype(str)
    if (ids == wanted).any():
        return wanted
    columns = [key] if key == "road" else [key, "name_ru", "name_en"]
    spelt = pd.concat(
        [pd.Series(ids.to_numpy(), index=table[name].map(folded)) for name in columns]
    )
    spelling = folded(wanted)
    hits = sorted(set(spelt[spelt.index == spelling]))
    if len(hits) == 1:
        return str(hits[0])
    near = difflib.get_close_matches(spelling, list(dict.fromkeys(spelt.index)), NAMES_SHOWN, 0.4)
    found = hits or list(dict.fromkeys(key for one in near for key in spelt[spelt.index == one]))
    hint = (
        f"did you mean {' or '.join(map(repr, found[:NAMES_SHOWN]))}?"
        if found
        else f"there are {', '.join(sorted(set(ids))[:8])} …"
    )
    raise ScenarioError(f"unknown {what} '{wanted}'; {hint}")


def folded(text: str) -> str:
    """Fold case, hyphens, quotes and Cyrillic look-alikes: 'М-3' is found as 'M3'."""
    return re.sub(r"[\W_]", "", str(text).casefold().translate(LOOK_ALIKES))


def check_positive(name: str, value: float, *, most: float = math.inf) -> None:
    """Refuse a value that is not above 0 and finite, or larger than the most.

    Raises
    ------
    ScenarioError
        Naming the argument.
    """
    if not 0 < value < math.inf or value > most:
        limit = "" if most == math.inf else f" and at most {most:g}"
        raise ScenarioError(f"{name} must be above 0{limit}; got {value:g}")
