"""Test whether SQL does nothing but define objects, so that to run it again changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.references import usual_texts
from ahjo_tasks.sql.references.tokens import keywords, name_tokens, word_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ahjo_tasks.sql.lexer import Syntax

DEFINING = word_set(
    "CREATE ALTER DROP COMMENT GRANT REVOKE DENY SET USE PRAGMA DELIMITER IF BEGIN COMMIT END PRINT GO DECLARE ELSE"
)
"""First words of statements that define objects, or only say which and how."""
DEFINING_STATEMENTS = DEFINING | {"RESET", ";"}
"""The same, and marks, where RESET means a setting: MySQL's resets the server."""
MODULES = frozenset({"VIEW", "FUNCTION", "PROCEDURE", "PROC", "TRIGGER"})
ACTING = word_set(
    "EXEC EXECUTE INSERT UPDATE DELETE MERGE TRUNCATE INTO BULK BACKUP RESTORE DBCC KILL RECONFIGURE SEND RECEIVE "
    "WAITFOR"
)
"""Words of SQL Server that act where no module holds them."""
STATEMENTS = (
    ACTING
    | DEFINING
    | word_set("ADD CLOSE COMMIT DEALLOCATE DISABLE ENABLE FETCH OPEN RAISERROR RETURN REVERT ROLLBACK SAVE SELECT")
    | word_set("THROW WHILE WITH ; (")
)
"""First words of a batch of SQL Server that is no call of a procedure without EXEC."""
SETTING = re.compile(r"SELECT (?:PG_CATALOG\.)?SET_CONFIG \( ' , ' , (?:TRUE|FALSE) \)(?: ;|\Z)")
"""A statement of PostgreSQL, as its words, that is but another form of SET; pg_dump begins with it."""
SETTING_WORDS = 10
"""The number of its words, its mark included."""
DESCRIBES = re.compile(r"(?:.*\.\s*)?\[?SP_(?:ADD|UPDATE|DROP)EXTENDEDPROPERTY\]?", re.DOTALL)
"""Names of the procedures of SQL Server that say what an object is, as COMMENT ON does elsewhere."""
RIGHTS = frozenset({"GRANT", "REVOKE", "DENY", "OWNER", "DEFINER", "AUTHORIZATION"})
PERMISSIONS = frozenset({"GRANT", "DENY", "REVOKE", ",", "AFTER", "FOR", "OF", "WITH"})
"""Words before the name of a permission, or of an event that fires a trigger."""


def defines_only(batches: Iterable[str], syntax: Syntax, *, single_statements: bool) -> bool:
    """Return whether the batches only define objects; where that cannot be told, they do not.

    `single_statements` says that a batch is one statement, whatever marks there are in its body.
    """
    test = _defines_batch if syntax is MSSQL else _begins_so if single_statements else _defines_statements
    return all(test(keywords(name_tokens(text, syntax), syntax)) for text in usual_texts(batches, syntax))


def gives_rights(batches: Iterable[str], syntax: Syntax) -> bool:
    """Return whether the batches grant or revoke rights, or say who owns an object."""
    texts = usual_texts(batches, syntax)
    return any(not RIGHTS.isdisjoint(keywords(name_tokens(text, syntax), syntax)) for text in texts)


def code(batches: Iterable[str], syntax: Syntax) -> str:
    """Return the words of the batches in lower case, without comments, and a quote in place of each string."""
    texts = usual_texts(batches, syntax)
    return " ".join(word.lower() for text in texts for word in keywords(name_tokens(text, syntax), syntax))


def _begins_so(words: Sequence[str]) -> bool:
    return not words or _defines(words, 0, DEFINING)


def _defines(words: Sequence[str], index: int, first_words: frozenset[str]) -> bool:
    """Test whether the statement at an index begins with one of the words, or sets or begins something."""
    if words[index] in first_words or words[index : index + 2] == ["START", "TRANSACTION"]:
        return True
    return words[index] == "SELECT" and SETTING.match(" ".join(words[index : index + SETTING_WORDS])) is not None


def _defines_statements(words: Sequence[str]) -> bool:
    """Test statements with a mark between them, but not those in parentheses or in the body of a function."""
    depth, ended = 0, True
    for index, word in enumerate(words):
        if ended and not depth and not _defines(words, index, DEFINING_STATEMENTS):
            return False
        ended = word == ";"
        if word == "(" or _opens(words, index):
            depth += 1
        elif word == ")" or (word == "END" and words[index - 1] != "AS"):
            depth = max(depth - 1, 0)
    return True


def _opens(words: Sequence[str], index: int) -> bool:
    """Test for CASE and BEGIN ATOMIC, which END closes; after AS, CASE is a name, and so is BEGIN alone."""
    if words[index] == "CASE":
        return words[index - 1] != "AS"
    return words[index] == "BEGIN" and words[index + 1 : index + 2] == ["ATOMIC"]


def _defines_batch(words: Sequence[str]) -> bool:
    """Test a batch of SQL Server, whose statements need no mark between them."""
    if is_module(words):
        return True
    called = ("EXEC",) if words and words[0] not in STATEMENTS else ()
    words = (*called, *words, "")
    triples = zip(("", *words), words, words[1:], strict=False)
    return not any(_acts(*triple) for triple in triples)


def _acts(before: str, word: str, after: str) -> bool:
    if word in {"EXEC", "EXECUTE"} and DESCRIBES.fullmatch(after):
        return False
    return word in ACTING and before not in PERMISSIONS


def is_module(words: Sequence[str]) -> bool:
    """Test whether the whole batch is one module, whose body runs only later. PostgreSQL's bodies are strings."""
    head = words[: words.index("AS")] if "AS" in words[:40] else words[:40]
    return bool(words) and words[0] in {"CREATE", "ALTER"} and any(word in MODULES for word in head)
