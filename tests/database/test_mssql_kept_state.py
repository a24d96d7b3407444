from __future__ import annotations

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.dialects.mssql.kept_state import KeptState, kept_state, prepare

OPEN = "SELECT 1 FROM sys.openkeys WHERE database_id = DB_ID() AND key_name = N'k'"


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c INSERT t SELECT 1"], KeptState(encryption_keys=("k",))),
        (["open symmetric key [a key] decryption by password = 'x'"], KeptState(encryption_keys=("a key",))),
        (["CREATE PROC p AS OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c"], KeptState()),
        (["CREATE SYMMETRIC KEY k WITH ALGORITHM = AES_256 ENCRYPTION BY CERTIFICATE c"], KeptState()),
        (["DBCC TRACEON (1204, 3604) WITH NO_INFOMSGS"], KeptState(trace_flags=("1204", "3604"))),
        (["DBCC TRACEON (1204, - 1)", "DBCC TRACEON (3604, -1)"], KeptState()),
        (
            ["CREATE PROCEDURE #p AS SELECT 1", "CREATE OR ALTER PROC [##q] AS SELECT 1"],
            KeptState(procedures=("#p", "##q")),
        ),
        (
            ["CREATE PROC p AS CREATE TABLE #t (a int)", "CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END"],
            KeptState(),
        ),
        (["SELECT 1 AS a INTO #t"], KeptState(tables=("#t",))),
        (["OPEN MASTER KEY DECRYPTION BY PASSWORD = 'x'", "SELECT 1"], KeptState(master_key=True)),
        (["CLOSE MASTER KEY; open master key decryption by password = 'x'"], KeptState(master_key=True)),
        (["OPEN MASTER KEY DECRYPTION BY PASSWORD = 'x'", "CLOSE MASTER KEY"], KeptState()),
        (["CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'x'; USE master; PRINT 'OPEN MASTER KEY'"], KeptState()),
    ],
)
def test_what_batches_leave_in_the_session_is_found(texts: list[str], kept: KeptState) -> None:
    assert kept_state(texts) == kept


def undo(state: KeptState, answers: dict[str, list[tuple[object, ...]]]) -> list[str]:
    return prepare(FakeConnection(answers), state)  # type: ignore[arg-type]


def test_keys_that_were_open_stay_open() -> None:
    state = KeptState(encryption_keys=("k",))
    assert undo(state, {}) == [f"IF EXISTS ({OPEN}) CLOSE SYMMETRIC KEY [k]"]
    assert undo(state, {"sys.openkeys": [(1,)]}) == [""]


def test_a_master_key_is_closed_without_a_word_if_it_is_open() -> None:
    (statement,) = undo(KeptState(master_key=True), {})
    assert "BEGIN TRY CLOSE MASTER KEY END TRY BEGIN CATCH END CATCH" in statement


@pytest.mark.parametrize(
    ("status", "off"), [((1204, 0, 0, 0), True), ((1204, 1, 0, 1), False), ((1204, 1, 1, 0), False)]
)
def test_trace_flags_that_were_on_stay_on(status: tuple[int, ...], off: bool) -> None:
    expected = "DBCC TRACEOFF (1204) WITH NO_INFOMSGS" if off else ""
    assert undo(KeptState(trace_flags=("1204",)), {"TRACESTATUS": [status]}) == [expected]


def test_temporary_objects_that_were_there_stay() -> None:
    state = KeptState(tables=("#t",), procedures=("#p",))
    assert undo(state, {r"SELECT OBJECT_ID\(N'tempdb..\[#t\]'\)": [(None,)], "SELECT OBJECT_ID": [(7,)]}) == [
        "IF OBJECT_ID(N'tempdb..[#t]') IS NOT NULL DROP TABLE [#t]"
    ]
    assert undo(state, {"SELECT OBJECT_ID": [(None,)]})[1] == "DROP PROCEDURE IF EXISTS [#p]"
