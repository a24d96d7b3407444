"""Find statements of T-SQL by tokens: where they begin, modules, and those that no transaction takes.

A module is a batch that creates a view, procedure, function or trigger: its body runs later.
"""

from __future__ import annotations

import re
from itertools import dropwhile, islice, pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import skip_gap
from ahjo_tasks.sql.source import SourceText, ascii_upper
from ahjo_tasks.sql.tokens import phrase, tokenize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.errors import SourceError
    from ahjo_tasks.sql.splitters import Batch
    from ahjo_tasks.sql.tokens import Token

GAP = MSSQL.gap()

NOT_BEFORE_STATEMENT = frozenset(
    {
        *("SELECT", "DISTINCT", "WHERE", "AND", "OR", "NOT", "BY", "SET", "AS", "ADD", "COLUMN", "FROM", "JOIN"),
        *("INTO", "UPDATE", "TABLE", "EXEC", "EXECUTE", "PROC", "PROCEDURE", "GRANT", "DENY", "REVOKE", "FOR", "ANY"),
        *("TO", "USER", "LOGIN", "ROLE", "WHEN", "THEN"),
    }
)
"""Words that a name or an expression follows, or a permission, and never a statement."""
MARKS_BEFORE_STATEMENT = frozenset(";):")
"""Marks that a statement may follow; a colon ends a label."""
MODULES = frozenset({"VIEW", "PROC", "PROCEDURE", "FUNCTION", "TRIGGER"})

_FIRST = re.compile(
    rf"(?:(?:CREATE{GAP}(?:OR\b{GAP}ALTER\b{GAP}|)?+|ALTER{GAP})(?:VIEW|PROC(?:EDURE)?|FUNCTION|TRIGGER)"
    rf"|CREATE{GAP}(?:SCHEMA|DEFAULT|RULE))\b"
)
"""In capitals: the statements that must be the first of their batch."""
_STRAY_GO = re.compile(
    r"^(?:[ \t]*(?P<go>GO[ \t]*;)|.*(?:;|\*/)[ \t]*(?P<behind>GO)[ \t]*;?)[ \t]*(?:--.*)?\r?$",
    re.IGNORECASE | re.MULTILINE,
)
"""A line of GO with a semicolon, and GO behind the end of a statement or a comment."""
_NO_BLOCK = frozenset({"TRAN", "TRANSACTION", "DISTRIBUTED", "CONVERSATION", "DIALOG"})
_CONDITIONS = frozenset({"IF", "ELSE", "WHILE"})
_ENDS_CONDITION = frozenset(
    {";", "PRINT", "EXEC", "EXECUTE", "SET", "DECLARE", "DROP", "CREATE", "ALTER", "INSERT", "END"}
)
"""Words that end IF with its condition and statement; SELECT and UPDATE may be in the condition, too."""
_LEAD = re.compile(rf"{GAP}(?:;{GAP}|)*+")
_SCHEMA = re.compile(rf"CREATE{GAP}SCHEMA\b")
_PERMISSION = re.compile(rf"{GAP}(?:(?:TO|ON|ANY)\b|[,)])")
"""The words after those of a permission: GRANT CREATE VIEW TO somebody."""


def is_module(text: str) -> bool:
    """Test whether the batch creates or alters a module."""
    tokens = dropwhile(lambda token: token.value == ";", tokenize(text, MSSQL))
    words = [token.word for token in islice(tokens, 4)]
    if words[:3] == ["CREATE", "OR", "ALTER"]:
        words = words[2:]
    return len(words) > 1 and words[0] in {"CREATE", "ALTER"} and words[1] in MODULES


def creates_aggregate(text: str, name: str) -> bool:
    """Test whether the text creates an aggregate of this name, in any schema."""
    if "AGGREGATE" not in ascii_upper(text):
        return False
    tokens = list(tokenize(text, MSSQL))
    for position, (first, second) in enumerate(pairwise(tokens)):
        if (first.word, second.word) == ("CREATE", "AGGREGATE"):
            end = position + 2
            while [token.value for token in tokens[end + 1 : end + 2]] == ["."]:
                end += 2
            if [token.value.lower() for token in tokens[end : end + 1]] == [name.lower()]:
                return True
    return False


