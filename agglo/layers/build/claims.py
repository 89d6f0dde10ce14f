"""What sources claim about the agglomeration, as data that is tested again, and older figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

CORE = ("obninsk",)
SATELLITES = ("maloyaroslavets", "balabanovo", "zhukov", "borovsk", "belousovo", "yermolino")
"""The six towns that the sources count; Kremenki, the seventh of the districts, is not there."""

GROWING = ("mo_obninsk", "mo_borovsky", "mo_zhukovsky")
EXCEPTION = ("mo_maloyaroslavetsky",)
BIG_CORE = ("moscow",)

COMPARABLE = {"low": 0.8, "high": 1.25}
"""How "almost equal" is read: from 4 : 5 to 5 : 4, the usual limits of equivalence."""

WIKIPEDIA = "Wikipedia, Обнинская агломерация, copy with figures of"
BALANCED = {
    "statement_id": "no_hypertrophied_centre",
    "text_ru": "Население центра и остальных городов вместе почти равно: нет гипертрофии центра",
    "text_en": "The centre and the other towns together have almost equal population: "
    "no hypertrophied centre",
    "status": "observed",
}
BY_RANK = {
    "statement_id": "no_hypertrophied_centre",
    "source": f"{WIKIPEDIA} 2021",
    "said": "2021",
    "status": "observed",
    "test": "centre_measure_between",
    "places": (*CORE, *SATELLITES),
}
DEVELOPED = {
    "statement_id": "developed",
    "text_ru": "Развитая агломерация (коэффициент развитости Поляна от 5; не проверено)",
    "text_en": "A developed agglomeration (Polyan's coefficient from 5 on; unverified)",
    "source": f"{WIKIPEDIA} 2021",
    "said": "2021",
    "status": "observed",
    "test": "development_between",
    "places": (*CORE, *SATELLITES),
    "low": 5.0,
}
GROWTH = {
    "statement_id": "growth_except_maloyaroslavetsky",
    "text_ru": "Стабильный рост населения, кроме Малоярославецкого района",
    "text_en": "Stable growth of population, except in Maloyaroslavetsky district",
    "source": "article on the Obninsk agglomeration, quoted second-hand; its date is not known",
    "said": "",
    "status": "assumed",
    "test": "growth_except",
    "places": GROWING,
    "others": EXCEPTION,
}
ARTICLE_2024 = {
    "source": "Развитие Обнинской агломерации второго порядка, 2024, "
    "DOI 10.18413/2408-9338-2024-10-2-0-6 (title and abstract seen)",
    "said": "2024",
    "status": "observed",
    "others": BIG_CORE,
}

COLUMNS = (
    "claim_id", "statement_id", "text_ru", "text_en", "source", "said", "test", "places",
    "others", "year_from", "year_to", "measure", "low", "high", "wanted", "status",
)  # fmt: skip
FIGURES_SOURCE = "Rosstat estimate of 1 January, through copies of Wikipedia, CC BY-SA"
EARLIER_YEARS = (2017, 2019)
FACT = "population 1 Jan "


def claims(tables: Path) -> pd.DataFrame:
    """List every claim with the test that it is put to.

    Without years a claim is tested on the newest figures; other rows test the same statement on
    older ones.

    Returns
    -------
    claims
        One row per claim and test, in our words; ids of several places are joined by ';'.
        ``status`` is that of the wording: 'observed' where the source was seen, 'assumed' where
        it is known second-hand. ``said`` is the year of the source, '' where it is not known.
    """
    zones = pd.read_csv(tables / "zones.csv", dtype=str, keep_default_na=False)
    inside = tuple(zones.loc[zones["kind"] != "outside", "zone_id"])
    rows = [*_balanced(), *_grown(), *_of_moscow(inside), _total()]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("places", "others"):
        frame[column] = [";".join(one) if isinstance(one, tuple) else "" for one in frame[column]]
    return frame.astype({"year_from": "Int64", "year_to": "Int64"})


def town_population(data: Path, tables: Path) -> pd.DataFrame:
    """Population of the seven towns in the years before the census, from published tables."""
    facts = pd.read_csv(data / "facts_from_pages.csv", dtype=str, keep_default_na=False)
    zones = pd.read_csv(tables / "zones.csv", dtype=str, keep_default_na=False)
    ids = dict(zip(zones["name_ru"], zones["zone_id"], strict=True))
    wanted = [f"{FACT}{year}" for year in EARLIER_YEARS]
    own = facts[facts["indicator"].isin(wanted) & facts["subject"].isin(ids)]
    table = pd.DataFrame(
        {
            "zone_id": own["subject"].map(ids),
            "year": own["year"].astype(int),
            "population_count": own["value"].astype(int),
            "source": FIGURES_SOURCE,
            "status": "observed",
        }
    )
    return table.sort_values(["zone_id", "year"], ignore_index=True)


def _balanced() -> list[dict[str, object]]:
    test = {"test": "core_rest_ratio_between", "places": CORE, "others": SATELLITES, **COMPARABLE}
    said = [
        {"claim_id": f"comparable_{year}", "source": f"{WIKIPEDIA} {year}", "said": str(year)}
        for year in (*EARLIER_YEARS, 2021)
    ]
    tested: list[dict[str, object]] = [{"year_to": 2017}, {"year_to": 2019}, {}]
    by_share = [{**BALANCED, **one, **test, **when} for one, when in zip(said, tested, strict=True)]
    by_rank = [
        {
            "claim_id": "not_steeper_than_rank_size",
            "text_ru": "То же по правилу «ранг — размер»: наклон четырёх крупнейших не круче −1",
            "text_en": "The same by rank and size: the four largest fall no steeper than −1",
            "measure": "top_slope",
            "low": -1.0,
            **BY_RANK,
        },
        {
            "claim_id": "second_town_half_of_first",
            "text_ru": "То же по двум крупнейшим: первый город не более чем вдвое больше второго",
            "text_en": "The same by the two largest: the first is at most twice the second",
            "measure": "two_city_ratio",
            "high": 2.0,
            **BY_RANK,
        },
    ]
    developed = [
        {"claim_id": f"developed_{reading}", "measure": reading, **DEVELOPED}
        for reading in ("core_counted", "satellites_only")
    ]
    return [*by_share, *by_rank, *developed]


def _grown() -> list[dict[str, object]]:
    return [
        {"claim_id": "growth_2010_2021", **GROWTH, "year_from": 2010, "year_to": 2021},
        {"claim_id": "growth_2021_2023", **GROWTH, "year_from": 2021, "year_to": 2023},
        {"claim_id": "growth_newest", **GROWTH},
    ]


def _of_moscow(inside: tuple[str, ...]) -> list[dict[str, object]]:
    return [
        {
            "claim_id": "second_order_of_moscow",
            "statement_id": "second_order_of_moscow",
            "text_ru": "Агломерация второго порядка в Московской агломерации",
            "text_en": "A second-order agglomeration of the Moscow agglomeration",
            "test": "order_is",
            "places": CORE,
            "wanted": "second_order",
            **ARTICLE_2024,
        },
        {
            "claim_id": "part_of_moscow",
            "statement_id": "part_of_moscow",
            "text_ru": "Составная часть Московской агломерации (15 % занятых работают в Москве)",
            "text_en": "A part of the Moscow agglomeration (15 % of the employed work in Moscow)",
            "test": "work_share_between",
            "places": inside,
            "low": 0.15,
            **ARTICLE_2024,
        },
    ]


def _total() -> dict[str, object]:
    return {
        "claim_id": "seven_towns_2021",
        "statement_id": "seven_towns_total",
        "text_ru": "В семи городах 246 818 жителей (с точностью до тысячной доли)",
        "text_en": "Seven towns have 246,818 people (to within a thousandth)",
        "source": f"{WIKIPEDIA} 2021",
        "said": "2021",
        "test": "population_between",
        "places": (*CORE, *SATELLITES),
        "year_to": 2021,
        "low": 246_571.0,
        "high": 247_065.0,
        "status": "observed",
    }
