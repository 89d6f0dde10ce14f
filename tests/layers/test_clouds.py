"""Quality codes written by hand, and what they leave clear."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from agglo.errors import LayerError
from agglo.layers.clouds import clear_of_bqa, clear_of_qa_pixel, clear_of_scl


def test_the_scene_classes_that_are_clear() -> None:
    codes = np.arange(12, dtype="float64").reshape(3, 4)
    assert np.flatnonzero(clear_of_scl(codes)).tolist() == [4, 5, 6, 7]
    assert np.flatnonzero(clear_of_scl(codes, keep=[4, 11])).tolist() == [4, 11]
    assert not clear_of_scl(codes, keep=()).any()


def test_what_is_no_scene_class_is_not_clear() -> None:
    assert not clear_of_scl(np.array([np.nan, -4.0, 4.5, 12.0, 254.0])).any()


def test_a_code_that_the_scheme_lacks_cannot_be_kept() -> None:
    with pytest.raises(LayerError, match=r"codes 0 to 11; keep names \[12\]"):
        clear_of_scl(np.zeros((2, 2)), keep=[4, 12])


@pytest.mark.parametrize(
    ("code", "clear"),
    [
        (21824, True),  # clear
        (21952, True),  # water
        (22280, False),  # cloud
        (21826, False),  # rim of a cloud
        (23888, False),  # shadow
        (54596, False),  # cirrus
        (30048, True),  # snow
        (1, False),  # fill
    ],
)
def test_published_codes_of_collection_2(code: int, clear: bool) -> None:
    assert clear_of_qa_pixel(np.array([[code]], dtype="uint16")).tolist() == [[clear]]


def test_rim_snow_and_water_are_as_asked() -> None:
    codes = np.array([21826.0, 30048.0, 21952.0])
    assert clear_of_qa_pixel(codes, dilated=True).tolist() == [True, True, True]
    assert clear_of_qa_pixel(codes, snow=False).tolist() == [False, False, True]
    assert clear_of_qa_pixel(codes, water=False).tolist() == [False, True, False]


def test_every_code_of_collection_2_is_judged_bit_by_bit() -> None:
    codes = np.arange(65536)
    expected = [not any(code >> bit & 1 for bit in (0, 1, 2, 3, 4)) for code in codes.tolist()]
    np.testing.assert_array_equal(clear_of_qa_pixel(codes.astype("float64")), expected)


@pytest.mark.parametrize(
    ("code", "clear"),
    [
        (2720, True),  # clear
        (2800, False),  # cloud
        (2976, False),  # shadow
        (6816, False),  # cirrus
        (3744, True),  # snow
        (2752, True),  # cloud only of medium confidence
        (1, False),  # fill
    ],
)
def test_published_codes_of_collection_1(code: int, clear: bool) -> None:
    assert clear_of_bqa(np.array([[code]], dtype="uint16")).tolist() == [[clear]]


def test_every_code_of_collection_1_is_judged_bit_by_bit() -> None:
    codes = np.arange(65536)
    for least, snow in product((1, 2, 3), (True, False)):
        expected = [
            not (code & 1 or code >> 4 & 1)
            and (code >> 7) % 4 < least
            and (code >> 11) % 4 < least
            and (snow or (code >> 9) % 4 < least)
            for code in codes.tolist()
        ]
        found = clear_of_bqa(codes, least_confidence=least, snow=snow)
        np.testing.assert_array_equal(found, expected)


def test_a_confidence_that_does_not_exist_is_refused() -> None:
    for least in (0, 4):
        with pytest.raises(LayerError, match=f"is 1, 2 or 3; got {least}"):
            clear_of_bqa(np.zeros((2, 2)), least_confidence=least)


@pytest.mark.parametrize("judge", [clear_of_qa_pixel, clear_of_bqa])
def test_what_is_no_quality_code_is_not_clear(judge: object) -> None:
    values = np.array([np.nan, -1.0, 21824.5, 65536.0, np.inf, -np.inf])
    kept = values.copy()
    assert not judge(values).any()  # type: ignore[operator]
    np.testing.assert_array_equal(values, kept)
    assert judge(np.zeros((0, 3))).shape == (0, 3)  # type: ignore[operator]
