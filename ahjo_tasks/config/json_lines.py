"""Find the lines of the keys in a JSON text that is known to be well formed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_TOKEN = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[\[\]{},])|(?P<newline>\r\n?|\n)', re.DOTALL)


def key_lines(plain: str) -> Iterator[tuple[Path, int]]:
    """Yield the path and the line (from 1) of every key, in the order of the text; repeated keys come again."""
    steps: list[str | int] = []
    awaits_key = [False]
    line = 1
    for token in _TOKEN.finditer(plain):
        if token["newline"]:
            line += 1
        elif token["mark"]:
            _step(token["mark"], steps, awaits_key)
        elif awaits_key[-1]:
            steps[-1] = json.loads(token["string"])
            awaits_key[-1] = False
            yield tuple(steps), line


def _step(mark: str, steps: list[str | int], awaits_key: list[bool]) -> None:
    """Follow one bracket or comma; the last step is the key or the index at which the text stands."""
    if mark in "[{":
        steps.append(0 if mark == "[" else "")
        awaits_key.append(mark == "{")
    elif mark in "]}":
        steps.pop()
        awaits_key.pop()
    elif isinstance(steps[-1], int):
        steps[-1] += 1
    else:
        awaits_key[-1] = True
