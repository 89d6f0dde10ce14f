"""What kind of effect an indicator tells of: tags for the report on effects, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agglo.indicators.indicator import Indicator


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A name and a sentence, in both languages."""

    name_en: str
    name_ru: str
    about_en: str
    about_ru: str


CHANNELS: Mapping[str, Words] = {
    "sharing": Words(
        name_en="Sharing",
        name_ru="Совместное использование",
        about_en="Towns that are near each other share what none could keep up alone: hospitals, "
        "stations, networks, suppliers.",
        about_ru="Близкие города вместе пользуются тем, чего в одиночку не содержать: больницами, "
        "станциями, сетями, поставщиками.",
    ),
    "matching": Words(
        name_en="Matching",
        name_ru="Подбор",
        about_en="With more jobs and more workers within reach, both find what fits them better "
        "and sooner.",
        about_ru="Чем больше мест и работников в пределах доступности, тем лучше и быстрее они "
        "подходят друг другу.",
    ),
    "learning": Words(
        name_en="Learning",
        name_ru="Обучение",
        about_en="People and firms that meet often learn from each other; nothing here measures "
        "it directly.",
        about_ru="Люди и фирмы, которые часто встречаются, учатся друг у друга; напрямую это "
        "здесь не измеряется.",
    ),
}
"""Why density makes productive (Duranton, Puga 2004): a taxonomy for words and no formula."""

EFFECTS: Mapping[str, str] = {
    "economic": "Экономический",
    "labour": "Трудовой",
    "social": "Социальный",
    "transport": "Транспортный",
    "budgetary": "Бюджетный",
    "innovative": "Инновационный",
    "spatial": "Пространственный",
    "environmental": "Экологический",
}
"""Eight effects of cooperation with their Russian names. That there are eight is from the study
of cooperation between regions in innovation; its list is not at hand, so these are a proposal."""

OF_GOALS: Mapping[str, str] = {
    "labour_mobility": "labour",
    "infrastructure_connectivity": "transport",
    "functional_specialisation": "innovative",
    "municipal_budgets": "budgetary",
    "development_projects": "economic",
    "umbrella_brand": "economic",
    "multi_focus": "spatial",
    "environment": "environmental",
}
"""The effect that the indicators of a goal tell of, unless they are named below."""

OF_INDICATORS: Mapping[str, str] = {
    "best_wage_within_45_min_car": "economic",
    "best_wage_within_45_min_transit": "economic",
    "wage_gap_within_45_min_car_share": "economic",
    "wage_gap_within_45_min_transit_share": "economic",
    "jobs": "economic",
    "jobs_per_worker_gini": "social",
    "jobs_per_worker_palma": "social",
    "jobs_per_worker_by_wage": "social",
    "jobs_per_worker_worst_quartile": "social",
    "few_jobs_workers_share": "social",
    "jobs_short_share": "social",
    "minutes_to_hospital": "social",
    "cut_off_count": "social",
    "unserved_count": "social",
}

OF_CHANNELS: Mapping[str, tuple[str, ...]] = {
    "sharing": (
        "minutes_to_station", "minutes_to_hub", "minutes_to_airport", "minutes_to_hospital",
        "relative_efficiency_car", "relative_efficiency_transit", "towns_duplication_share",
    ),
    "matching": (
        "jobs_by_decay", "jobs_within_45_min_car", "jobs_within_45_min_transit",
        "access_gain_min_per_day", "cross_municipal_share", "best_wage_within_45_min_transit",
    ),
    "learning": ("specialised_sectors_count", "sector_entropy_bits"),
}  # fmt: skip
"""Indicators that speak of each channel; those of learning are signs of it at most."""


def effect_of(name: str, indicator: Indicator) -> str:
    """Return the effect that an indicator tells of, one of ``EFFECTS``."""
    return OF_INDICATORS.get(name, OF_GOALS[indicator.goal])


def indicators_by_effect(indicators: Mapping[str, Indicator]) -> dict[str, tuple[str, ...]]:
    """Sort indicators by the effect that they tell of; an effect without any has none."""
    return {
        effect: tuple(name for name, own in indicators.items() if effect_of(name, own) == effect)
        for effect in EFFECTS
    }


def channels_of(name: str) -> tuple[str, ...]:
    """Return the channels of agglomeration that an indicator speaks of; mostly none."""
    return tuple(channel for channel, names in OF_CHANNELS.items() if name in names)
