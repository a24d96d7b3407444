"""Receivers of what a run has to tell: notes and warnings, with the secrets of the run hidden in all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ahjo_tasks.console.masker import Masker
    from ahjo_tasks.events import Event


class Secrets:
    """The secrets of a run, and texts without them."""

    def __init__(self) -> None:
        self._masker: Masker | None = None  # there are no secrets in a git hook, which must start quickly

    def hide(self, secret: str | None) -> None:
        """Have `***` in place of this text from now on."""
        if secret:
            from ahjo_tasks.console.masker import Masker  # imports json and urllib, which a git hook needs not

            self._masker = self._masker or Masker()
            self._masker.add(secret)

    @property
    def secrets(self) -> frozenset[str]:
        """The texts that are hidden."""
        return self._masker.forms if self._masker else frozenset()

    def keep(self, names: Iterable[str]) -> None:
        """Show these names whole, also where a secret is a part of one."""
        if self._masker:
            self._masker.keep(names)

    def masked(self, text: str) -> str:
        """Return the text with `***` in place of each secret."""
        return self._masker.mask(text) if self._masker else text

    def covered(self, text: str) -> str:
        """Return the text with secrets covered, to be cut: its length and lines stay."""
        return self._masker.cover(text) if self._masker else text


class Reporter(Secrets):
    """Passes notes and warnings on as events, each text once, and asks nobody."""

    interactive = False

    def __init__(self, observer: Callable[[Event], None]) -> None:
        super().__init__()
        self._observer = observer
        self.warnings: list[str] = []
        self._notes: set[str] = set()

    def info(self, text: str) -> None:
        """Pass on a note."""
        from ahjo_tasks.events import Note

        text = self.masked(text.strip())
        if text not in self._notes:
            self._notes.add(text)
            self._observer(Note(text))

    aside = info

    def warning(self, text: str, *, once: bool = True) -> None:
        """Pass on a warning; with `once` only the first time."""
        from ahjo_tasks.events import Warned

        text = self.masked(text)
        if not once or text not in self.warnings:
            self.warnings.append(text)
            self._observer(Warned(text))

    def ask(self, prompt: str) -> str:
        """Return no answer."""
        return self.ask_secret(prompt)

    def ask_secret(self, _prompt: str) -> str:
        """Return no answer."""
        return ""
