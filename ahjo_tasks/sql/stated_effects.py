"""Read from statements which tables, columns and indexes are there after them, or no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.references.tokens import keywords, name_tokens, split_name, word_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.sql.lexer import Syntax

BEFORE_KIND = word_set("UNIQUE FULLTEXT SPATIAL ONLINE OFFLINE CLUSTERED NONCLUSTERED UNLOGGED")
FILLING = word_set("COLUMN CONCURRENTLY EXISTS IF ONLY")
INDEX_WORDS = word_set("INDEX KEY CONSTRAINT CHECK FOREIGN UNIQUE FULLTEXT SPATIAL PRIMARY PERIOD")
NAMED_INDEX = word_set("INDEX KEY CONSTRAINT")
OBJECTS = word_set("VIEW PROCEDURE FUNCTION TRIGGER EVENT")
HEAD = 12
"""Words of a statement among which the kind of its object is, after DEFINER and the like."""


class Effect(NamedTuple):
    """A table or an object, or a column or an index (or constraint) of it, which is there after a statement or is not.

    `table` is the name of the table or the object, by its parts, `on` that of the table of a trigger.
    """

    kind: str
    table: tuple[str, ...]
    name: str
    present: bool
    on: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As in `column shop.name`, or `trigger audit on shop`."""
        on = f" on {'.'.join(self.on)}" if self.on else ""
        return f"{self.kind} {'.'.join(filter(None, (*self.table, self.name)))}{on}"


def stated_effects(text: str, syntax: Syntax) -> tuple[Effect, ...]:
    """Return the effects that one statement states; none where it can run twice, or copies rows."""
    tokens = name_tokens(text, syntax)
    words = keywords(tokens, syntax)
    if not words or {"REPLACE", "TEMPORARY", "TEMP", "IF"} & {*words[:6]}:
        return ()
    read = {"CREATE": _created, "DROP": _dropped, "ALTER": _altered, "RENAME": _renamed}.get(words[0])
    found = tuple(read(tokens, words, syntax)) if read else ()
    names = [(effect.kind, effect.table, effect.name) for effect in found]
    return found if len(names) == len({*names}) else ()


def _created(tokens: Sequence[str], words: Sequence[str], syntax: Syntax) -> Iterator[Effect]:
    index = _past(words, 1, BEFORE_KIND)
    kind, rest = words[index : index + 1], _past(words, index + 1, FILLING)
    if kind == ["TABLE"] and rest < len(tokens) and "SELECT" not in words:
        yield Effect("table", split_name(tokens[rest], syntax), "", present=True)
    yield from _object(tokens, words, syntax)
    if (
        kind == ["INDEX"]
        and words[rest + 1 : rest + 2] == ["ON"]
        and len(tokens) > (table := _past(words, rest + 2, FILLING))
    ):
        yield Effect("index", split_name(tokens[table], syntax), _last(tokens[rest], syntax), present=True)


def _object(tokens: Sequence[str], words: Sequence[str], syntax: Syntax) -> Iterator[Effect]:
    """Yield the object other than a table that the statement creates or drops."""
    kind = next((index for index, word in enumerate(words[1:HEAD], 1) if word in OBJECTS | {"TABLE", "INDEX"}), None)
    if kind is not None and words[kind] in OBJECTS and kind + 1 < len(tokens):
        name = split_name(tokens[kind + 1], syntax)
        on = words.index("ON", kind) + 1 if words[kind] == "TRIGGER" and "ON" in words[kind:-1] else 0
        yield Effect(words[kind].lower(), name, "", words[0] == "CREATE", split_name(tokens[on], syntax) if on else ())


def _dropped(tokens: Sequence[str], words: Sequence[str], syntax: Syntax) -> Iterator[Effect]:
    rest = _past(words, 2, FILLING)
    yield from _object(tokens, words, syntax)
    if words[1:2] == ["TABLE"]:
        for position in range(rest, len(tokens), 2):
            yield Effect("table", split_name(tokens[position], syntax), "", present=False)
            if words[position + 1 : position + 2] != [","]:
                break
    if words[1:2] == ["INDEX"] and words[rest + 1 : rest + 2] == ["ON"]:
        yield Effect("index", split_name(tokens[rest + 2], syntax), _last(tokens[rest], syntax), present=False)


def _renamed(tokens: Sequence[str], words: Sequence[str], syntax: Syntax) -> Iterator[Effect]:
    if words[1:2] == ["TABLE"] and words[3:4] == ["TO"] and len(tokens) == 5:  # noqa: PLR2004 - one table
        yield Effect("table", split_name(tokens[2], syntax), "", present=False)
        yield Effect("table", split_name(tokens[4], syntax), "", present=True)


def _altered(tokens: Sequence[str], words: Sequence[str], syntax: Syntax) -> Iterator[Effect]:
    index = _past(words, 2, FILLING)
    if words[1:2] != ["TABLE"] or index >= len(tokens):
        return
    table = split_name(tokens[index], syntax)
    for first, last in _actions(words, index + 1):
        yield from _action(tokens[first:last], words[first:last], table, syntax)


def _actions(words: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
    """Yield first and last index of the parts between commas that no bracket holds."""
    depth, first = 0, start
    for index in range(start, len(words)):
        depth += (words[index] == "(") - (words[index] == ")")
        if words[index] == "," and not depth:
            yield first, index
            first = index + 1
    yield first, len(words)


def _action(tokens: Sequence[str], words: Sequence[str], table: tuple[str, ...], syntax: Syntax) -> Iterator[Effect]:
    """Yield the effects of one action of ALTER TABLE."""
    verb, index = words[:1], _past(words, 1, FILLING)
    if verb == ["RENAME"] and words[1:2] in (["TO"], ["AS"]) and len(tokens) > 2:  # noqa: PLR2004 - the name
        yield Effect("table", table, "", present=False)
        yield Effect("table", (*table[:-1], _last(tokens[2], syntax)), "", present=True)
    elif verb in (["RENAME"], ["CHANGE"]):
        yield from _renamed_column([token for token in tokens[index:] if token.upper() != "TO"], verb, table, syntax)
    elif verb in (["ADD"], ["DROP"]) and index < len(tokens):
        present = verb == ["ADD"]
        if words[index] not in INDEX_WORDS:
            yield Effect("column", table, _last(tokens[index], syntax), present)
            return
        named = next((n for n in range(index, min(index + 2, len(words))) if words[n] in NAMED_INDEX), None)
        if named is not None and words[index] != "PRIMARY" and words[named + 1 : named + 2] not in ([], ["("]):
            yield Effect("index", table, _last(tokens[named + 1], syntax), present)


def _renamed_column(
    names: Sequence[str], verb: Sequence[str], table: tuple[str, ...], syntax: Syntax
) -> Iterator[Effect]:
    old, new = ([_last(name, syntax) for name in names[:2]] + ["", ""])[:2]
    if new and old.lower() != new.lower() and (verb == ["CHANGE"] or names[0].upper() not in INDEX_WORDS):
        yield Effect("column", table, old, present=False)
        yield Effect("column", table, new, present=True)


def _past(words: Sequence[str], index: int, skipped: frozenset[str]) -> int:
    while index < len(words) and words[index] in skipped:
        index += 1
    return index


def _last(token: str, syntax: Syntax) -> str:
    return split_name(token, syntax)[-1]
