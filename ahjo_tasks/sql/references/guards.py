"""Finds the statements that run only where something is there, or may fail: IF EXISTS (...) ALTER TABLE ..., TRY."""

from __future__ import annotations

import operator
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.references.tokens import word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

STARTS = word_set(
    "ALTER BACKUP BEGIN BREAK BULK CHECKPOINT CLOSE COMMIT CONTINUE CREATE DBCC DEALLOCATE DECLARE DELETE DENY DISABLE "
    "DROP ELSE ENABLE END EXEC EXECUTE FETCH GOTO GRANT IF INSERT KILL MERGE OPEN PRINT RAISERROR RECONFIGURE RESTORE "
    "RETURN REVERT REVOKE ROLLBACK SAVE SELECT SET THROW TRUNCATE UPDATE USE WAITFOR WHILE WITH"
)
"""Words that begin a statement, or a part of IF."""
WITHIN = {
    "ALTER": word_set("DISABLE DROP ENABLE SET"),
    "INSERT": word_set("EXEC EXECUTE SELECT"),
    "UPDATE": frozenset({"SET"}),
    "MERGE": word_set("DELETE INSERT SET UPDATE"),
    "BULK": frozenset({"INSERT"}),
}
"""The words among them that go on in a statement, by its first word."""
ONCE = word_set("BULK INSERT UPDATE")
"""The statements in which only the first of these words goes on; the next one begins another statement."""
PERMISSIONS = frozenset({"GRANT", "DENY", "REVOKE"})
"""Words behind which permissions are named by any words, up to ON, TO or FROM."""
SET_OPERATORS = word_set("UNION EXCEPT INTERSECT")
BEFORE_WITHIN = SET_OPERATORS | word_set("FOR THEN AS WITH")
"""Words behind which none of them begins a statement."""
KEY_ACTIONS = word_set("CASCADE NO SET")
"""Words behind ON DELETE and ON UPDATE of a foreign key; behind SET NOCOUNT ON these begin a statement."""
TAKES_AWAY = frozenset({"DROP", "NOCHECK", "DISABLE"})
"""Words behind the name in ALTER TABLE that only take something away from it."""
PARTS = frozenset({"INDEX", "STATISTICS"})
MODULES = word_set("PROC PROCEDURE FUNCTION VIEW TRIGGER")
CONDITIONS = word_set("IF ELSIF ELSEIF")
"""Words before a condition of PL/pgSQL."""
CONDITION_ENDS = frozenset({"THEN", ";"})
BEFORE_IF = word_set("BEGIN THEN ELSE LOOP") | {"", ";"}
"""Words and marks behind which a condition of PL/pgSQL may stand."""
DEEPEST = 20
"""Conditions one behind the other that are read as one."""
COUNTS = word_set(
    "OBJECT_ID COL_LENGTH COL_NAME SCHEMA_ID TYPE_ID DB_ID USER_ID DATABASE_PRINCIPAL_ID SUSER_ID FILE_ID "
    "FILEGROUP_ID INDEXPROPERTY OBJECTPROPERTY OBJECTPROPERTYEX COLUMNPROPERTY TYPEPROPERTY FULLTEXTCATALOGPROPERTY"
)
"""Functions whose value is 0 or NULL where nothing is there."""
CATALOG = re.compile(
    r"(?:.*\.\s*)?(?:\[?(?:SYS|INFORMATION_SCHEMA)\]?\s*\..*|"
    r"\[?SYS(?:OBJECTS|COLUMNS|INDEXES|USERS|TYPES|CONSTRAINTS|REFERENCES|FOREIGNKEYS|DATABASES|LOGINS|JOBS)\]?|PG_\w+)",
    re.DOTALL,
)
"""Views of what is in the database."""
ASSIGNS = frozenset({"SET", "DECLARE", "SELECT"})
"""Words that begin a statement which gives values to variables."""
BEFORE_VARIABLE = ASSIGNS | {",", "TOP", ")", "PERCENT", "DISTINCT"}
"""Words and marks before a variable that gets a value."""
LONGEST_CALL = 12
"""Tokens of a call that are searched for such a variable."""
_GAP = MSSQL.gap()
_NUMBER = re.compile(rf"{_GAP}([0-9]+){_GAP}\Z")
_COMPARED = re.compile(rf"{_GAP}([<>!]?=|<>|[<>]|![<>]){_GAP}([0-9]+)(?![\w.])")
_COMPARES = re.compile(rf"{_GAP}([0-9]+){_GAP}([<>!]?=|<>|[<>]|![<>]){_GAP}\Z")
OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    **dict.fromkeys(("<>", "!="), operator.ne),
    **dict.fromkeys((">=", "!<"), operator.ge),
    **dict.fromkeys(("<=", "!>"), operator.le),
    ">": operator.gt,
    "<": operator.lt,
}
RETHROWS = frozenset({"THROW", "RAISERROR"})
"""Words of a CATCH block by which an error is raised again."""
SAYS = word_set("DEBUG LOG INFO NOTICE WARNING")
"""Words after RAISE in PL/pgSQL that raise no error."""
MISSING = word_set(
    "OTHERS SQLSTATE UNDEFINED_TABLE UNDEFINED_FUNCTION UNDEFINED_OBJECT UNDEFINED_COLUMN INVALID_SCHEMA_NAME "
    "SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION"
)
"""Conditions of PL/pgSQL of which the lack of an object is one."""
NO_BLOCK = word_set("TRAN TRANSACTION DISTRIBUTED DIALOG CONVERSATION")


