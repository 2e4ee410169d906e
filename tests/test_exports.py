"""Cells of files people open in spreadsheets."""

from datetime import UTC, datetime

import pytest

from integration.exports import safe_cell


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_quoted(begin: str) -> None:
    assert safe_cell(f"{begin}1+1") == f"'{begin}1+1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("a=b", "a=b"),
        (None, ""),
        ("", ""),
        (-5, -5),
        (2.5, 2.5),
        (datetime(2026, 7, 21, 21, 42, tzinfo=UTC), "2026-07-21T21:42:00+00:00"),
    ],
)
def test_other_values_stay_as_they_are(value: object, cell: object) -> None:
    assert safe_cell(value) == cell
