from __future__ import annotations

import pytest

from ahjo_tasks.sql.lexer import MSSQL, POSTGRESQL
from ahjo_tasks.sql.message_sources import MessageSources

TSQL = """-- PRINT 'comment'
PRINT N'it''s'
RAISERROR('%d of %s (100%%)', 0, 1, 3, 'x') WITH NOWAIT
PRINT('paren')
PRINT 'rows: ' + CAST(@n AS varchar(9))
print @x
RAISERROR(@problem, 16, 1)
RAISERROR('worse', 16, 1)
PRINT ''
PRINT CONCAT('session ', @@SPID, '.')
PRINT 'twice'
PRINT 'twice'
"""

TSQL_LINES = {
    "it's": 2,
    "3 of y (100%)": 3,
    "paren": 4,
    "rows: 17": 5,
    "anything else": 6,
    "worse": 6,
    "comment": 6,
    " ": 9,
    "session 17.": 10,
    "twice": None,
}

PLPGSQL = """CREATE TABLE t (i int);
DO $$ BEGIN
  RAISE NOTICE '% of 5%%', 3;
  RAISE WARNING 'odd';
  RAISE NOTICE 'odd';
END $$;
DROP VIEW IF EXISTS "V x";
"""
PLPGSQL_LINES = {"NOTICE: 3 of 5%": 3, "WARNING: odd": 4, "NOTICE: odd": 5, "NOTICE: 3 of 5": None}


@pytest.mark.parametrize(("said", "line"), TSQL_LINES.items())
def test_the_statement_is_found_by_its_words(said: str, line: int | None) -> None:
    assert MessageSources(TSQL, MSSQL).line(said) == line


@pytest.mark.parametrize(("said", "line"), PLPGSQL_LINES.items())
def test_raise_is_found_by_level_and_words(said: str, line: int | None) -> None:
    assert MessageSources(PLPGSQL, POSTGRESQL).line(said) == line


@pytest.mark.parametrize("other", ["EXEC dbo.p", "INSERT t VALUES (1)", "PRINT @y"])
def test_words_that_others_may_have_said_have_no_line(other: str) -> None:
    assert MessageSources(f"DECLARE @x int\nPRINT @x\n{other}", MSSQL).line("5") is None
    assert MessageSources("DECLARE @x int\nPRINT @x", MSSQL).line("5") == 2


def test_what_the_server_words_has_the_line_of_the_one_name_it_quotes() -> None:
    speakers = MessageSources(PLPGSQL, POSTGRESQL)
    assert speakers.line('NOTICE: view "V x" does not exist, skipping', plain=False) == 7
    assert speakers.line('NOTICE: relation "i" is odd, and so is "t"', plain=False) == 1
    assert speakers.line("NOTICE: odd", plain=False) is None
    again = MessageSources("SELECT 1;\nDROP VIEW IF EXISTS s.v;\nCREATE VIEW s.v AS SELECT 2;", POSTGRESQL)
    assert again.line('NOTICE: view "v" does not exist, skipping', plain=False) == 2
    assert MessageSources("PRINT @x", MSSQL).line("Warning: Null value is eliminated.", plain=False) is None


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_end_as_they_do_in_the_file(end: str) -> None:
    assert MessageSources(end.join(["SELECT 1", "PRINT 'x'"]), MSSQL).line("x") == 2


COMPUTED = """PRINT REPLACE('a-b', '-', '+');
PRINT DB_NAME();
PRINT CASE WHEN @n > 0 THEN 'some' ELSE 'none' END + '!';
PRINT 'joined ' + -- to what follows
  CAST(@n AS varchar(9)) + N' rows' SELECT 'x'
PRINT CONCAT('from ', dbo.f('a', 'b'), ' to ', (('end')));
PRINT 1 - 2;
PRINT UPPER('loud'); PRINT 'same' PRINT 'line'
"""
COMPUTED_LINES = {
    "a+b": None,
    "shop": None,
    "LOUD": None,
    "some!": 3,
    "joined 5 rows": 4,
    "from a to end": 6,
    "same": 8,
    "line": 8,
    "joined x": None,
    "a-b-+": None,
    " ": None,
}


@pytest.mark.parametrize(("said", "line"), COMPUTED_LINES.items())
def test_a_text_that_several_can_have_computed_has_no_line(said: str, line: int | None) -> None:
    assert MessageSources(COMPUTED, MSSQL).line(said) == line


@pytest.mark.parametrize(
    "text", ["PRINT", "PRINT (", "PRINT CONCAT('a',", "PRINT CASE", "PRINT 'a' +", "PRINT f.", "("]
)
def test_what_ends_early_is_read_to_its_end(text: str) -> None:
    assert MessageSources(f"SELECT 1\n{text}", MSSQL).line("said") in {2, None}


def test_sources_on_one_line_need_not_be_told_apart() -> None:
    assert MessageSources("SELECT 1\nPRINT DB_NAME() PRINT @@VERSION", MSSQL).line("shop") == 2
