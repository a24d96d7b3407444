from __future__ import annotations

import re
from typing import Any

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.dialects.mssql import error_lines
from ahjo_tasks.errors import ServerError

DIVIDE = ServerError("Divide by zero error encountered.", "8134")
CAUGHT = (8134, 16, 1, 3, None, "Divide by zero error encountered.")


def connection(answer: tuple[Any, ...] | None = CAUGHT, **options: Any) -> FakeConnection:
    return FakeConnection({"sp_executesql": [answer] if answer else []}, transactional=True, **options)


def located(
    text: str, error: ServerError = DIVIDE, *, asked: FakeConnection | None = None, before: tuple[str, ...] = ()
) -> ServerError:
    return error_lines.locate(asked or connection(), text, error, before)  # type: ignore[arg-type]


def test_the_server_is_asked_in_a_transaction_that_is_rolled_back() -> None:
    asked = connection()
    found = located("SELECT 1;\nSELECT 'it''s'\n / 0", asked=asked, before=("CREATE TABLE t (i int)",))
    assert (found.line, found.severity, found.procedure) == (3, "Level 16, State 1", "")
    rollback, begin = asked.dialect.rollback, asked.dialect.begin
    assert asked.ran[:3] == [rollback, begin, "CREATE TABLE t (i int)"]
    assert asked.ran[3].startswith("BEGIN TRY EXEC sys.sp_executesql N'SELECT 1;\nSELECT ''it''''s''\n / 0' END TRY")
    assert asked.ran[4:] == [rollback]


def test_the_answer_is_read_before_the_server_can_refuse_a_doomed_transaction() -> None:
    question = error_lines.question(connection(), "x")  # type: ignore[arg-type]
    assert question.index("ROLLBACK") < question.index("ERROR_NUMBER()")


NOT_ASKED = [
    "EXEC @p",
    "EXEC sp_rename 'a', 'b'",
    "EXEC dbo.p; EXEC ('x')",
    "EXEC other.shop.dbo.p",
    "INSERT t EXECUTE('x')",
    "BULK INSERT t FROM 'x'",
    "COMMIT",
    "SELECT NEXT VALUE FOR s",
    "sp_rename 'a', 'b'",
    "WAITFOR DELAY '1:00'",
    "SELECT 1;\n" * 10_000,
]


@pytest.mark.parametrize("text", NOT_ASKED, ids=[text[:12] for text in NOT_ASKED])
def test_what_a_rollback_does_not_undo_is_not_run_again(text: str) -> None:
    asked = connection()
    assert located(text, asked=asked) == DIVIDE
    assert located("SELECT 1", asked=asked, before=(text,)) == DIVIDE
    assert asked.ran == []


WAITED = [
    ServerError("Lock request time out period exceeded.", "1222"),
    ServerError("canceling statement due to lock timeout", "33557097"),
    ServerError(
        "Transaction (Process ID 5) was deadlocked on lock resources and has been chosen as the victim.", "1205"
    ),
    ServerError("Query timeout expired", "HYT00"),
    ServerError("Timeout expired"),
]


@pytest.mark.parametrize("error", WAITED, ids=lambda error: error.message[:12])
def test_what_waited_for_others_is_not_made_to_wait_again(error: ServerError) -> None:
    asked = connection((int(error.number) if error.number.isdigit() else 0, 16, 1, 3, None, error.message))
    assert located("UPDATE t SET i = 1", error, asked=asked) == error
    assert asked.ran == []


def test_outside_of_a_transaction_nothing_is_run_again() -> None:
    asked = connection()
    asked.transactional = False
    assert located("SELECT 1/0", asked=asked) == DIVIDE
    assert asked.ran == []


@pytest.mark.parametrize(
    "text",
    [
        "CREATE PROCEDURE p AS EXEC q; COMMIT",
        "-- EXEC\n/* x */ alter  view v AS SELECT 1",
        "SET NOCOUNT ON; SELECT 1/0",
    ],
)
def test_what_a_module_does_when_it_runs_is_not_done_when_it_is_made(text: str) -> None:
    assert located(text).line == 3


def test_another_error_than_the_first_one_is_not_taken_for_it() -> None:
    assert located("SELECT 1/0", asked=connection((208, 16, 1, 9, None, "Invalid object name 't'."))) == DIVIDE
    assert located("SELECT 1/0", asked=connection(None)) == DIVIDE


def test_without_a_number_the_words_must_agree() -> None:
    nameless = ServerError("Divide by zero error encountered.")
    assert located("SELECT 1/0", nameless).number == "8134"
    other = ServerError("Something else.")
    assert located("SELECT 1/0", other) == other