def statement_starts(text: str, words: Collection[str]) -> Iterator[int]:
    """Yield the offsets at which a statement can begin with one of the words, given in capitals.

    T-SQL needs no semicolons, so that the token before a word decides.
    """
    before: Token | None = None
    for token in tokenize(text, MSSQL, numbers=True):
        if token.word in words and _may_begin(before):
            yield token.offset
        before = token


def is_one_statement(batch: str) -> bool:
    """Test whether a batch is a single statement; of some that are, as ALTER TABLE ... DROP COLUMN, it is not told."""
    return is_module(batch) or sum(1 for _start in statement_starts(batch, _STATEMENT_WORDS)) == 1


def _may_begin(before: Token | None) -> bool:
    """Test whether a statement can begin after this token."""
    if before is None:
        return True
    if before.kind == "mark":
        return before.value in MARKS_BEFORE_STATEMENT
    return before.word not in NOT_BEFORE_STATEMENT


# -- statements that must be the first of their batch ----------------------------------------------------------------


def check_first_in_batch(batches: Iterable[Batch], path: Path | None) -> None:
    """Raise SourceError for CREATE VIEW and its like after another statement of the batch; the server would, too."""
    for batch in batches:
        for match in _misplaced(batch.text):
            raise _error(batch, match, path)


def _misplaced(text: str) -> Iterator[re.Match[str]]:
    """Yield the statements in code that are not the first."""
    upper = ascii_upper(text)
    matches = list(_candidates(upper))
    first = skip_gap(_LEAD, text, 0) if matches else 0
    if all(match.start() == first for match in matches):
        return
    elements = _end_of_statement(text, first) if _SCHEMA.match(upper, first) else first
    for start in statement_starts(text, ("CREATE", "ALTER")):
        match = _FIRST.match(upper, start)
        if not match or start == first or _PERMISSION.match(upper, match.end()):
            continue
        if start > elements or phrase(match[0], MSSQL) != "CREATE VIEW":  # CREATE SCHEMA may have views as elements
            yield match


def _end_of_statement(text: str, start: int) -> int:
    """Return the offset of the semicolon that ends the statement, or the end of the batch."""
    ends = (token.offset for token in tokenize(text, MSSQL) if token.value == ";" and token.offset > start)
    return next(ends, len(text))


def _candidates(upper: str) -> Iterator[re.Match[str]]:
    """Yield where such a statement may stand, in comments and strings, too: much faster than to read tokens."""
    end = 0
    for start in sorted([*_offsets(upper, "CREATE"), *_offsets(upper, "ALTER")]):
        if start >= end and (match := _FIRST.match(upper, start)):
            yield match
            end = match.end()


def _offsets(text: str, word: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + 1)


def _error(batch: Batch, match: re.Match[str], path: Path | None) -> SourceError:
    message = f"{phrase(match[0], MSSQL)} must be the first statement of its batch"
    error = SourceText(batch.text, path).error(match.start(), message, hint=_advice(batch, match.start()))
    if error.line == 1 and error.column:
        error.column += batch.column - 1
    error.line = batch.line + (error.line or 1) - 1
    return error


def _advice(batch: Batch, offset: int) -> str:
    """Say how to begin a new batch before the statement at an offset."""
    stray = _STRAY_GO.search(batch.text, 0, offset)
    if stray:
        line = batch.line + batch.text.count("\n", 0, stray.start())
        mend = "write GO without the semicolon" if stray["go"] else "it needs a line of its own"
        return f"{stray['go'] or stray['behind']} in line {line} is not a separator: {mend}."
    if _is_nested(batch.text, offset):
        return "A batch cannot be split within IF, WHILE or BEGIN and END: run the statement as text, EXEC(N'...')."
    return "Put GO on a line of its own before it."


