"""What lint finds: warnings about a scenario, in Russian and English, and who caused them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from agglo.region import Region
from agglo.scenarios.scenario import Scenario, measure_of

COLUMNS = ["scenario", "change", "measure", "rule", "text_en", "text_ru"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One warning."""

    change: int
    """Number of the change; 0 where it is about the scenario as a whole."""

    rule: str
    text_en: str
    text_ru: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findable:
    """What the rules look at."""

    before: Region
    """The baseline."""

    after: Region
    scenario: Scenario
    receipts: pd.DataFrame

    def last_change(self, table: str, row: str) -> int:
        """Return the number of the last change that touched a row, or rows that begin so."""
        own = self.receipts[self.receipts["table"] == table]
        ids = own["row_id"].astype(str)
        hit = own.loc[(ids == row) | ids.str.startswith(f"{row}/"), "change"]
        return int(hit.max()) if len(hit) else 0


def findings_table(scenario: Scenario, findings: Iterable[Finding]) -> pd.DataFrame:
    """Lay findings out as a table, the whole scenario first, then by change and rule."""
    rows = [
        {
            "scenario": scenario.name,
            "change": one.change,
            "measure": measure_of(scenario, scenario.steps[one.change - 1]) if one.change else "",
            "rule": one.rule,
            "text_en": one.text_en,
            "text_ru": one.text_ru,
        }
        for one in sorted(set(findings))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
