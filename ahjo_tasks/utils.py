"""Small helpers of every package: plurals, suggestions for misspelt names, imports by name, atomic writes."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import re
import stat
import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ahjo_tasks.errors import AhjoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")
DISK_ERRORS = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS") if hasattr(errno, name)
)
"""Errors of a full or read-only disk, which come without the name of a file."""
GC_THRESHOLD = 100_000
"""New objects before a collection of the youngest generation; Python's default is 700, in newer versions 2,000."""
MAX_LINKS = 20
"""Links that are followed on the way to a file."""


def pluralize(count: int, noun: str) -> str:
    """Return `1 row`, `3 rows` or `2 dependencies`, for a noun whose plural ends with s."""
    if count == 1:
        return f"{count} {noun}"
    stem = noun.removesuffix("y")
    return f"{count} {stem}ies" if stem != noun and stem[-1] not in "aeou" else f"{count} {noun}s"


def join_names(names: Sequence[str], most: int = 10) -> str:
    """Join the first names, and count the others: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def text_difference(before: str, now: str, label: str) -> list[str]:
    """Return the lines of a unified diff between the text that was deployed as `label` and the one that it has now."""
    from difflib import unified_diff

    return [*unified_diff(before.splitlines(), now.splitlines(), f"deployed/{label}", label, lineterm="")]


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


def annotation(level: str, properties: Mapping[str, object], message: str) -> str:
    """Return a workflow command of GitHub Actions, which shows the message at its line in a pull request."""
    listed = ",".join(f"{name}={_escape(value, ':,')}" for name, value in properties.items())
    return f"::{level} {listed}::{_escape(message)}"


def _escape(value: object, further: str = "") -> str:
    """Escape what ends a value of a workflow command."""
    text = str(value)
    for char in f"%\r\n{further}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def map_texts(value: T, change: Callable[[str], str]) -> T:
    """Return a value with all texts in it changed: those of tuples, lists, mappings and dataclasses, too."""
    from dataclasses import fields, is_dataclass, replace

    changed: Any = value
    if isinstance(value, str):
        changed = change(value)
    elif isinstance(value, tuple):
        items = (map_texts(item, change) for item in value)
        changed = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    elif isinstance(value, list):
        changed = [map_texts(item, change) for item in value]
    elif isinstance(value, dict):
        changed = {key: map_texts(item, change) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{item.name: map_texts(getattr(value, item.name), change) for item in fields(value)})
    return cast("T", changed)


def load_object(reference: str) -> Any:
    """Import what `module:attribute` names, as in an entry point. Raises ImportError or AttributeError."""
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise UsageError unless `path` can be written; a file that exists needs `overwrite`, a device does not."""
    if path.is_dir():
        raise UsageError(f"--output: {path} is a folder.")
    if path.is_file() and not overwrite and not _is_stream(path):
        raise UsageError(f"--output: {path} exists.", hint="Pass --overwrite to replace it.")
    if not path.parent.is_dir():
        raise UsageError(f"--output: the folder {path.parent} does not exist.")


@contextmanager
def make_folder(path: Path) -> Iterator[None]:
    """Create a folder and its parents for the block, and remove those that it created if the block fails."""
    created = [folder for folder in (path, *path.parents) if not folder.exists()]
    with _writing_to(path, *created):
        path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in created:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def atomic_write(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give the path of a temporary file, whose content is the output at the end of the block, and nothing before.

    A file is replaced as a whole and keeps its permissions; of a link, the file that it leads to. A device, pipe or
    open file (/dev/stdout, /dev/fd/3) is written to. Raises UsageError as `check_target` does, also when another
    process has created the file meanwhile, and AhjoError when the system refuses to write.
    """
    check_target(path, overwrite=overwrite)
    stream = _is_stream(path)
    target = path if stream else path.resolve()
    part = (_temporary_folder(path) if stream else target.parent) / f".{path.name}.{os.getpid()}.part"
    try:
        with _writing_to(path, part, target):
            yield part
            if stream:
                _copy_to_stream(part, path)
                return
            check_target(path, overwrite=overwrite)
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _temporary_folder(path: Path) -> Path:
    import tempfile  # takes 2 ms, and only output to a device needs it

    return type(path)(tempfile.gettempdir())


OPEN_FILE = re.compile(r"/(?:dev|proc/(?:self|\d+))/fd/(\d+)")


def _is_stream(path: Path) -> bool:
    """Return whether the path is a device, a pipe, or a file that is open in this process."""
    return _descriptor(path) is not None or (path.exists() and not path.is_file())


def _descriptor(path: Path) -> int | None:
    """Return the number of the open file that a path leads to, as /dev/stdout leads to 1."""
    for _ in range(MAX_LINKS):
        match = OPEN_FILE.fullmatch(str(path))
        if match:
            return int(match[1])
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _copy_to_stream(part: Path, path: Path) -> None:
    import shutil

    number = _descriptor(path)
    if number in {1, 2}:
        (sys.stdout if number == 1 else sys.stderr).flush()
    with part.open("rb") as source, open(path if number is None else os.dup(number), "wb") as stream:  # noqa: PTH123 - it may be a number
        shutil.copyfileobj(source, stream)


@contextmanager
def _writing_to(*paths: Path) -> Iterator[None]:
    """Turn an error of writing one of the files, or of the disk, into one message that names the first of them."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_ERRORS and error.filename not in map(str, paths):
            raise
        raise AhjoError(f"{paths[0]} cannot be written: {error.strerror or error}.") from error


def tune_gc() -> None:
    """Collect reference cycles rarely from now on, and not at the end of the process, which frees all memory anyway.

    It changes the whole process, for good, and so is for processes that run a command and end. Objects that are in no
    cycle, nearly all of them, are still freed at once. A collector that is switched off stays off. Traversing the
    objects of SQLAlchemy and Alembic again and again took a quarter of the processor time of a small deployment.
    """
    current, *others = gc.get_threshold()
    gc.set_threshold(max(current, GC_THRESHOLD) if current else 0, *others)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