def _is_nested(text: str, offset: int) -> bool:
    """Test whether a statement is part of IF, ELSE, WHILE or a block."""
    tokens = [token for token in tokenize(text[:offset], MSSQL) if token.kind in {"name", "mark"}]
    depth = 0
    condition = False
    for token, after in zip(tokens, [*tokens[1:], None], strict=False):  # both may be empty
        word = token.word or token.value
        if (word == "BEGIN" and not (after and after.word in _NO_BLOCK)) or word == "CASE":
            depth += 1
        elif word == "END":
            depth -= 1
        condition = word in _CONDITIONS or (condition and word not in _ENDS_CONDITION)
    return depth > 0 or condition


# -- statements that control transactions ----------------------------------------------------------------------------

_TRANSACTION_WORDS = frozenset({"TRAN", "TRANSACTION"})


def commit_offsets(text: str) -> list[int]:
    """List the offsets of COMMIT and ROLLBACK that end a transaction which the batch did not begin."""
    if not any(word in ascii_upper(text) for word in ("COMMIT", "ROLLBACK")) or is_module(text):
        return []
    offsets, depth, before = list[int](), 0, ""
    tokens = list(tokenize(text, MSSQL))
    for position, token in enumerate(tokens):
        if token.word in _TRANSACTION_WORDS and before in {"BEGIN", "DISTRIBUTED"}:
            depth += 1
        elif token.word == "COMMIT" or (token.word == "ROLLBACK" and not _to_savepoint(tokens[position + 1 :])):
            depth = depth - 1 if token.word == "COMMIT" else -1
            if depth < 0:
                offsets.append(token.offset)
                depth = 0
        before = token.word
    return offsets


def _to_savepoint(tokens: Sequence[Token]) -> bool:
    """Test whether ROLLBACK names a transaction or a savepoint, most likely the latter."""
    words = [token for token in tokens[:2] if token.word not in _TRANSACTION_WORDS]
    return len(tokens) > 1 and tokens[0].word in _TRANSACTION_WORDS and words[:1] == [tokens[1]] and _is_name(tokens[1])


def _is_name(token: Token) -> bool:
    return token.kind == "quoted" or (token.kind == "name" and token.word not in _STATEMENT_WORDS)


_STATEMENT_WORDS = frozenset(
    {
        *("ALTER", "BACKUP", "BEGIN", "BULK", "CHECKPOINT", "CLOSE", "COMMIT", "CREATE", "DBCC", "DEALLOCATE"),
        *("DECLARE", "DELETE", "DENY", "DROP", "ELSE", "END", "EXEC", "EXECUTE", "FETCH", "GO", "GOTO"),
        *("GRANT", "IF", "INSERT", "KILL", "MERGE", "OPEN", "PRINT", "RAISERROR", "RECONFIGURE", "RESTORE"),
        *("RETURN", "REVERT", "REVOKE", "ROLLBACK", "SAVE", "SELECT", "SET", "SHUTDOWN", "THROW", "TRUNCATE"),
        *("UPDATE", "USE", "WAITFOR", "WHILE", "WITH"),
    }
)
"""Words with which a statement begins, or a part of one."""


# -- statements that no transaction takes ----------------------------------------------------------------------------