class Guards(NamedTuple):
    """Tokens of statements that run only where something is there, of those that take something away from it.

    `caught` are those of blocks whose errors do not end the script.
    """

    run_perhaps: frozenset[int]
    take_away: frozenset[int]
    caught: frozenset[int] = frozenset()


def find_guards(words: Sequence[str], closing: Callable[[int], int], behind: Callable[[int], str]) -> Guards | None:
    """Read the conditions of a batch of T-SQL, unless it is a module, whose body runs later anyway.

    `closing` gives the index of the parenthesis that closes one, `behind` the text between a token and the next one
    that is not `=`. None where there are no such statements.
    """
    head = words[2 * (words[1] == "OR") : 4][:2]
    if ("IF" not in words and "TRY" not in words) or (head[0] in {"CREATE", "ALTER"} and head[1] in MODULES):
        return None
    batch = _Batch(words, closing, behind)
    statements, covered = list[tuple[int, int]](), set[int]()
    for place, word in enumerate(words):
        if word == "IF" and place not in covered and _begins(words, place, ()):
            guarded = list(batch.guarded(place))
            statements += guarded
            covered.update(*(range(start, end) for start, end in guarded))
    return _guards(words, statements, batch.caught() if "TRY" in words else ())


def find_block_guards(
    words: Sequence[str], closing: Callable[[int], int], behind: Callable[[int], str]
) -> Guards | None:
    """Read the conditions of a block of PL/pgSQL: IF ... THEN ... ELSIF ... ELSE ... END IF."""
    conditions = _Conditions(words, closing, behind)
    statements, opened = list[tuple[int, int]](), list[_Branch | None]()  # None for CASE and blocks
    around = 0
    caught = _caught_in_blocks(words) if "EXCEPTION" in words else ()
    for place, word in enumerate(words if "IF" in words else ()):
        branch = opened[-1] if opened else None
        following: _Branch | None = None
        if word in CONDITIONS and words[place - 1] in BEFORE_IF:
            start, there, absent = conditions.read(place + 1, CONDITION_ENDS)
            following = _Branch(start + 1, there=there, absent=absent)
        elif word == "ELSE" and branch:
            following = _Branch(place + 1, there=branch.absent)
        if word in {"CASE", "BEGIN"} and words[place - 1] != "END":
            opened.append(None)
        elif opened and (word == "END" or (following and word != "IF")) and words[place + 1] != "LOOP":
            opened.pop()
            around -= branch is not None and branch.there
            if branch and branch.there and not around:  # else the branch around it has them
                statements += _split(words, branch.start, place)
        if following:
            opened.append(following)
            around += following.there
    return _guards(words, statements, caught)


