"""Finds the statements of T-SQL that run only where something is there: IF EXISTS (...) ALTER TABLE ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.references.tokens import word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STARTS = word_set(
    "ALTER BEGIN CREATE DECLARE DELETE DENY DISABLE DROP ELSE ENABLE END EXEC EXECUTE GRANT IF INSERT MERGE PRINT "
    "RAISERROR RETURN REVOKE SELECT SET THROW TRUNCATE UPDATE USE WHILE"
)
"""Words that begin a statement, or a part of IF."""
WITHIN = {
    "ALTER": word_set("DISABLE DROP ENABLE SET"),
    "INSERT": word_set("EXEC EXECUTE SELECT"),
    "UPDATE": frozenset({"SET"}),
    "MERGE": word_set("DELETE INSERT SET UPDATE"),
}
"""The words among them that go on in a statement, by its first word."""
PERMISSIONS = frozenset({"GRANT", "DENY", "REVOKE"})
"""Words behind which permissions are named by any words, up to ON, TO or FROM."""
BEFORE_WITHIN = word_set("UNION EXCEPT INTERSECT ALL ON FOR THEN AS")
"""Words behind which none of them begins a statement."""
TAKES_AWAY = frozenset({"DROP", "NOCHECK", "DISABLE"})
"""Words behind the name in ALTER TABLE that only take something away from it."""
MODULES = word_set("PROC PROCEDURE FUNCTION VIEW TRIGGER")
DEEPEST = 20
"""Conditions one behind the other that are read as one."""
NO_BLOCK = word_set("TRAN TRANSACTION DISTRIBUTED DIALOG CONVERSATION")


class Guards(NamedTuple):
    """Tokens of statements that run only where something is there, and of those that take something away from it."""

    run_perhaps: frozenset[int]
    take_away: frozenset[int]


def find_guards(words: Sequence[str], closing: Callable[[int], int]) -> Guards | None:
    """Read the conditions of a batch, unless it is a module, whose body runs later anyway.

    None where there are no such statements. `closing` gives the index of the parenthesis that closes one.
    """
    head = words[2 * (words[1] == "OR") : 4][:2]
    if "IF" not in words or (head[0] in {"CREATE", "ALTER"} and head[1] in MODULES):
        return None
    batch = _Batch(words, closing)
    perhaps, away, end = set[int](), set[int](), 0
    for place, word in enumerate(words):
        if word != "IF" or place < end or not _begins(words, place, ""):
            continue
        for start, end in batch.guarded(place):
            taking = words[start] == "DISABLE" or (words[start] == "ALTER" and words[start + 3] in TAKES_AWAY)
            (away if taking else perhaps).update(range(start, end))
    return Guards(frozenset(perhaps), frozenset(away)) if perhaps or away else None


class _Batch:
    """The words of a batch, with the ends of its parentheses and blocks."""

    def __init__(self, words: Sequence[str], closing: Callable[[int], int]) -> None:
        self.words = words
        self._closing = closing
        self._blocks = dict(_blocks(words))

    def guarded(self, index: int) -> Iterator[tuple[int, int]]:
        """Yield the statements of the branch of an IF that something must be there for; creating one is certain."""
        words = self.words
        start, there = self._condition(index + 1)
        end = self._branch_end(start)
        if not there:
            start = end + (words[end] == ";") + 1
            if words[start - 1] != "ELSE":
                return
            end = self._branch_end(start)
        while start < end:
            following = self._statement_end(start)
            if words[start] not in {"CREATE", "BEGIN", "END", "ELSE", ";"}:
                yield start, following
            start = max(following, start + 1)

    def _condition(self, index: int) -> tuple[int, bool]:
        """Return the index behind a condition, and whether it asks that something is there."""
        words, there = self.words, False
        while words[index] and not (words[index] in STARTS and words[index - 1] != "("):
            there |= words[index] == "EXISTS" and words[index - 1] != "NOT"
            there |= words[index : index + 3] == ["IS", "NOT", "NULL"]
            index = self._skip(index) if words[index - 1] == "EXISTS" else index + 1
        return index, there

    def _branch_end(self, index: int) -> int:
        """Return the index behind the statement or block that begins at an index."""
        for _ in range(DEEPEST):
            if self.words[index] != "IF":
                break
            index = self._condition(index + 1)[0]
        return self._blocks.get(index) or self._statement_end(index)

    def _statement_end(self, index: int) -> int:
        """Return the index behind a statement, which needs no semicolon."""
        words, first, index = self.words, self.words[index], index + 1
        while first in PERMISSIONS and words[index] not in {"ON", "TO", "FROM", ""}:
            index += 1
        while words[index] not in {"", ";"} and not _begins(words, index, first):
            index = self._skip(index)
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


def _begins(words: Sequence[str], index: int, first: str) -> bool:
    """Tell whether a statement begins here after one that begins with another word."""
    word, before = words[index], words[index - 1] if index else ""
    if word not in STARTS or before in BEFORE_WITHIN or word in WITHIN.get(first, ()):
        return False
    part = (word == "IF" and words[index + 1] == "EXISTS" and words[index + 2] != "(") or words[index + 1] == "COLUMN"
    return not part
