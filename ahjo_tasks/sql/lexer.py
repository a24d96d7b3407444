"""The lexical rules of each database, as data and as regular expressions: strings, quoted names, comments, words.

Every expression is possessive, so that it takes linear time: no character is read again for want of a closing quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from string import digits

BLANKS = " \t\r\n\f\v"
"""Characters that every server skips between words. `str.isspace` is wider: a no-break space is text."""

NAME_QUOTES = '["`'
"""Every character that opens a quoted name in some dialect."""

NESTED = 2
"""Depth of nested comments that an expression reads; deeper ones take a loop (`scanner.comment_end`)."""

_NO_LETTERS = frozenset(char for char in map(chr, range(128)) if not char.isalpha() and char != "_") | {"\xa0"}

_CERTAIN_HASH = r"(?<!\S)\#(?=[ \t=*]|\#\#|--)"
"""A comment of MySQL, and neither a temporary table (#t, ##t) nor an operator (#>, #-)."""

_CERTAIN_BRACKETS = r"\[(?:[^\]'\r\n]++|\]\]|)*+\]|\[(?<![\w\[\]]\[)(?:[^\]\r\n]++|\]\]|)*+\]"
"""A name of SQL Server; it holds an apostrophe only where it cannot be PostgreSQL's ARRAY['a']."""

DOLLAR_TAG = r"\$(?:[^\W\d]\w*+)?\$"


def letters(more: str = "") -> str:
    r"""Give the character class of all letters, `_`, and the characters of `more`.

    Every server takes any character beyond ASCII for a letter, but for the no-break space. A negated class is compiled
    and searched far faster than ranges or `\w`.
    """
    return f"[^{re.escape(''.join(sorted(_NO_LETTERS - set(more))))}]"


@dataclass(frozen=True, eq=False, slots=True)
class Syntax:
    """The lexical rules of one dialect.

    `names` and `strings` are the characters that open quoted names and strings, `word_starts` and `word_parts` the
    characters of a word besides letters and digits, `prefixes` the letters that may stand before a string's quote
    (N'...'). With `lower_names` the server stores a name without quotes in lower case; of any name it stores the first
    `longest_name` bytes, where that is not 0. With `words_after_numbers` a word may follow a number without a blank:
    1FROM. `conditional_comments` is the expression for what makes code of a block comment when it follows the opening.
    `unknown_dialect` is for texts of any dialect: a `#` is read as a comment, and `[` as a quote, only where they
    cannot be anything else.
    """

    names: str
    strings: str = "'"
    word_starts: str = ""
    word_parts: str = "$"
    prefixes: str = "nN"
    newline: str = r"\r\n"
    backslash_escapes: bool = False
    escape_strings: bool = False
    dollar_quotes: bool = False
    doubled_brackets: bool = False
    nested_comments: bool = False
    hash_comments: bool = False
    dashes_need_blank: bool = False
    conditional_comments: str = ""
    words_after_numbers: bool = False
    unknown_dialect: bool = False
    lower_names: bool = False
    longest_name: int = 0

    @property
    def quotes(self) -> str:
        """Every character that opens a string or a quoted name, escaped for a character class."""
        return re.escape(self.strings + self.names)

    @property
    def word(self) -> str:
        """The expression for a bare name or keyword."""
        return rf"{letters(self.word_starts)}{letters(digits + self.word_parts)}*+"

    @property
    def number(self) -> str:
        """The expression for a number, with the letters that may be parts of it."""
        if not self.words_after_numbers:
            return r"[0-9][\w.]*+"
        return r"(?:0[xX][0-9a-fA-F]++|[0-9]++(?:\.[0-9.]*+|)?+(?:[eE][-+]?[0-9]++|)?+)"

    @property
    def dollar(self) -> str:
        """The expression for the opening of a dollar-quoted string; it never matches where the dialect has none."""
        return rf"(?<![\w$]){DOLLAR_TAG}" if self.dollar_quotes else r"(?!)"

    @property
    def comment_open(self) -> str:
        """The expression for the opening of a block comment. MySQL runs the content of `/*! */`: that is code."""
        return rf"/\*(?!{self.conditional_comments})" if self.conditional_comments else r"/\*"

    @property
    def code_open(self) -> str:
        """The expression for the opening of a block comment whose content is code."""
        return rf"/\*{self.conditional_comments}[0-9]*+" if self.conditional_comments else r"(?!)"

    @property
    def skipped(self) -> str:
        """The expression for what says nothing: a comment, unfinished or not, or the opening of one that is code."""
        opening = [self.code_open] if self.conditional_comments else []
        return "|".join([*opening, *self.comments(lenient=True)])

    def literals(self, *, lenient: bool = False) -> list[str]:
        """List the expressions for strings and quoted names. A lenient one may end with the text."""
        return [*self.string_forms(lenient=lenient), *self.name_forms(lenient=lenient)]

    def string_forms(self, *, lenient: bool = False) -> list[str]:
        """List one expression for each way to write a string."""
        plain = [quoted(char, lenient=lenient, backslash=self.backslash_escapes) for char in self.strings]
        if not self.escape_strings:
            return plain
        # PostgreSQL: only E'...' knows the backslash, and a part of it that begins on a later line; line comments may
        # stand between.
        part = quoted("'", lenient=lenient, backslash=True)
        comment = r"--[^\r\n]*+"
        escaped = rf"{part}(?:[ \t\f\v]*+(?:{comment}|)[\r\n](?:[{BLANKS}]++|{comment}|)*+{part}|)*+"
        return [rf"(?<=(?<![\w$])[eE]){escaped}", rf"(?<!(?<![\w$])[eE])(?:{plain[0]})"]

    def name_forms(self, *, lenient: bool = False) -> list[str]:
        """List one expression for each way to quote a name."""
        return [
            _CERTAIN_BRACKETS
            if char == "[" and self.unknown_dialect
            else quoted(char, lenient=lenient, doubled=char != "[" or self.doubled_brackets)
            for char in self.names
        ]

    def comments(self, *, lenient: bool = False) -> list[str]:
        """List the expressions for line and block comments. Deeply nested ones are left to `scanner.comment_end`."""
        return [*self.line_comments(), self.block_comment(lenient=lenient)]

    def line_comments(self) -> list[str]:
        """List the expressions for comments that end with their line."""
        return [rf"{opening}[^{self.newline}]*+" for opening in self.line_comment_opens()]

    def line_comment_opens(self) -> list[str]:
        """List the expressions for what opens a line comment."""
        dashes = r"--(?=[\x00- ]|\Z)" if self.dashes_need_blank else "--"
        hashes = _CERTAIN_HASH if self.unknown_dialect else r"\#"
        return [dashes, *([hashes] if self.hash_comments else [])]

    def gap(self) -> str:
        """Give the expression for any number of blanks and comments."""
        return rf"(?:[{BLANKS}]++|{'|'.join(self.comments(lenient=True))}|)*+"

    def block_comment(self, *, lenient: bool = False) -> str:
        """Give the expression for a block comment, with `NESTED` levels of others inside where the dialect nests."""
        close = r"(?:\*/|\Z)" if lenient else r"\*/"
        if self.nested_comments:
            inner = r"/(?!\*)"
            for _ in range(NESTED):
                inner += rf"|/\*[^*/]*+(?:(?:\*(?!/)|{inner})[^*/]*+|)*+{close}"
            return rf"{self.comment_open}[^*/]*+(?:(?:\*(?!/)|{inner})[^*/]*+|)*+{close}"
        if self.conditional_comments:  # the MySQL client does not see the end in `/*/`, once inside
            return rf"{self.comment_open}[^*/]*+(?:(?:\*(?!/)|/\*?+)[^*/]*+|)*+{close}"
        return rf"{self.comment_open}[^*]*+(?:\*(?!/)[^*]*+|)*+{close}"


def closing(char: str) -> str:
    """Give the character that closes what `char` opens."""
    return "]" if char == "[" else char


def quoted(char: str, *, lenient: bool = False, backslash: bool = False, doubled: bool = True) -> str:
    """Give the expression for a text that `char` opens; its closing character stands for itself where it is doubled."""
    close = re.escape(closing(char))
    plain = rf"[^{close}\\]*+" if backslash else rf"[^{close}]*+"
    escapes = [*([close * 2] if doubled else []), *([r"\\[\s\S]?+"] if backslash else [])]
    more = rf"(?:(?:{'|'.join(escapes)}){plain}|)*+" if escapes else ""
    return rf"{re.escape(char)}{plain}{more}" + (rf"(?:{close}|\Z)" if lenient else close)


MSSQL = Syntax(
    names='"[',
    word_starts="@#",
    word_parts="@$#",
    doubled_brackets=True,
    nested_comments=True,
    words_after_numbers=True,
)
POSTGRESQL = Syntax(
    names='"',
    prefixes="nNeEbBxX",
    escape_strings=True,
    dollar_quotes=True,
    nested_comments=True,
    lower_names=True,
    longest_name=63,
)
POSTGRESQL_BACKSLASHES = replace(POSTGRESQL, backslash_escapes=True)
"""After SET standard_conforming_strings = off: each string knows the backslash."""
MYSQL = Syntax(
    names="`",
    strings="'\"",
    word_starts="@$",
    word_parts="$@",
    prefixes="nNbBxX",
    newline=r"\n",
    backslash_escapes=True,
    hash_comments=True,
    dashes_need_blank=True,
    conditional_comments=r"(?:!(?!99[0-9]{3})|M!(?!99[0-9]{4}))",
)
"""A comment of version 99 is none of code: no server is as new, and people hide code in it from all of them."""
SQLITE = Syntax(names='"[`', word_starts="@$:#", prefixes="xX", newline=r"\n")

UNKNOWN = Syntax(
    names='"`[',
    doubled_brackets=True,
    nested_comments=True,
    hash_comments=True,
    conditional_comments="M?!",
    unknown_dialect=True,
)
"""For files whose dialect is not known."""
UNKNOWN_BACKSLASHES = replace(UNKNOWN, names="`[", strings="'\"", backslash_escapes=True)
"""The same for MySQL and PostgreSQL's E'...', where a backslash is an escape."""