_CHANGE = rf"(?:CREATE|ALTER|DROP)\b{GAP}"
_SAVED = (
    r"(?:DATABASE|LOG|SERVER|GROUP|CERTIFICATE|MASTER|SERVICE|SYMMETRIC|(?:HEADER|FILELIST|LABEL|VERIFY|REWIND)ONLY)"
)
_STATEMENT = re.compile(
    rf"(?:{_CHANGE}DATABASE\b(?!{GAP}(?:(?:SCOPED|AUDIT|ENCRYPTION|TO|ON|ANY)\b|[,)]))|(?:BACKUP|RESTORE)\b{GAP}{_SAVED}"
    rf"|RECONFIGURE|{_CHANGE}FULLTEXT\b{GAP}(?:CATALOG|INDEX)|{_CHANGE}(?:AVAILABILITY\b{GAP}GROUP|ENDPOINT)"
    rf"|{_CHANGE}EVENT\b{GAP}SESSION|ALTER\b{GAP}SERVER\b{GAP}(?:CONFIGURATION|AUDIT\b(?!{GAP}SPECIFICATION))"
    rf"|ALTER\b{GAP}DATABASE\b{GAP}AUDIT\b{GAP}SPECIFICATION|ALTER\b{GAP}RESOURCE\b{GAP}GOVERNOR"
    rf"|KILL\b{GAP}(?:[0-9]++|STATS|QUERY|(?='))|DBCC\b{GAP}(?:SHRINK(?:FILE|DATABASE)|CLONEDATABASE))(?![\w@#$])"
)
"""In capitals: statements that Microsoft's documentation keeps out of explicit transactions.

It says nothing of ALTER DATABASE SCOPED CONFIGURATION, stoplists and search property lists: the server is asked.
An audit specification is altered with its state, which is switched outside of transactions alone.
"""
_STARTS = frozenset({"CREATE", "ALTER", "DROP", "BACKUP", "RESTORE", "RECONFIGURE", "KILL", "DBCC"})
_IN_MEMORY = "MEMORY_OPTIMIZED"
_OPTION = re.compile(rf"(?:{_IN_MEMORY}|RESUMABLE){GAP}={GAP}ON\b")
_OPTIONS = frozenset({_IN_MEMORY, "RESUMABLE"})
_PROCEDURE = re.compile(
    r"SP_(?:ADDLINKEDSERVER|(?:ADD|DROP)SERVER|SETNETNAME|SERVEROPTION|(?:ADD|DROP)LINKEDSRVLOGIN|RENAMEDB|DBOPTION"
    r"|(?:ADD|DROP)REMOTELOGIN|REMOTEOPTION|ATTACH_(?:SINGLE_FILE_)?DB|DETACH_DB|CERTIFY_REMOVABLE|CREATE_REMOVABLE"
    r"|CONFIGURE|DBCMPTLEVEL|ADDUMPDEVICE|DROPDEVICE|(?:ADD|DROP)EXTENDEDPROC|(?:ADD|DROP)SRVROLEMEMBER|CHANGE_USERS_LOGIN"
    r"|(?:ADD|DROP|GRANT|DENY|REVOKE)LOGIN|PASSWORD|DEFAULT(?:DB|LANGUAGE)|(?:GRANT|REVOKE)DBACCESS"
    r"|(?:ADD|DROP)(?:ROLE|USER)|(?:ADD|DROP|SET)APPROLE|APPROLEPASSWORD"
    r"|FULLTEXT_\w+|REPLICATIONDBOPTION|REMOVEDBREPLICATION|SUBSCRIPTION_CLEANUP"
    r"|(?:ADD|DROP|CHANGE)(?:DISTRIBUTOR|DISTRIBUTIONDB|DISTPUBLISHER|SUBSCRIBER)(?:_SCHEDULE|_PROPERTY|_PASSWORD)?"
    r"|(?:ADD|DROP|CHANGE)(?:MERGE)?(?:PULL|PUSH)?(?:PUBLICATION|ARTICLE|SUBSCRIPTION|FILTER|PARTITION)"
    r"(?:_AGENT|_SNAPSHOT)?|ARTICLEFILTER|REQUESTPEERRESPONSE)(?![\w@#$])"
)
"""Procedures that run such statements."""
_RUN_TEXT = frozenset({"sp_executesql", "sp_msforeachdb", "sp_msforeachtable"})
"""Procedures that run the text which is their first argument."""
_BEFORE_ASSIGNED = frozenset({"SET", "DECLARE", "SELECT", ","})
"""Words and marks before a variable that gets a value."""
_BEFORE_PROCEDURE = frozenset({"EXEC", "EXECUTE", ".", "=", ";"})
_COMPILED = "NATIVE_COMPILATION"
"""An option of a module, which counts when the module is created."""
_PREFILTER = (
    *("DATABASE", "BACKUP", "RESTORE", "RECONFIGURE", "FULLTEXT", "AVAILABILITY", "ENDPOINT", "MEMORY_OPT", _COMPILED),
    *("RESUMABLE", "KILL", "SHRINK", "SESSION", "CONFIGURATION", "GOVERNOR", "AUDIT"),
)
"""A part of each of them: to search for words is faster than for an expression."""
_PROCEDURE_PREFILTER = re.compile(
    r"SP_(?:ADD|DROP|CHANGE|SETNETNAME|SERVEROPTION|RENAMEDB|DBOPTION|REMO|REQUEST|ATTACH_|DETACH_DB|CERTIFY|CREATE_REM"
    r"|FULLTEXT|CONFIGURE|DBCMPT|ARTICLE|MSFOREACH|SETAPPROLE|REPLICATION|SUBSCR|GRANT|DENYLOGIN|REVOKE|PASSWORD|DEFAULT|APPROLE)"
)
"""The same for the procedures, which begin alike; SP_ alone is a part of USP_, too."""


