from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.data.csv import CsvFormat
from ahjo_tasks.errors import UsageError

SEPARATORS = st.sampled_from([";", ",", "|", "\t"])


@given(st.lists(st.text(alphabet=st.sampled_from(';,|\t"\r\n xä💧'), max_size=6), min_size=1, max_size=5), SEPARATORS)
def test_any_text_is_read_again_by_a_csv_reader(values: list[str], separator: str) -> None:
    line = CsvFormat(separator).format_row(values)
    assert list(csv.reader(io.StringIO(line, newline=""), delimiter=separator, strict=True)) == [values]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ((1, "a b", None), "1;a b;\r\n"),
        (("", None), '"";\r\n'),
        (('say "no"',), '"say ""no"""\r\n'),
        (("two\nlines", "a;b"), '"two\nlines";"a;b"\r\n'),
        ((-5,), "-5\r\n"),
    ],
)
def test_a_field_is_quoted_only_where_it_must_be(values: tuple[Any, ...], line: str) -> None:
    assert CsvFormat().format_row(values) == line


def test_a_text_that_says_null_is_told_from_null() -> None:
    assert CsvFormat(null_text="NULL").format_row([None, "NULL", ""]) == 'NULL;"NULL";""\r\n'


@pytest.mark.parametrize("word", ["tab", "\\t", "\t"])
def test_a_tab_can_be_named(word: str) -> None:
    assert CsvFormat(word).format_row([1, 2]) == "1\t2\r\n"


@pytest.mark.parametrize("separator", ["", ";;", '"', "\n", "a", "1", "-", "."])
def test_a_separator_that_values_are_made_of_is_refused(separator: str) -> None:
    with pytest.raises(UsageError, match="separator"):
        CsvFormat(separator)


@pytest.mark.parametrize("word", ["a;b", '"', "x\n"])
def test_a_null_text_that_would_need_quotes_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="null-text"):
        CsvFormat(null_text=word)


@pytest.mark.parametrize(
    ("value", "written"),
    [("=1+2", "'=1+2"), ("@SUM(A1)", "'@SUM(A1)"), ("-x", "'-x"), (-1, "-1"), ("a=1", "a=1"), ("", '""'), (None, "")],
)
def test_formulas_are_escaped_where_that_is_asked(value: object, written: str) -> None:
    assert CsvFormat(escape_formulas=True).format_row([value]) == f"{written}\r\n"
    plain = "" if value is None else str(value)
    assert CsvFormat().format_row([value]) == (f"{plain}\r\n" if value != "" else '""\r\n')