def test_a_question_that_is_refused_changes_nothing() -> None:
    asked = connection(refuses={"sp_executesql": ServerError("gone")})
    assert located("SELECT 1/0", asked=asked) == DIVIDE
    assert asked.ran[-1] == asked.dialect.rollback


def test_messages_of_the_second_run_are_not_listener() -> None:
    asked = connection()
    asked.answers = {"sp_executesql": [CAUGHT]}
    listener = asked.on_message
    located("SELECT 1/0", asked=asked)
    assert asked.on_message is listener
    assert asked.messages == []


def test_the_line_inside_a_procedure_that_runs_is_no_line_of_the_file() -> None:
    found = located("INSERT INTO t VALUES (1)", asked=connection((8134, 16, 1, 12, "tr_t", DIVIDE.message)))
    assert (found.line, found.procedure) == (None, "tr_t, line 12")


def test_the_line_inside_a_procedure_that_is_made_is_one_of_the_file() -> None:
    missing = ServerError("Invalid column name 'b'.", "207")
    text = "CREATE PROCEDURE dbo.p\nAS\nSELECT a,\n  b FROM t"
    found = located(text, missing, asked=connection((207, 16, 1, 3, "p", missing.message)))
    assert (found.line, found.column, found.procedure) == (4, 3, "p")


def test_some_servers_say_the_place_themselves() -> None:
    asked = connection()
    found = located("x", ServerError("syntax error near 'y' at line 2 and character position 6"), asked=asked)
    assert (found.line, found.column) == (2, 7)
    assert asked.ran == []


NAMES = [
    ("Invalid column name 'b'.", "SELECT a,\n b FROM t", None, (2, 2)),
    ("Invalid object name 'dbo.t'.", "SELECT t1.a\nFROM dbo.t AS t1", None, (2, 10)),
    ("Invalid column name 'b'.", "SELECT b\nSELECT b", None, (None, None)),
    ("Invalid column name 'b'.", "SELECT b\nSELECT b", 2, (2, 8)),
    ("Could not find stored procedure 'p'.", "EXEC p", None, (1, 6)),
    ("Incorrect syntax near 'FORM'.", "SELECT 1\nFORM t", 2, (2, 1)),
    ("Cannot insert the value NULL into column 'b'.", "INSERT t (b) VALUES (NULL)", None, (None, None)),
    ("Invalid column name 'x'.", "SELECT y", 1, (1, None)),
]


@pytest.mark.parametrize(("message", "text", "line", "place"), NAMES)
def test_an_error_about_a_name_points_at_the_name(message: str, text: str, line: int | None, place: Any) -> None:
    found = error_lines.refine(ServerError(message, line=line), text)
    assert (found.line, found.column) == place


INNER = (8134, 16, 1, 3, "p", "Divide by zero error encountered.")


def calling(*definitions: tuple[str, str | None]) -> FakeConnection:
    """A connection to a server that has these procedures."""
    known = {rf"OBJECT_DEFINITION.*{re.escape(name)}": [(text,)] for name, text in definitions}
    return FakeConnection({**known, "sp_executesql": [INNER]}, transactional=True)


def test_a_call_of_harmless_procedures_is_run_again_and_told_with_its_line() -> None:
    asked = calling(("[dbo].[p]", "CREATE PROCEDURE dbo.p AS EXEC q @a = 1"), ("q", "CREATE PROC q AS SELECT 1/0"))
    found = located("PRINT 'x'\nEXECUTE @code = [dbo].[p] 5", asked=asked)
    assert (found.line, found.severity, found.procedure) == (2, "Level 16, State 1", "p, line 3")


HARMFUL = [
    (("dbo.p", None),),
    (("dbo.p", "CREATE PROCEDURE dbo.p AS COMMIT"),),
    (("dbo.p", "CREATE PROCEDURE dbo.p AS EXEC dbo.q"), ("dbo.q", "CREATE PROCEDURE dbo.q AS EXEC xp_cmdshell 'x'")),
]


@pytest.mark.parametrize("definitions", HARMFUL)
def test_a_call_of_what_a_rollback_does_not_undo_is_not_run_again(
    definitions: tuple[tuple[str, str | None], ...],
) -> None:
    asked = calling(*definitions)
    assert located("EXEC dbo.p", asked=asked) == DIVIDE
    assert "sp_executesql" not in asked.said


def test_one_of_several_calls_has_no_line() -> None:
    asked = calling(("dbo.p", "CREATE PROCEDURE dbo.p AS SELECT 1/0"))
    assert located("EXEC dbo.p\nEXEC dbo.p", asked=asked).line is None


def test_what_took_long_is_not_run_again() -> None:
    asked = connection()
    assert error_lines.locate(asked, "SELECT 1/0", DIVIDE, None) == DIVIDE  # type: ignore[arg-type]
    assert asked.ran == []
