"""Parse JSON with comments and trailing commas, with line and column in errors, and find the lines of its keys."""

from __future__ import annotations

import json
import re
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 512

# A string comes first, so that nothing inside one is taken for a comment. An unterminated string runs to the end of
# its line. A `#` glued to the end of a value is no comment, as in YAML.
_STRING = r'"(?:[^"\\\r\n]|\\.)*"?'
_COMMENTS = re.compile(
    rf"(?P<string>{_STRING})" + r"|(?P<line>//[^\r\n]*|(?<![^\s,:\[{])#[^\r\n]*)|(?P<block>/\*.*?\*/)",
    re.DOTALL,
)
# A comma is trailing when a value stands before it and a bracket closes after it.
_COMMAS = re.compile(_STRING + r"|[\[{:,][ \t\r\n]*,|(?P<trailing>,(?=[ \t\r\n]*[\]}]))", re.DOTALL)
_DEPTH = re.compile(_STRING + r"|(?P<open>[\[{])|(?P<close>[\]}])", re.DOTALL)
_CONSTANT = re.compile(_STRING + r"|(?P<constant>-?Infinity|NaN)", re.DOTALL)
_NEWLINE = re.compile(r"\r\n?|\n")
# Accepted by commentjson, refused here: `[,]`, a form feed as white space, a glued `#`.
_TOO_TOLERANT = re.compile(_STRING + r"|(?P<bad>[\[{][ \t\r\n]*,|[\f#])", re.DOTALL)

_SENTENCES = {
    "Expecting property name": "expected a key in double quotes",
    "Illegal trailing comma": "a comma too many",
    "Expecting ':'": "expected a colon",
    "Expecting ','": "expected a comma or a closing bracket",
    "Expecting value": "expected a value",
    "Extra data": "expected the end of the file",
    "Unterminated string": "a text in double quotes is not closed",
    "Invalid control": "a line break, tab or control character inside a text: write it as \\n, \\t or \\u00XX",
    "Invalid \\": "a backslash that starts no JSON escape: write it twice",
}


def parse(text: str, name: str) -> tuple[Any, bool]:
    """Return the value and whether an object repeats a key (the last one wins).

    Raises ConfigError with `name`, line and column, and without any of the text.
    """
    plain = without_comments(text)
    _check_depth(plain, name)
    repeated = Repeats()
    try:
        return _parse_strictly(plain, repeated), repeated.seen
    except json.JSONDecodeError as error:
        if text != plain and not any(match["bad"] for match in _TOO_TOLERANT.finditer(plain)):
            with suppress(Exception):  # its errors come from three libraries and quote the whole file
                return _parse_with_commentjson(text, repeated), repeated.seen
        raise refusal(name, plain, error.pos, _sentence(error.msg, plain[error.pos : error.pos + 2])) from None
    except _NotJsonError:
        raise refusal(name, plain, _offset_of_constant(plain), "NaN and Infinity are not JSON") from None


def without_comments(text: str) -> str:
    """Blank comments and trailing commas; every other character keeps its place."""
    return _COMMAS.sub(_blank_comma, _COMMENTS.sub(_blank_comment, text))


def refusal(name: str, text: str, offset: int, reason: str) -> ConfigError:
    """Return the error at an offset of the text."""
    line, column = position(text, offset)
    return ConfigError(f"{name}:{line}:{column}: {reason}")


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both from 1; a line ends with LF, CR or both."""
    ends = [match.end() for match in _NEWLINE.finditer(text, 0, offset)]
    return len(ends) + 1, offset - (ends[-1] if ends else 0) + 1


class Repeats:
    """Builds the objects of a document and records whether one repeats a key."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Build one object; the last of equal keys wins."""
        value = dict(pairs)
        self.seen = self.seen or len(value) < len(pairs)
        return value


class _NotJsonError(ValueError):
    """Python's parser read NaN or Infinity, which JSON does not have."""


def _parse_strictly(plain: str, repeated: Repeats) -> Any:
    return json.loads(plain, object_pairs_hook=repeated, parse_constant=_no_constant, parse_int=_integer)


def _parse_with_commentjson(text: str, repeated: Repeats) -> Any:
    """Parse what the strict parser refuses; importing commentjson costs 50 ms, so nothing else does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its grammar library imports old modules
        import commentjson
    return commentjson.loads(_line_comments_only(text), object_pairs_hook=repeated, parse_int=_integer)


def _line_comments_only(text: str) -> str:
    """Blank block comments, and end every line with LF: commentjson does not know either."""
    return _COMMENTS.sub(lambda match: match[0] if match["block"] is None else _blank(match[0]), text).replace(
        "\r", "\n"
    )


def _blank_comment(match: re.Match[str]) -> str:
    return match[0] if match["string"] is not None else _blank(match[0])


def _blank_comma(match: re.Match[str]) -> str:
    return " " if match["trailing"] else match[0]


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def _check_depth(plain: str, name: str) -> None:
    if plain.count("[") + plain.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _DEPTH.finditer(plain):
        depth += (match["open"] is not None) - (match["close"] is not None)
        if depth > MAX_DEPTH:
            raise refusal(name, plain, match.start(), f"more than {MAX_DEPTH} brackets inside each other")


def _integer(digits: str) -> int | float:
    """Return an exact integer; one that Python refuses for its length is infinite, as in JavaScript."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _no_constant(_word: str) -> NoReturn:
    raise _NotJsonError


def _offset_of_constant(plain: str) -> int:
    return next(match.start() for match in _CONSTANT.finditer(plain) if match["constant"])


def _sentence(message: str, next_characters: str) -> str:
    if next_characters == "/*":
        return "a comment is not closed"
    return next((ours for start, ours in _SENTENCES.items() if message.startswith(start)), "this is not JSON")


Path = tuple[str | int, ...]

_TOKEN = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<punctuation>[\[\]{},])|(?P<newline>\r\n?|\n)', re.DOTALL)


def key_lines(plain: str) -> Iterator[tuple[Path, int]]:
    """Yield the path and the line (from 1) of every key, in the order of the text; repeated keys come again."""
    steps: list[str | int] = []
    awaits_key = [False]
    line = 1
    for token in _TOKEN.finditer(plain):
        if token["newline"]:
            line += 1
        elif token["punctuation"]:
            _step(token["punctuation"], steps, awaits_key)
        elif awaits_key[-1]:
            steps[-1] = json.loads(token["string"])
            awaits_key[-1] = False
            yield tuple(steps), line


def _step(character: str, steps: list[str | int], awaits_key: list[bool]) -> None:
    """Update the path for one bracket or comma; its last element is the current key or index."""
    if character in "[{":
        steps.append(0 if character == "[" else "")
        awaits_key.append(character == "{")
    elif character in "]}":
        steps.pop()
        awaits_key.pop()
    elif isinstance(steps[-1], int):
        steps[-1] += 1
    else:
        awaits_key[-1] = True
