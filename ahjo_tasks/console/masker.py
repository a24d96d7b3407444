"""Hides secrets in texts: also in another case, and what is left of one that the server has cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.config.secret import MASK, encoded_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

COVER = "\ue000"
"""A character that no text has, in place of each one of a secret."""
SHORTEST = 4
"""Characters; a shorter secret is hidden where it is a word, for it may be a part of any word."""
SHORTEST_WORD = 2
FRAGMENT = 8
"""Characters of a part of a secret that is hidden beside a cut; longer ones are hidden in any case of their letters."""
_LINE = re.compile(r"[^\r\n]")
_CUT = re.compile(r"\.\.\.|…|['\"`]|\s*\Z")
_CUT_BEFORE = re.compile(r"(?:\.\.\.|…|['\"`]|\A\s*)\Z")


class Masker:
    """The secrets of a run, and texts without them."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._long: list[str] = []
        self._signs: set[str] = set()
        """Texts in lower case, of which one stands in every text that holds a secret or a part of one."""
        self._pattern: re.Pattern[str] | None = None
        self._kept: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Hide a secret from now on, in all forms in which it is written, and each of its lines."""
        forms = {form for text in (secret, *secret.splitlines()) for form in encoded_forms(text)}
        self._forms |= {form for form in forms if len(form) >= SHORTEST_WORD}
        listed = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_expression, listed))) if listed else None
        self._long = [form.lower() for form in listed if len(form) > FRAGMENT]
        self._signs = {max(form.lower().split(), key=len, default=form) for form in listed}
        self._signs |= {part for form in self._long for part in (form[:FRAGMENT], form[-FRAGMENT:])}

    @property
    def forms(self) -> frozenset[str]:
        """The secrets in all forms in which they are hidden."""
        return frozenset(self._forms)

    def keep(self, names: Iterable[str]) -> None:
        """Show these names whole, as words: a secret that is only a part of one is no secret there."""
        listed = sorted((name for name in names if self._pattern and self._pattern.search(name)), key=len, reverse=True)
        self._kept = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, listed))})(?!\w)") if listed else None

    def mask(self, text: str) -> str:
        """Return the text with `***` in place of each secret."""
        return self._without(text, lambda _secret: MASK)

    def cover(self, text: str) -> str:
        """Return a text of the same length and lines, which can be cut before `uncovered` shows `***` in it."""
        return self._without(text, lambda secret: _LINE.sub(COVER, secret))

    def _without(self, text: str, replacement: Callable[[str], str]) -> str:
        spans = self._spans(text)
        if not spans:
            return text
        done, parts = 0, list[str]()
        for start, end in spans:
            parts += [text[done:start], replacement(text[start:end])]
            done = end
        return "".join((*parts, text[done:]))

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """List what to hide, in order; spans that overlap become one."""
        lower = text.lower()
        if text.isascii() and not any(sign in lower for sign in self._signs):  # of most texts nothing is to hide
            return []
        found = [match.span() for match in self._pattern.finditer(text)] if self._pattern else []
        if len(lower) == len(text):
            found += [span for form in self._long for span in _fragments(lower, form)]
        if self._kept and found:
            kept = [match.span() for match in self._kept.finditer(text)]
            found = [span for span in found if not any(_is_part(span, name) for name in kept)]
        spans: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans


def uncovered(text: str) -> str:
    """Return a covered text, or a part of one, with `***` in place of each secret."""
    return re.sub(f"{COVER}+", MASK, text) if COVER in text else text


def _is_part(span: tuple[int, int], name: tuple[int, int]) -> bool:
    return span != name and name[0] <= span[0] and span[1] <= name[1]


def _expression(form: str) -> str:
    blanks = form.split()
    if len(blanks) > 1:  # a server may write other blanks
        return "(?i:" + r"\s+".join(map(re.escape, blanks)) + ")"
    if len(form) >= SHORTEST:
        return re.escape(form) if len(form) < FRAGMENT else f"(?i:{re.escape(form)})"
    return rf"(?<!\w){re.escape(form)}(?!\w)"


def _fragments(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Yield where the text was cut within a secret: its start before the cut, its end after it."""
    head, tail = form[:FRAGMENT], form[-FRAGMENT:]
    start = text.find(head)
    while start >= 0:
        end = start + len(_common(text[start : start + len(form)], form))
        if _CUT.match(text, end):
            yield start, end
        start = text.find(head, end)
    start = text.find(tail)
    while start >= 0:
        end = start + FRAGMENT
        begin = end - len(_common(text[max(0, end - len(form)) : end][::-1], form[::-1]))
        if _CUT_BEFORE.search(text, 0, begin):
            yield begin, end
        start = text.find(tail, end)


def _common(text: str, other: str) -> str:
    """Return the start that both texts have."""
    for index, (char, expected) in enumerate(zip(text, other, strict=False)):
        if char != expected:
            return text[:index]
    return text[: len(other)]
