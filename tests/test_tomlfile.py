"""TOML files: the line that is wrong is shown, with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from agglo.errors import ScenarioError
from agglo.tomlfile import check_keys, read_toml


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("headway_min = 7,5", "decimal point"),
        ("jobs_count = 2 000", "without spaces"),
        ("zone = “vorsino”", "straight quotes"),
        ("zone = vorsino", "straight quotes"),
    ],
)
def test_a_line_that_is_wrong_is_shown_with_a_hint(line: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(f'title = "x"\n{line}\n', encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_toml(path, error=ScenarioError)
    message = str(caught.value)
    assert message.startswith("plan.toml: malformed TOML")
    assert repr(line) in message
    assert hint in message


def test_a_file_of_notepad_with_its_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('title = "План"', encoding="utf-8-sig")
    assert read_toml(path, error=ScenarioError) == {"title": "План"}


def test_a_slip_of_the_pen_is_answered_with_the_nearest_key() -> None:
    with pytest.raises(ScenarioError, match="x: unknown key 'titel'; did you mean 'title'"):
        check_keys({"titel": 1}, ("title", "do"), "x", error=ScenarioError)
