from __future__ import annotations

import codecs

import pytest

from ahjo_tasks.scan.content import BinaryFileError, Content
from ahjo_tasks.scan.engine import FileScanner
from ahjo_tasks.scan.findings import FileWarning, Finding
from ahjo_tasks.scan.personal_data import Hetu
from ahjo_tasks.scan.rules import Rule

TEXT = "å; 010594Y9032\n"


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (TEXT.encode(), None),
        (codecs.BOM_UTF8 + TEXT.encode(), None),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), None),
        (TEXT.encode("latin-1"), "is not UTF-8; it was read as Latin-1"),
        (TEXT.encode("utf-16-le"), "has NUL characters and no byte order mark; it was read as UTF-16"),
        (TEXT.encode("utf-16-be"), "has NUL characters and no byte order mark; it was read as UTF-16"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"x", "is not wholly UTF-16, as its byte order mark says"),
    ],
)
def test_a_file_is_read_by_its_encoding_and_any_other_than_utf_8_is_said(data: bytes, warning: str | None) -> None:
    found = list(FileScanner([Rule("hetu", Hetu())]).scan("a.sql", data))
    told = [FileWarning("a.sql", warning)] if warning else []
    assert found == [*told, Finding("a.sql", 1, 4, 1, 15, "hetu", "010594Y9032")]


@pytest.mark.parametrize("data", [b"\0", b"a\0b", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0" * 50, b"text" * 10 + b"\0"])
def test_a_file_with_nul_bytes_is_binary(data: bytes) -> None:
    with pytest.raises(BinaryFileError):
        Content("a", data)


def test_binary_files_are_counted() -> None:
    scanner = FileScanner([Rule("hetu", Hetu())])
    assert [list(scanner.scan("a", data)) for data in (b"a\0b", b"", b"x")] == [[], [], []]
    assert (scanner.files, scanner.binary) == (2, 1)


@pytest.mark.parametrize(
    ("path", "sql"),
    [("a.sql", True), ("a/b.SQL", True), ("b.sql.j2", True), ("x.sql/a.md", False), ("a.ddl", True), ("sql", False)],
)
def test_sql_files_are_known_by_their_names(path: str, sql: bool) -> None:
    assert Content(path, b"").is_sql is sql
