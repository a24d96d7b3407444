"""How each database spells strings, quoted names and comments, as data and as regular expressions.

Every expression here is possessive: it never looks at a character a second time for want of a closing quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import digits

BLANKS = " \t\r\n\f\v"
"""What every server skips between words. `str.isspace` is wider: a no-break space is text."""

NESTED = 2
"""How deep comments are read by an expression; deeper ones take a loop."""

_NO_LETTERS = frozenset(char for char in map(chr, range(128)) if not char.isalpha() and char != "_") | {"\xa0"}

DOLLAR_TAG = r"\$(?:[^\W\d]\w*+)?\$"


def letters(more: str = "") -> str:
    r"""The class of all letters, `_`, and the characters of `more`.

    Every server takes any character beyond ASCII for a letter, but for the no-break space. Said by what it does not
    hold, the class is compiled and searched far faster than by ranges or by `\w`.
    """
    return f"[^{re.escape(''.join(sorted(_NO_LETTERS - set(more))))}]"


@dataclass(frozen=True, eq=False, slots=True)
class Syntax:
    """The lexical rules of one dialect.

    `names` and `strings` are the characters that open them, `word_starts` and `word_parts` what a word may have besides
    letters and digits, `prefixes` the letters that belong to the string behind them.
    `lower_names` is whether the server takes a name without quotes for its small letters.
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
    conditional_comments: bool = False
    lower_names: bool = False

    @property
    def quotes(self) -> str:
        """Every character that opens a string or a quoted name, ready for a character class."""
        return re.escape(self.strings + self.names)

    @property
    def word(self) -> str:
        """A bare name or keyword."""
        return rf"{letters(self.word_starts)}{letters(digits + self.word_parts)}*+"

    @property
    def dollar(self) -> str:
        """The opening of a dollar-quoted string, or what never matches."""
        return rf"(?<![\w$]){DOLLAR_TAG}" if self.dollar_quotes else r"(?!)"

    @property
    def comment_open(self) -> str:
        """The opening of a block comment. MySQL runs what stands in `/*! */`, so there it is none."""
        return r"/\*(?!M?!)" if self.conditional_comments else r"/\*"

    def literals(self, *, lenient: bool = False) -> list[str]:
        """Whole strings and quoted names. A lenient one may end with the text."""
        return [*self.string_forms(lenient=lenient), *self.name_forms(lenient=lenient)]

    def string_forms(self, *, lenient: bool = False) -> list[str]:
        """One expression for each way to write a string."""
        plain = [quoted(char, lenient=lenient, backslash=self.backslash_escapes) for char in self.strings]
        if not self.escape_strings:
            return plain
        # PostgreSQL: only E'...' knows the backslash.
        escaped = quoted("'", lenient=lenient, backslash=True)
        return [rf"(?<=(?<![\w$])[eE]){escaped}", rf"(?<!(?<![\w$])[eE])(?:{plain[0]})"]

    def name_forms(self, *, lenient: bool = False) -> list[str]:
        """One expression for each way to quote a name."""
        return [quoted(char, lenient=lenient, doubled=char != "[" or self.doubled_brackets) for char in self.names]

    def comments(self, *, lenient: bool = False) -> list[str]:
        """Line comments and block comments. One with many levels inside it is left to `reader.comment_end`."""
        blank = r"(?=[\x00- ]|\Z)" if self.dashes_need_blank else ""
        lines = [rf"--{blank}[^{self.newline}]*+", *([rf"\#[^{self.newline}]*+"] if self.hash_comments else [])]
        return [*lines, self._block_comment(r"(?:\*/|\Z)" if lenient else r"\*/")]

    def gap(self) -> str:
        """Blanks and comments, as many as there are."""
        return rf"(?:[{BLANKS}]++|{'|'.join(self.comments(lenient=True))})*+"

    def _block_comment(self, close: str) -> str:
        if self.nested_comments:
            inner = r"/(?!\*)"
            for _ in range(NESTED):
                inner += rf"|/\*[^*/]*+(?:(?:\*(?!/)|{inner})[^*/]*+)*+{close}"
            return rf"{self.comment_open}[^*/]*+(?:(?:\*(?!/)|{inner})[^*/]*+)*+{close}"
        if self.conditional_comments:  # the MySQL client does not see the end in `/*/`, once inside
            return rf"{self.comment_open}[^*/]*+(?:(?:\*(?!/)|/\*?+)[^*/]*+)*+{close}"
        return rf"{self.comment_open}[^*]*+(?:\*(?!/)[^*]*+)*+{close}"


def quoted(char: str, *, lenient: bool = False, backslash: bool = False, doubled: bool = True) -> str:
    """The expression for a text that `char` opens; its closing character stands for itself where it is doubled."""
    close = re.escape("]" if char == "[" else char)
    plain = rf"[^{close}\\]*+" if backslash else rf"[^{close}]*+"
    escapes = [*([close * 2] if doubled else []), *([r"\\[\s\S]?+"] if backslash else [])]
    more = rf"(?:(?:{'|'.join(escapes)}){plain})*+" if escapes else ""
    return rf"{re.escape(char)}{plain}{more}" + (rf"(?:{close}|\Z)" if lenient else close)


MSSQL = Syntax(names='"[', word_starts="@#", word_parts="@$#", doubled_brackets=True, nested_comments=True)
POSTGRESQL = Syntax(
    names='"',
    prefixes="nNeEbBxX",
    escape_strings=True,
    dollar_quotes=True,
    nested_comments=True,
    lower_names=True,
)
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
    conditional_comments=True,
)
SQLITE = Syntax(names='"[`', word_starts="@$:#", prefixes="xX", newline=r"\n")