def _caught_in_blocks(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the statements of blocks of PL/pgSQL that go on without an object which is not there."""
    opened = list[tuple[int, int]]()  # where a block begins, and its handlers
    for place, word in enumerate(words):
        if word in {"BEGIN", "CASE"} and words[place - 1] != "END":
            opened.append((place, 0))
        elif word == "EXCEPTION" and words[place + 1] == "WHEN" and opened:
            opened[-1] = (opened[-1][0], place)
        elif word == "END" and words[place + 1] not in {"IF", "LOOP"} and opened:
            start, handlers = opened.pop()
            if handlers and _goes_on(words, handlers, place):
                yield start + 1, handlers


def _goes_on(words: Sequence[str], handlers: int, end: int) -> bool:
    """Tell whether the handlers of a block catch what is not there, and raise no error."""
    raises = any(words[place] == "RAISE" and words[place + 1] not in SAYS for place in range(handlers, end))
    return not raises and not MISSING.isdisjoint(words[handlers:end])


class _Branch(NamedTuple):
    """The statements that run under a condition: whether it asks that something is there, or that it is not."""

    start: int
    there: bool
    absent: bool = False


def _split(words: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the statements between two indexes, each up to its semicolon."""
    ends = [place for place in range(start, end) if words[place] == ";"]
    yield from zip([start, *(place + 1 for place in ends)], [*ends, end], strict=True)


def _guards(
    words: Sequence[str], statements: Sequence[tuple[int, int]], caught: Iterable[tuple[int, int]]
) -> Guards | None:
    """Return the tokens of statements, by what they do; to create something is certain, but for a part of a table."""
    failing = frozenset(place for start, end in caught for place in range(start, end))
    perhaps, away = set[int](), set[int]()
    for start, end in statements:
        taking = words[start] == "DISABLE" or (words[start] == "ALTER" and words[start + 3] in TAKES_AWAY)
        if words[start] != "CREATE" or not PARTS.isdisjoint(words[start + 1 : start + 5]):
            (away if taking else perhaps).update(range(start, end))
    return Guards(frozenset(perhaps), frozenset(away), failing) if perhaps or away or failing else None


class _Conditions:
    """Reads conditions: whether they ask that something is there, or that it is not."""

    def __init__(self, words: Sequence[str], closing: Callable[[int], int], behind: Callable[[int], str]) -> None:
        self.words = words
        self.closing = closing
        self._behind = behind
        self.flags: dict[str, bool] = {}
        """Variables that tell whether something is there: by not being 0, or (False) by being 0."""
        self._counting: list[int] | None = None
        """The tokens of what may not be there."""

    def read(self, index: int, ends: Container[str]) -> tuple[int, bool, bool]:
        """Return the index behind a condition, and whether it asks that something is there, and that it is not."""
        words, operand, there, absent = self.words, index, False, False
        while words[index] and not (words[index] in ends and words[index - 1] != "(" and not _is_option(words, index)):
            operand = index + 1 if words[index] in {"AND", "OR"} else operand
            negated = words[operand] == "NOT" and words[operand + 1] != "EXISTS"
            end = self._value_end(index)
            asked = self._compared(index, end, negated=negated) if end >= 0 else None
            if asked is None:
                asked = _asked(words, index, negated=negated)
            there, absent = there or asked is True, absent or asked is False
            within = words[index] == "(" and (words[index - 1] == "EXISTS" or words[index + 1] == "SELECT")
            index = max(self.closing(index) if within else index, end) + 1
        return index, there, absent

    def note_flags(self) -> None:
        """Note the variables of a batch of T-SQL that get values which tell whether something is there."""
        verb, depth, cases, query_end = "", 0, 0, -1
        for index, word in enumerate(self.words):
            depth += (word == "(") - (word == ")")
            if cases or word == "CASE":
                cases += (word == "CASE") - (word == "END")
            elif depth == 0 and (word in ASSIGNS or word in STARTS):
                verb = word
            elif depth == 0 and word.startswith("@") and verb in ASSIGNS and self.words[index - 1] in BEFORE_VARIABLE:
                if verb == "SELECT" and index > query_end:
                    query_end = self._query_end(index)
                self._note_flag(index, query_end if verb == "SELECT" else -1)

    def _note_flag(self, index: int, query_end: int) -> None:
        """Note the variable at an index, which may get a value by the query that ends at another."""
        words, place = self.words, index + 1
        while words[place] not in {"=", ",", ";", ""} and words[place] not in STARTS:  # the type of the variable
            place += 1
        if words[place] == "=":
            told = self._told(place + 1, query_end if query_end > place else self._value_end(place + 1))
            if told is not None:
                self.flags[words[index]] = told

    def _query_end(self, index: int) -> int:
        """Return the last token of the query in which a token is."""
        while self.words[index + 1] not in {"", ";"} and not _begins(self.words, index + 1, ()):
            index = self.closing(index + 1) if self.words[index + 1] == "(" else index + 1
        return index

    def note_set(self, index: int) -> None:
        """Note the variable that a statement sets to a number where something is there."""
        if self.words[index] in ASSIGNS and self.words[index + 1].startswith("@") and self.words[index + 2] == "=":
            number = self._number(index + 2)
            if number is not None:
                self.flags.setdefault(self.words[index + 1], number != 0)

    def _told(self, index: int, end: int) -> bool | None:
        """Tell whether the value at an index is not 0 where something is there (True), or is 0 there (False)."""
        words = self.words
        if words[index : index + 2] in (["CASE", "WHEN"], ["IIF", "("]):
            then, there, absent = self.read(index + 2, frozenset({"THEN", ",", ";"}))
            number = self._number(then)
            return None if number is None or there == absent else there is (number != 0)
        if end < index or not self._counts(index, end):
            return None
        number = self._number(index - 1) if words[index] in {"FROM", ","} else None
        return number != 0  # SELECT @found = 1 FROM ...

    def _value_end(self, index: int) -> int:
        """Return the last token of a variable, a call or a subquery; -1 where none begins."""
        words = self.words
        if words[index].startswith("@"):
            return index
        if words[index] == "(" and words[index + 1] == "SELECT":
            return self.closing(index)
        called = words[index + 1] == "(" and (words[index] in COUNTS or words[index] in {"ISNULL", "COALESCE"})
        return self.closing(index + 1) if called else -1

    def _counts(self, start: int, end: int) -> bool:
        """Tell whether a value is that of something which may not be there."""
        if self._counting is None:
            self._counting = [
                place for place, word in enumerate(self.words) if word in COUNTS or CATALOG.fullmatch(word)
            ]
        number = bisect_left(self._counting, start)
        counts = number < len(self._counting) and self._counting[number] <= end
        return counts or any(self.flags.get(word) for word in self.words[start : min(end + 1, start + LONGEST_CALL)])

    def _compared(self, start: int, end: int, *, negated: bool) -> bool | None:
        """Tell what the comparison of a value with a number asks; None where there is none."""
        told = self.flags.get(self.words[start]) if start == end else (self._counts(start, end) or None)
        if told is None:
            return None
        before = start - 1
        while self.words[before] == "=":
            before -= 1
        if match := _COMPARED.match(self._behind(end)):
            holds = OPERATORS[match[1]](0, int(match[2]))
        elif match := _COMPARES.match(self._behind(before)):
            holds = OPERATORS[match[2]](int(match[1]), 0)
        else:
            return None
        return (holds is not told) is not negated

    def _number(self, index: int) -> int | None:
        """Return the number between a token and the next one, if there is nothing else."""
        match = _NUMBER.match(self._behind(index))
        return int(match[1]) if match else None


def _asked(words: Sequence[str], index: int, *, negated: bool) -> bool | None:
    """Tell whether a condition asks here that something is there (True), or that it is not (False).

    `negated`: NOT stands before the comparison.
    """
    if words[index] == "EXISTS":
        return (words[index - 1] != "NOT") is not negated
    if words[index : index + 3] == ["IS", "NOT", "NULL"]:
        return not negated
    return negated if words[index : index + 2] == ["IS", "NULL"] else None


class _Batch:
    """The words of a batch, with the ends of its parentheses and blocks."""

    def __init__(self, words: Sequence[str], closing: Callable[[int], int], behind: Callable[[int], str]) -> None:
        self.words = words
        self._closing = closing
        self._blocks = dict(_blocks(words))
        self._conditions = _Conditions(words, closing, behind)
        self._conditions.note_flags()

    def guarded(self, index: int) -> Iterator[tuple[int, int]]:
        """Yield the statements of the branch of an IF that something must be there for."""
        words = self.words
        start, there, absent = self._conditions.read(index + 1, STARTS)
        end = self._branch_end(start)
        if not there:
            start = end + (words[end] == ";") + 1
            if words[start - 1] != "ELSE" or not absent:
                return
            end = self._branch_end(start)
        while start < end:
            following = self._statement_end(start)
            if words[start] not in {"BEGIN", "END", "ELSE", ";"}:
                self._conditions.note_set(start)
                yield start, following
            start = max(following, start + 1)

    def caught(self) -> Iterator[tuple[int, int]]:
        """Yield the statements of TRY blocks whose CATCH raises no error."""
        words = self.words
        for start, end in self._blocks.items():
            catch = end + 1 + (words[end + 1 : end + 2] == [";"])
            if words[start : start + 2] == ["BEGIN", "TRY"] and words[catch : catch + 2] == ["BEGIN", "CATCH"]:
                handlers = words[catch : self._blocks.get(catch, catch)]
                if RETHROWS.isdisjoint(handlers):
                    yield start + 2, end

    def _branch_end(self, index: int) -> int:
        """Return the index behind the statement or block that begins at an index."""
        for _ in range(DEEPEST):
            if self.words[index] != "IF":
                break
            index = self._conditions.read(index + 1, STARTS)[0]
        return self._blocks.get(index) or self._statement_end(index)

    def _statement_end(self, index: int) -> int:
        """Return the index behind a statement, which needs no semicolon."""
        words, index = self.words, self._behind_expressions(index)
        first, index = words[index], index + 1
        within = WITHIN.get(first, frozenset())
        while first in PERMISSIONS and words[index] not in {"ON", "TO", "FROM", ""}:
            index += 1
        while words[index] not in {"", ";"} and not _begins(words, index, within):
            if first in ONCE and (words[index] in within or words[index] == "VALUES"):
                within = frozenset()
            index = self._skip(index)
        return index

    def _behind_expressions(self, index: int) -> int:
        """Return the index behind the common table expressions of a statement."""
        words = self.words
        while words[index] == "WITH" or (words[index] == "," and words[index + 1]):
            index += 1
            while words[index] not in {"AS", ",", ""}:  # the name and its columns, or XMLNAMESPACES
                index = self._skip(index)
            if words[index] == "AS":
                index = self._skip(index + 1)
        return index

    def _skip(self, index: int) -> int:
        """Return the index behind the token or the parentheses that begin at an index."""
        return self._closing(index) + 1 if self.words[index] == "(" else index + 1


def _blocks(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where each BEGIN of a block stands, and the index behind its END."""
    opened: list[int] = []
    for index, word in enumerate(words):
        if (word == "BEGIN" and words[index + 1] not in NO_BLOCK) or word == "CASE":
            opened.append(index)
        elif word == "END" and opened:
            yield opened.pop(), index + 1
    yield from ((index, len(words) - 1) for index in opened)


def _is_option(words: Sequence[str], index: int) -> bool:
    """Tell whether WITH says something of a table or a statement, and begins no common table expressions."""
    listed = words[index + 2] == "(" and words[index + 1] != "("
    return words[index] == "WITH" and words[index + 2 : index + 4] != ["AS", "("] and not listed


def _begins(words: Sequence[str], index: int, within: Container[str]) -> bool:
    """Tell whether a statement begins here after one in which some words go on."""
    word, before = words[index], words[index - 1] if index else ""
    if word not in STARTS or before in BEFORE_WITHIN or word in within or _is_option(words, index):
        return False
    if (before == "ALL" and words[index - 2] in SET_OPERATORS) or (before == "ON" and words[index + 1] in KEY_ACTIONS):
        return False
    part = (word == "IF" and words[index + 1] == "EXISTS" and words[index + 2] != "(") or words[index + 1] == "COLUMN"
    return not part
