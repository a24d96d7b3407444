"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pluralize(count: int, what: str) -> str:
    """`1 row`, `3 rows`, for a word whose plural is made by an s."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise UsageError when the file cannot be written, or must not be."""
    if path.is_dir():
        raise UsageError(f"--output: {path} is a folder.")
    if path.exists() and not overwrite:
        raise UsageError(f"--output: {path} exists.", hint="Pass --overwrite to replace it.")
    if not path.parent.is_dir():
        raise UsageError(f"--output: the folder {path.parent} does not exist.")


@contextmanager
def atomic_write(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Lend a path beside the file, which takes the file's place at the end; on failure nothing is left.

    Raises UsageError as `check_target` does, also when somebody else made the file meanwhile.
    """
    check_target(path, overwrite=overwrite)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        check_target(path, overwrite=overwrite)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
