"""Small helpers of every package: plurals, suggestions for misspelt names, imports by name, atomic writes."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def pluralize(count: int, noun: str) -> str:
    """Return `1 row` or `3 rows`, for a noun whose plural ends with s."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def closest(word: str, names: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the name that is spelt most like the word, or an empty text when none is."""
    from difflib import get_close_matches  # only a mistake needs it, and it takes 2 ms to import

    return next(iter(get_close_matches(word, names, n=1, cutoff=cutoff)), "")


def did_you_mean(word: str, names: Iterable[str], *, inline: bool = False) -> str:
    """Return `Did you mean NAME?`, or an empty text when no name is like the word.

    With `inline` it is `; did you mean NAME?`, to go on with a sentence.
    """
    name = closest(word, names)
    if not name:
        return ""
    return f"; did you mean {name}?" if inline else f"Did you mean {name}?"


def load_object(reference: str) -> Any:
    """Import what `module:attribute` names, as in an entry point. Raises ImportError or AttributeError."""
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise UsageError unless `path` can be written; a file that exists needs `overwrite`."""
    if path.is_dir():
        raise UsageError(f"--output: {path} is a folder.")
    if path.exists() and not overwrite:
        raise UsageError(f"--output: {path} exists.", hint="Pass --overwrite to replace it.")
    if not path.parent.is_dir():
        raise UsageError(f"--output: the folder {path.parent} does not exist.")


@contextmanager
def atomic_write(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary path in the same folder, which replaces `path` at the end and is removed after a failure.

    Raises UsageError as `check_target` does, also when another process has created the file meanwhile.
    """
    check_target(path, overwrite=overwrite)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        check_target(path, overwrite=overwrite)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
