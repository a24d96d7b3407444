from __future__ import annotations

import codecs
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.sql_file import SqlFile, decode, read

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "SELECT 'ä€'\r\n-- ok\n"


def written(directory: Path, raw: bytes) -> Path:
    path = directory / "x.sql"
    path.write_bytes(raw)
    return path


def file(directory: Path, text: str, name: str = "postgresql", **variables: str) -> SqlFile:
    path = written(directory, text.encode())
    return read(path, "data", dialect(name), label="database/data/x.sql", variables=variables or None)


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
    ids=["UTF-8", "UTF-8 with a mark", "UTF-16 little endian", "UTF-16 big endian"],
)
def test_a_file_reads_the_same_in_each_encoding(tmp_path: Path, raw: bytes) -> None:
    assert decode(written(tmp_path, raw)) == TEXT


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"SELECT 1\r\n-- \xe4", ':2:4: is not UTF-8: byte 0xE4 at offset 13, "ä" in Windows-1252'),
        (codecs.BOM_UTF8 + "ä\nä".encode() + b"\x80\xff", ':2:2: is not UTF-8: byte 0x80 at offset 8, "€" in'),
        (codecs.BOM_UTF8 + b"\xff", ':1:1: is not UTF-8: byte 0xFF at offset 3, "ÿ" in Windows-1252'),
        (b"SELECT 1\n-- \x81", ":2:4: is not UTF-8: byte 0x81 at offset 12"),
        (codecs.BOM_UTF16_LE + b"a\x00b", ":1: is not UTF-16: invalid byte at offset 4"),
        ("SELECT 1".encode("utf-16-le"), ":1:2: a NUL character"),
    ],
)
def test_what_cannot_be_decoded_is_named_with_its_place(tmp_path: Path, raw: bytes, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        decode(written(tmp_path, raw))
    assert f"x.sql{message}" in str(refused.value)
    assert refused.value.hint


def test_an_empty_file_and_one_of_comments_hold_nothing_to_run(tmp_path: Path) -> None:
    for name in ("sqlite", "postgresql", "mysql"):
        assert file(tmp_path, "", name).batches == ()
        assert file(tmp_path, "-- nothing\n/* at all */\n", name).batches == ()


@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql", "mssql"])
def test_variables_are_filled_in_only_where_there_are_some(tmp_path: Path, name: str) -> None:
    assert "$(who)" in file(tmp_path, "SELECT '$(who)'\n", name).text
    assert "'me'" in file(tmp_path, "SELECT '$(who)'\n", name, who="me").text
    with pytest.raises(SourceError, match="the variable whom has no value") as refused:
        file(tmp_path, "SELECT 1,\n  '$(whom)'\n", name, who="me")
    assert (refused.value.line, refused.value.column) == (2, 4)


def test_variables_in_the_databases_own_comments_are_left_alone(tmp_path: Path) -> None:
    assert "# $(whom)" in file(tmp_path, "SELECT 1; # $(whom)\n", "mysql", who="me").text


def test_the_header_switches_the_transaction_off(tmp_path: Path) -> None:
    assert file(tmp_path, "SELECT 1").transactional
    for word in ("off", "NO", "none"):
        assert not file(tmp_path, f"-- transaction: {word}\nSELECT 1").transactional
    with pytest.raises(SourceError, match="expected on, off or rollback"):
        file(tmp_path, "-- transaction: maybe\nSELECT 1")


@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql", "mssql"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_only_a_line_comment_at_the_head_switches_the_transaction_off(tmp_path: Path, name: str, newline: str) -> None:
    for head in ("", "\n/* what\nit is */\n-- and why\n\n", " \t"):
        assert not file(tmp_path, f"{head}-- Transaction : OFF \nSELECT 1".replace("\n", newline), name).transactional
    for text in (
        "SELECT '\n-- transaction: off\n'",
        "/*\n-- transaction: off\n*/ SELECT 1",
        "SELECT 1\n-- transaction: off\n",
        "SELECT 1 -- transaction: off",
    ):
        assert file(tmp_path, text.replace("\n", newline), name).transactional


def test_a_switch_that_comes_too_late_is_a_warning(tmp_path: Path) -> None:
    (warning,) = file(tmp_path, "SELECT 1\n-- transaction: off\n", "mssql").warnings
    assert warning.endswith("x.sql:2:1: a comment about the transaction counts only at the head of the file")
    assert not file(tmp_path, "SELECT 1\n-- transaction: we begin\n").warnings


def test_a_comment_says_what_a_file_depends_on_and_a_string_does_not(tmp_path: Path) -> None:
    assert file(tmp_path, "SELECT 1\n-- depends: s.a, b\n", "mssql").depends == (("s", "a"), (None, "b"))
    assert file(tmp_path, "SELECT '\n-- depends: s.a\n' /*\n-- depends: b\n*/", "mssql").depends is None


def test_statements_that_refuse_a_transaction_are_found_in_code_alone(tmp_path: Path) -> None:
    assert file(tmp_path, "SELECT 1; create  index\nconcurrently i ON t (id);").refused == "CREATE INDEX CONCURRENTLY"
    assert file(tmp_path, "-- VACUUM\nSELECT 'VACUUM';").refused == ""
    assert file(tmp_path, "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ VACUUM $$").refused == ""
    assert file(tmp_path, "GRANT CREATE ON DATABASE d TO r; SELECT vacuum FROM t").refused == ""
    assert file(tmp_path, "REINDEX (VERBOSE, CONCURRENTLY) TABLE t").refused.startswith("REINDEX")
    assert file(tmp_path, "REINDEX /* it */ TABLE concurrently t").refused == "REINDEX TABLE CONCURRENTLY"


def test_without_a_transaction_each_statement_is_a_call_of_its_own(tmp_path: Path) -> None:
    text = "-- transaction: off\nSELECT 1; SELECT ';';\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;\n"
    assert [batch.line for batch in file(tmp_path, text).batches] == [2, 2, 3]
    assert len(file(tmp_path, text.replace("off", "on")).batches) == 1


@pytest.mark.parametrize(
    "statement",
    [
        *("CREATE  DATABASE", "BACKUP LOG", "RESTORE DATABASE", "RECONFIGURE", "ALTER FULLTEXT INDEX", "DROP ENDPOINT"),
        *("ALTER AVAILABILITY GROUP", "MEMORY_OPTIMIZED = ON", "RESUMABLE = ON", "KILL 5"),
        *("DBCC SHRINKFILE", "sp_addlinkedserver", "sp_dropserver", "sp_serveroption", "sp_addlinkedsrvlogin"),
        *("sp_renamedb", "sp_attach_db", "sp_detach_db", "sp_replicationdboption", "sp_fulltext_service"),
        *("sp_addsrvrolemember", "sp_dropsrvrolemember"),
    ],
)
def test_each_statement_that_refuses_a_transaction_is_found(tmp_path: Path, statement: str) -> None:
    written = f"PRINT N'\u00df'\n{statement} x" if statement[-1].isalpha() else f"PRINT 1\n{statement}"
    assert file(tmp_path, written.lower(), "mssql").refused.startswith(statement.split(maxsplit=1)[0].upper())


LATER = "-- keeps copies\nCREATE OR ALTER PROCEDURE dbo.p AS BACKUP DATABASE x TO DISK = 'y'\n"


def test_what_the_body_of_a_module_holds_does_not_run_when_it_is_made(tmp_path: Path) -> None:
    assert file(tmp_path, f"PRINT 1\nGO\n{LATER}", "mssql").refused == ""
    assert file(tmp_path, f"{LATER}GO\nBACKUP LOG x\n", "mssql").refused == "BACKUP LOG"
    commented = f"CREATE PROCEDURE dbo.p AS\n/*\nGO\n*/\n{LATER.splitlines()[1]}"
    assert file(tmp_path, commented.replace("CREATE OR ALTER PROCEDURE dbo.p AS ", ""), "mssql").refused == ""
    native = "CREATE PROCEDURE dbo.p WITH NATIVE_COMPILATION AS SELECT 1"
    assert file(tmp_path, native, "mssql").refused == "NATIVE_COMPILATION"


INSERT = "INSERT INTO t (id, name) VALUES ({0}, 'name of the row {0}');\n"
PEAK = """
import resource, sys
from pathlib import Path
from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.sql_file import read

def peak(path):
    file = read(path, "data", dialect(sys.argv[2]), label="x.sql")
    assert file.names.written and not file.warnings and not file.transaction_control
    assert sum(len(batch.text) for batch in file.batches) >= sum(map(len, file.texts)) > 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

large = Path(sys.argv[1])
small = large.with_name("small.sql")
small.write_text("INSERT INTO t (id) VALUES (1);")
before = peak(small)
print((peak(large) - before) / large.stat().st_size)
"""


@pytest.mark.parametrize(("letter", "rows", "size"), [("a", 1, 5_000_000), ("ä", 50, 15_000_000)])
@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql", "mssql"])
def test_a_large_file_takes_at_most_three_times_its_size(
    tmp_path: Path, name: str, letter: str, rows: int, size: int
) -> None:
    statement = f"INSERT INTO t (name) VALUES ('{letter}{', '.join(['this is the name of a row'] * rows)}');\n"
    part = statement * 20 + "GO\n" * (name == "mssql")
    path = written(tmp_path, (part * (size // len(part))).encode())
    result = subprocess.run([sys.executable, "-c", PEAK, path, name], capture_output=True, text=True, check=True)
    assert float(result.stdout) <= 3


def test_a_large_file_of_postgresql_is_sent_in_parts_that_end_with_statements(tmp_path: Path) -> None:
    statements = "".join(map(INSERT.format, range(40_000)))
    parts = file(tmp_path, statements).batches
    assert len(parts) > 1
    assert max(len(part.text) for part in parts) < 1_100_000
    assert "\n".join(part.text for part in parts) == statements.strip()
    assert all(part.text.startswith("INSERT") and part.text.endswith(";") for part in parts)
    lines = statements.split("\n")
    assert all(lines[part.line - 1] == part.text.partition("\n")[0] for part in parts)


@pytest.mark.parametrize("statement", ["BEGIN;", "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);"])
def test_a_large_file_that_controls_transactions_or_holds_bodies_is_one_call(tmp_path: Path, statement: str) -> None:
    end = "COMMIT;" if statement == "BEGIN;" else ""
    assert len(file(tmp_path, f"{statement}\n{''.join(map(INSERT.format, range(40_000)))}{end}").batches) == 1