def may_be_non_transactional(text: str) -> bool:
    """Test quickly for a word of a statement that cannot run in a transaction."""
    upper = ascii_upper(text)
    return any(word in upper for word in _PREFILTER) or _PROCEDURE_PREFILTER.search(upper) is not None


def non_transactional_statement(text: str) -> str:
    """Name the first statement of a batch that cannot run in a transaction; empty where there is none."""
    if is_module(text):
        compiled = _COMPILED in ascii_upper(text) and any(token.word == _COMPILED for token in tokenize(text, MSSQL))
        return _COMPILED if compiled else ""
    if not may_be_non_transactional(text):
        return ""
    upper, before = ascii_upper(text), None
    tokens = list(tokenize(text, MSSQL, numbers=True))
    for token in tokens:
        match = _refusing(upper, token, before)
        if match:
            return phrase(match[0], MSSQL)
        before = token
    return next(filter(None, map(non_transactional_statement, _texts_to_run(tokens))), "")


def in_memory_option(text: str) -> str:
    """Name the option by which a text creates something in memory; empty where it creates nothing there."""
    upper = ascii_upper(text)
    if _IN_MEMORY not in upper and _COMPILED not in upper:
        return ""
    for token in tokenize(text, MSSQL):
        option = _OPTION.match(upper, token.offset) if token.word == _IN_MEMORY else None
        if option or token.word == _COMPILED:
            return phrase(option[0], MSSQL) if option else _COMPILED
    return ""


def _texts_to_run(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the strings in EXEC (...), in the first argument of what runs it, and in the variables named there."""
    runs = [token for position in range(len(tokens)) for token in _run_at(tokens, position)]
    variables = {token.word for token in runs if token.word.startswith("@")}
    yield from (token.value for token in runs if token.kind == "string")
    assigned = False
    for before, token in pairwise(tokens):
        if token.word.startswith("@") and (before.word or before.value) in _BEFORE_ASSIGNED:
            assigned = token.word in variables
        elif token.value == ";" or token.word in _ENDS_CONDITION:
            assigned = False
        elif assigned and token.kind == "string":
            yield token.value


def _run_at(tokens: Sequence[Token], position: int) -> Sequence[Token]:
    """Return the tokens of the text that EXEC or a procedure at a position runs; nothing for any other token."""
    start = position + 2
    if tokens[position].word in {"EXEC", "EXECUTE"} and [token.value for token in tokens[start - 1 : start]] == ["("]:
        ends = (place for place in range(start, len(tokens)) if tokens[place].value == ")")
        return tokens[start : next(ends, len(tokens))]
    if tokens[position].value.lower() in _RUN_TEXT:
        named = [token.value for token in tokens[start : start + 1]] == ["="]
        return tokens[position + 3 : position + 4] if named else tokens[position + 1 : position + 2]
    return ()


def _refusing(upper: str, token: Token, before: Token | None) -> re.Match[str] | None:
    """Match the statement, option or procedure that begins with the token."""
    word = token.word or (token.value.upper() if token.kind == "quoted" else "")
    if word in _OPTIONS:
        return _OPTION.match(upper, token.offset)
    if word in _STARTS:
        return _STATEMENT.match(upper, token.offset) if token.word and _may_begin(before) else None
    if before and before.kind in {"name", "mark"} and before.value.upper() not in _BEFORE_PROCEDURE:
        return None
    return _PROCEDURE.match(word)
