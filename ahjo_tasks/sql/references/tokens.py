"""Tokens for readers of names: dotted names whole, strings, and the marks that structure SQL.

Offsets are not kept, which makes reading several times as fast: `token_span` reads the text again for one token.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import BLANKS, DOLLAR_TAG, MSSQL, MYSQL, NESTED, SQLITE, closing
from ahjo_tasks.sql.scanner import comment_depth, comment_end
from ahjo_tasks.sql.tokens import bare_name, stored_name, unquoted, with_plain_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax

STRING = "'"
"""The mark that stands for any string among keywords."""
MARKS = "(),;=%{:"
"""The first characters of the marks."""
DEEPEST = NESTED + 1
_SPECIAL = re.compile(r"[\"`\[/\-#]")
"""A part of a dotted name that has quotes or comments in it."""
_BLANK = re.compile(r"[^\r\n]")
_DOT = re.compile(rf"\.(?:(?<=[{BLANKS}/]\.)|(?<=\w\.)(?=\.))")
"""A dot that may stand for the parts of a name that are left out."""
_LAST_WORD = re.compile(r"(?<![\w@#$.])[A-Za-z]++\Z")
LONGEST_AHEAD = 200
"""Characters before a dot that are searched for the word before a name."""


def word_set(words: str) -> frozenset[str]:
    """The words of a list that is written in one string."""
    return frozenset(words.split())


NAME_FOLLOWS = word_set(
    "FROM JOIN INTO UPDATE INSERT DELETE MERGE EXEC EXECUTE TABLE VIEW PROC PROCEDURE FUNCTION TRIGGER FOR ON "
    "REFERENCES EXISTS AS TO STATISTICS IDENTITY_INSERT"
)
"""Reserved words of T-SQL before a name, of which the first parts may be left out."""
NAME_FOLLOWS_CLAUSE = word_set("APPLY SYNONYM SEQUENCE TYPE")
"""Words that only behind another one are no names themselves: CROSS APPLY."""
BEFORE_DOTS = NAME_FOLLOWS | NAME_FOLLOWS_CLAUSE


def name_tokens(text: str, syntax: Syntax) -> list[str]:
    """The tokens of a text as they are written: dotted names (also `t.*`), strings, and the marks `( ) , ; = % { ::`.

    Comments, numbers and other operators are left out. Nothing is refused: what is not closed ends with the text.
    """
    text = _shallow(text, syntax)
    if syntax.dollar_quotes and "$" in text:
        return [token for token, _tag in _pattern(syntax, dollars=True).findall(text) if token]
    return list(filter(None, _pattern(syntax, dollars=False).findall(text)))


def names_before_arguments(text: str, syntax: Syntax) -> set[str]:
    """The names, as they are written, behind which a parenthesis or a string follows without an operator between."""
    found = _before_arguments(syntax).findall(_with_usual_names(text, syntax))
    return {name for name, mark in found if mark}


@lru_cache
def _before_arguments(syntax: Syntax) -> re.Pattern[str]:
    string = rf"(?:[{syntax.prefixes}]|[uU]&|)[{syntax.strings}]"
    passed = "|".join([*syntax.string_forms(lenient=True), syntax.skipped])
    # a name that nothing of it follows is passed, too: without that each of its letters would be tried
    name = rf"(?<![\w.])({_dotted(syntax)})(?:{syntax.gap()}(?=(\(|{string}|\$))|)"
    return re.compile(rf"(?:{name}|{passed})[{BLANKS}]*+")


def token_span(text: str, syntax: Syntax, index: int) -> tuple[int, int]:
    """Return the offsets at which the token of an index begins and ends in the text."""
    return next(islice(_spans(text, syntax), index, None), (0, 0))


def token_spans(text: str, syntax: Syntax) -> list[tuple[int, int]]:
    """Return these offsets of all tokens."""
    return list(_spans(text, syntax))


def _spans(text: str, syntax: Syntax) -> Iterator[tuple[int, int]]:
    text = _shallow(text, syntax)
    matches = _pattern(syntax, dollars=syntax.dollar_quotes and "$" in text).finditer(text)
    return (match.span(1) for match in matches if match[1])


def strings_to_names(tokens: list[str], words: list[str]) -> None:
    """Make names of the strings that stand where only a name can, as SQLite reads them."""
    for index, word in enumerate(words):
        if word == STRING and _takes_name(words, index):
            value = string_value(tokens[index], SQLITE)
            tokens[index] = '"' + value.replace('"', '""') + '"'
            words[index] = tokens[index].upper()


def _takes_name(words: list[str], index: int) -> bool:
    """Tell whether a name must stand at an index; a comma and FROM with DISTINCT lead to expressions, too."""
    before = words[index - 1] if index else ""
    if before == "FROM":
        return words[index - 2] != "DISTINCT"
    if before == "ON":  # the table of an index or a trigger, and no condition
        return words[index + 1] in {"(", "BEGIN", "FOR", "WHEN"} and "CREATE" in words[max(index - 12, 0) : index]
    return before in NAME_AHEAD


NAME_AHEAD = word_set("JOIN INTO UPDATE TABLE VIEW TRIGGER INDEX REFERENCES EXISTS")
"""Words of SQLite that only a name can follow, and no other string."""


def keywords(tokens: list[str], syntax: Syntax) -> list[str]:
    """The tokens in capitals, and the mark STRING for each string."""
    opening = syntax.strings + "$" * syntax.dollar_quotes
    return [STRING if token[0] in opening else token.upper() for token in tokens]


@lru_cache(maxsize=4096)
def split_name(token: str, syntax: Syntax) -> tuple[str, ...]:
    """The parts of a dotted name, unquoted and as the server knows them; a part that is left out is empty."""
    if not _SPECIAL.search(token):
        return tuple(bare_name(part, syntax) for part in "".join(token.split()).split("."))
    parts = [match[1] for match in _part(syntax).finditer(token)]
    return tuple(unquote_name(part, syntax) for part in parts)


def unquote_name(part: str, syntax: Syntax) -> str:
    """One part of a name, unquoted and as the server knows it."""
    if not part or part[0] not in syntax.names:
        return bare_name(part, syntax)
    close = closing(part[0])
    inner = part[1:-1] if part.endswith(close) and len(part) > 1 else part[1:]
    name = inner.replace(close * 2, close) if part[0] != "[" or syntax.doubled_brackets else inner
    return stored_name(name, syntax)


def string_value(token: str, syntax: Syntax) -> str:
    """Return the content of a string."""
    if token[0] == "$":
        size = token.index("$", 1) + 1
        return token[size:-size] if token.endswith(token[:size]) and len(token) >= 2 * size else token[size:]
    return unquoted(token, syntax)


def _with_usual_names(text: str, syntax: Syntax) -> str:
    """The text with plain names for U&"name", and in SQL Server without the dots before a name: FROM ..t is FROM t.

    Offsets and lines stay.
    """
    if syntax is not MSSQL:
        return with_plain_names(text, syntax)
    may = any(before + "." in text for before in (*BLANKS, "/", ".")) and any(map(_may_lead, _DOT.finditer(text)))
    return _leading_dots().sub(_without_dots, text) if may else text


def _may_lead(dot: re.Match[str]) -> bool:
    """Tell quickly whether a word that a name follows, or a comment, may stand before a dot."""
    ahead = dot.string[max(0, dot.start() - LONGEST_AHEAD) : dot.start()]
    before = ahead.rstrip(BLANKS)
    if "--" in before and "\n" in ahead[len(before) :]:
        return True
    word = _LAST_WORD.search(before)
    return not before or before.endswith("/") or (word is not None and word[0].upper() in BEFORE_DOTS)


def _without_dots(match: re.Match[str]) -> str:
    """Write blanks for the dots before a name, and for nothing else that the expression passes."""
    dots = match["dots"]
    return match[0][: -len(dots)] + dots.replace(".", " ") if dots else match[0]


@lru_cache
def _leading_dots() -> re.Pattern[str]:
    """A word before a name and the dots between them, which part no name; strings and comments are passed."""
    gap = rf"(?:{MSSQL.gap()})"
    passed = "|".join([*MSSQL.literals(lenient=True), *MSSQL.comments(lenient=True)])
    clause = rf"(?:CROSS|OUTER|CREATE|ALTER|DROP){gap}(?:{'|'.join(sorted(NAME_FOLLOWS_CLAUSE))})"
    ahead = rf"(?<![\w@#$.])(?ai:{clause}|{'|'.join(sorted(NAME_FOLLOWS))})(?![\w@#$])"
    return re.compile(rf"{passed}|{ahead}{gap}(?P<dots>\.{gap}(?:\.{gap}|)*+)(?=[\w@#\[\"])")


def _shallow(text: str, syntax: Syntax) -> str:
    """The text without comments that are nested too deep for an expression, and with the usual form of names.

    Offsets and lines stay.
    """
    text = _with_usual_names(text, syntax)
    if not syntax.nested_comments or comment_depth(text) <= DEEPEST:
        return text
    parts, start = [], 0
    for match in _opaque(syntax).finditer(text):
        if match[1] is not None and match.start() >= start:
            end = comment_end(text, match.start()) or len(text)
            parts += [text[start : match.start()], _BLANK.sub(" ", text[match.start() : end])]
            start = end
    return "".join([*parts, text[start:]])


@lru_cache
def _opaque(syntax: Syntax) -> re.Pattern[str]:
    dollar = [rf"({DOLLAR_TAG})(?:[\s\S]*?\2|[\s\S]*)"] if syntax.dollar_quotes else []
    line = syntax.comments(lenient=True)[:-1]
    return re.compile("|".join([*syntax.literals(lenient=True), *line, rf"({syntax.comment_open})", *dollar]))


@lru_cache
def _pattern(syntax: Syntax, *, dollars: bool) -> re.Pattern[str]:
    """One group for every token, another one for a dollar tag; blanks are taken along, which is quicker."""
    dollar = [rf"(?<![\w$])({DOLLAR_TAG})(?:[\s\S]*?\2|[\s\S]*)"] if dollars else []
    string = "|".join([*dollar, *syntax.string_forms(lenient=True)])
    token = rf"{_dotted(syntax)}|::|[(),;=%{{]|{string}"
    return re.compile(rf"(?:({token})|{syntax.number}|{syntax.skipped})[{BLANKS}]*+")


def _dotted(syntax: Syntax) -> str:
    """A name with all of its parts."""
    quoted = "|".join(syntax.name_forms(lenient=True))
    close = rf"(?:{syntax.gap()})"
    dot = rf"{close}\.(?:{close}\.|)?+(?:{close}\.|)?+"
    more = rf"(?:{dot}{close}(?:{_word(syntax)}|{quoted}|\*(?!/))|)*+"
    return rf"(?:{_word(syntax)}|{quoted}){more}"


def _word(syntax: Syntax) -> str:
    """A bare name; in MySQL it may begin with a digit, where it is not a number."""
    digits = rf"|(?!0[xXbB]|[0-9]++[eE][0-9]|[0-9]++(?![^\W\d]))[0-9]++{syntax.word}" if syntax is MYSQL else ""
    return rf"(?:(?![{syntax.prefixes}]'){syntax.word}{digits})"


@lru_cache
def _part(syntax: Syntax) -> re.Pattern[str]:
    """A part of a dotted name, or the nothing between two dots."""
    quoted = "|".join(syntax.name_forms(lenient=True))
    return re.compile(rf"{syntax.gap()}(?:\.{syntax.gap()}|)?+((?=\.)|\*|{quoted}|{syntax.word})")
