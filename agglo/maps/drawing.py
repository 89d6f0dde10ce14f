"""How every table is drawn: one set of styles for the HTML map and for QGIS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import geopandas as gpd
import pandas as pd

from agglo.indicators.registry import INDICATORS
from agglo.maps.classes import difference_classes, quantile_classes
from agglo.maps.styles import Geometry, LegendClass, Style
from agglo.maps.tables import CHANGE_PREFIX
from agglo.maps.words import Theme, Words

MINUS = "\u2212"
THIN_SPACE = "\u202f"
ROLE_COLOURS = {"core": "#08306b", "member": "#2171b5", "context": "#bdbdbd"}


def written(value: float, *, unit: str = "", language: str = "en") -> str:
    """Write a number as a legend shows it: shares in percent, thousands set apart.

    Examples
    --------
    >>> written(0.153, unit="share"), written(2.5)
    ('15.3 %', '2.5')
    """
    shown = value * 100 if unit == "share" else value
    text = f"{shown:,.0f}" if abs(shown) >= 1000 else f"{shown:.3g}"
    text = text.replace("-", MINUS).replace(",", THIN_SPACE)
    if language == "ru":
        text = text.replace(".", ",")
    return f"{text} %" if unit == "share" else text


def zone_styles(
    zones: gpd.GeoDataFrame, theme: Theme, words: Words, language: str, *, geometry: Geometry
) -> dict[str, Style]:
    """Make the style of each shown indicator and of its difference from the baseline.

    Returns
    -------
    zone_styles
        By column: the indicator, and ``change_…`` for its difference.
    """
    missing = LegendClass(words.text("word", "no_data", language), theme.colours["missing"])
    styles = {}
    for name in theme.shown:
        indicator = INDICATORS[name]
        write = partial(written, unit=indicator.unit, language=language)
        unit = (
            "" if indicator.unit == "share" else f", {words.text('unit', indicator.unit, language)}"
        )
        title = f"{words.text('indicator', name, language)}{unit}"
        up, down = theme.ramps["ramp"], theme.ramps["ramp_down"]
        own = Style(
            name=title,
            geometry=geometry,
            column=name,
            classes=quantile_classes(
                zones[name], down if indicator.better < 0 else up, write=write
            ),
            missing=missing,
            outline=theme.colours["outline"],
            width_mm=0.2,
            size_mm=3.2,
            opacity=0.85,
        )
        styles[name] = own
        column = f"{CHANGE_PREFIX}{name}"
        styles[column] = Style(
            name=f"{words.text('word', 'change', language)}: {title}",
            geometry=geometry,
            column=column,
            classes=difference_classes(
                zones[column], _difference_colours(theme, indicator.better), write=write
            ),
            missing=missing,
            outline=theme.colours["outline"],
            width_mm=0.2,
            size_mm=3.2,
            opacity=0.85,
        )
    return styles


def link_styles(
    links: gpd.GeoDataFrame, theme: Theme, words: Words, language: str
) -> dict[str, Style]:
    """Make the styles of roads: by what their loss costs, by speed, and plain."""
    losses = links["link_loss_person_min"]
    some_minor = (losses.isna() & links["is_open"].astype(bool)).any()
    missing = words.text("word", "closed_or_minor" if some_minor else "closed", language)
    write = partial(written, language=language)
    return {
        "link_loss_person_min": Style(
            name=words.text("indicator", "link_loss_person_min", language),
            geometry="line",
            column="link_loss_person_min",
            classes=quantile_classes(losses[losses > 0], theme.ramps["critical"], write=write),
            missing=LegendClass(missing, theme.colours["missing" if some_minor else "closed"]),
            outline=None,
            width_mm=0.9,
        ),
        "speed_kmh": Style(
            name=words.text("word", "speed", language),
            geometry="line",
            column="speed_kmh",
            classes=quantile_classes(links["speed_kmh"], theme.ramps["ramp"], write=write),
            outline="#666666",
            width_mm=0.8,
        ),
    }


def base_styles(theme: Theme, words: Words, language: str) -> Mapping[str, Style]:
    """Make the styles of the layers that no scenario changes, and of flows."""
    word: Callable[[str], str] = lambda key: words.text("word", key, language)  # noqa: E731
    return {
        "municipalities": Style(
            name=word("municipalities"),
            geometry="polygon",
            column="role",
            classes=tuple(
                LegendClass(word(role), colour, value=role) for role, colour in ROLE_COLOURS.items()
            ),
            hollow=True,
            width_mm=0.5,
        ),
        "railways": Style(
            name=word("railways"),
            geometry="line",
            classes=(LegendClass(word("railways"), theme.colours["rail"]),),
            outline=None,
            width_mm=0.5,
            dash=True,
        ),
        "stops": Style(
            name=word("stops"),
            geometry="point",
            column="mode",
            classes=(
                LegendClass(word("train"), theme.colours["rail"], value="train"),
                LegendClass(word("bus"), theme.colours["road"], value="bus"),
            ),
            size_mm=1.8,
        ),
        "employers": Style(
            name=word("employers"),
            geometry="point",
            classes=(LegendClass(word("employers"), theme.colours["employer"]),),
            size_mm=3.0,
        ),
        "places": Style(
            name=word("places"),
            geometry="point",
            classes=(LegendClass(word("places"), "#222222"),),
            size_mm=1.6,
            label_column=f"name_{language}",
            label_size_pt=9,
        ),
        "flows": Style(
            name=word("flows"),
            geometry="line",
            classes=(LegendClass(word("flows"), theme.colours["flow"]),),
            outline=None,
            width_mm=0.8,
            opacity=0.6,
            width_expression='scale_linear("commuters_count", 0, 6000, 0.15, 3.5)',
        ),
    }


def _difference_colours(theme: Theme, better: int) -> tuple[str, ...]:
    if better == 0:
        return theme.ramps["less_to_more"]
    colours = theme.ramps["worse_to_better"]
    return colours if better > 0 else tuple(reversed(colours))


def shown_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Round numbers to what a map can show, so that files stay small and readable."""
    numbers = frame.select_dtypes("float").columns
    return frame.assign(**{name: frame[name].round(6) for name in numbers})
