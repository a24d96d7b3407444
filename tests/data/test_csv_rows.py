from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ahjo_tasks.data.csv import CsvFormat, csv_rows
from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

VALUES = st.none() | st.text(alphabet=st.sampled_from(';,|"\r\n xä💧'), max_size=5)


def read(path: Path, separator: str = ";") -> tuple[tuple[str, ...], list[tuple[str | None, ...]]]:
    with csv_rows(path, separator) as rows:
        return rows.columns, [row for chunk in rows.chunks for row in chunk]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(width=st.integers(1, 4), separator=st.sampled_from([";", ",", "|"]), data=st.data())
def test_what_is_written_is_read_again_null_and_all(
    tmp_path: Path, width: int, separator: str, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*[VALUES] * width), max_size=5))
    form, file = CsvFormat(separator), tmp_path / "a.csv"
    columns = tuple(f"c{number}" for number in range(width))
    file.write_text("".join(map(form.format_row, [columns, *rows])), encoding="utf-8", newline="")
    assert read(file, separator) == (columns, rows)


def test_a_byte_order_mark_and_plain_newlines_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfa;b\n1;\n\n2;x")
    assert read(tmp_path / "a.csv") == (("a", "b"), [("1", None), ("2", "x")])


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "name every column"),
        (b"a;\n", 1, "name every column"),
        (b"a;b\n1;2\n1\n", 3, "2 fields were expected, 1 found"),
        (b'a;b\n1;"open\n', 2, "quote is not closed"),
        (b"a\n\xff\n", 2, "not UTF-8"),
    ],
)
def test_what_is_no_such_csv_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        read(tmp_path / "a.csv")
    assert caught.value.line == line


def test_a_field_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n" + "x" * 200_000, encoding="utf-8")
    assert read(tmp_path / "a.csv")[1] == [("x" * 200_000,)]
