"""Reads what is no name of an object and may mean one in PostgreSQL: operators, and functions written as columns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import DOLLAR_TAG, POSTGRESQL
from ahjo_tasks.sql.references.model import Strength
from ahjo_tasks.sql.references.tokens import string_value, unquote_name, word_set

if TYPE_CHECKING:
    from collections.abc import Iterable

OPERATOR = r"[-+*/<>=~!@#%^&|`?]+"
BUILTIN_OPERATORS = word_set(
    "+ - * / % ^ = <> != < > <= >= || |/ ||/ @ & | # ~ << >> ~~ !~~ ~~* !~~* ~* !~ !~* @> <@ && -> ->> #> #>> #- ? ?| "
    "?& @? @@ @@@ @-@ ## <-> &< &> <<| |>> &<| |&> <^ >^ ?# ?- ?-| ?|| ~= -|- !! ^@ *= *<> *< *> *<= *>= "
    "~<~ ~<=~ ~>~ ~>=~ <<= >>="
)
"""The operators that the database brings itself; another one may be called the same and take other types."""
NO_NEED = r"(?i:\bcreate\s+operator\b\s*|\b(?:commutator|negator)\s*=\s*(?:operator\s*\(\s*)?)"
"""Words before an operator that is created, or that need not be there yet."""
_PLPGSQL = re.compile(r"(?i)\blanguage\s+'?plpgsql")


def read_symbols(texts: Iterable[str]) -> dict[str, Strength]:
    """The operators of the texts, the types of casts as `::type`, and `.name` for names behind dots but for calls."""
    symbols: dict[str, Strength] = {}
    for text in texts:
        body = Strength.LATE if _PLPGSQL.search(text) else Strength.CREATION
        for symbol, strength in _symbols(text, Strength.CREATION, body):
            symbols[symbol] = min(strength, symbols.get(symbol, strength))
    return symbols


def _symbols(text: str, strength: Strength, body: Strength) -> Iterable[tuple[str, Strength]]:
    for match in _pattern().finditer(text):
        if inner := match["body"] or match["string"]:
            yield from _symbols(string_value(inner, POSTGRESQL), body, body)
        elif cast := match["cast"] or match["as_type"]:
            yield f"::{unquote_name(cast.rpartition('.')[2], POSTGRESQL)}", strength
        elif match["name"]:
            yield f".{unquote_name(match['name'], POSTGRESQL)}", strength
        elif match["operator"]:
            yield match["operator"], strength


@lru_cache
def _pattern() -> re.Pattern[str]:
    syntax = POSTGRESQL
    quoted = "|".join(syntax.name_forms(lenient=True))
    strings = "|".join(syntax.string_forms(lenient=True))
    body = rf"(?<![\w$])(?P<tag>{DOLLAR_TAG})(?:[\s\S]*?(?P=tag)|[\s\S]*)"
    typed = rf"(?:{syntax.word}\.)?(?:{syntax.word}|{quoted})"
    name = rf"\.\s*(?P<name>{syntax.word}|{quoted})(?!\s*[.(])"
    cast = rf"(?:::\s*(?P<cast>{typed})|(?i:\bas)\s+(?P<as_type>{typed})\s*\))"
    skipped = "|".join(syntax.comments(lenient=True))
    old_body = rf"(?<=\b[aA][sS]\s)\s*(?P<string>{strings})"
    no_need = rf"{NO_NEED}(?:(?:{syntax.word}|{quoted})\s*\.\s*|)?+{OPERATOR}"
    return re.compile(
        rf"{skipped}|{no_need}|{cast}|(?P<body>{body})|{old_body}|{strings}|{name}|{quoted}|{syntax.word}|(?P<operator>{OPERATOR})"
    )


def operator_ahead(text: str, start: int) -> tuple[str, str]:
    """The schema and the symbol of the operator that is named at an offset."""
    match = re.compile(rf"{POSTGRESQL.gap()}(?:(\w+|\"[^\"]+\")\s*\.\s*)?({OPERATOR})").match(text, start)
    return (unquote_name(match[1] or "", POSTGRESQL), match[2]) if match else ("", "")
