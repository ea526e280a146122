"""Stated output is told from another, or the documentation's test would pass whatever a command prints."""

import pytest

from tests.documentation.outputs import find_difference


@pytest.mark.parametrize(
    ("stated", "printed"),
    [
        ('{"a": 0.98, "b": "…"}', '{"a": 0.9812, "b": [1]}'),
        ('{"a": 1, "…": "…"}', '{"a": 1, "b": 2}'),
        ('{"a": {"b": [true, null]}}', '{"a": {"b": [true, null]}}'),
    ],
)
def test_answer_that_is_as_stated(stated: str, printed: str) -> None:
    assert find_difference("json", stated, printed) is None


@pytest.mark.parametrize(
    ("stated", "printed", "difference"),
    [
        ('{"a": 0.98}', '{"a": 0.974}', "$.a is 0.974"),
        ('{"a": 1}', '{"a": 1, "b": 2}', "$ has also b"),
        ('{"a": 1, "b": 2, "…": "…"}', '{"a": 1, "c": 2}', "$ has no b"),
        ('{"a": [1]}', '{"a": [1, 2]}', "$.a has 2 entries"),
        ('{"a": "tumor"}', '{"a": "no_tumor"}', "$.a is 'no_tumor'"),
        ('{"a": 1}', '{"a": "1"}', "$.a is '1'"),
    ],
)
def test_answer_that_is_another(stated: str, printed: str, difference: str) -> None:
    assert find_difference("json", stated, printed) == difference


def test_lines_are_compared_with_anything_in_place_of_an_ellipsis() -> None:
    assert find_difference("text", "0.7.0 ... current\n", "0.7.0 (a model) current\n") is None
    assert find_difference("text", "0.7.0 current\n", "0.6.0 current\n") == "the lines differ"
