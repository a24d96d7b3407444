"""Which files a run scans, and where their contents come from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.scan.engine import read
from ahjo_tasks.scan.finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ahjo_tasks.scan.repository import Repository


def names(repository: Repository, since: str) -> list[str]:
    """The files to scan in the folder: all of git's, or what changed; all that there are, where there is no git."""
    if repository.exists:
        return sorted(repository.changed_since(since) if since else repository.files())
    if since:
        raise UsageError(f"--since: {repository.directory} is in no git repository.")
    return sorted(_walk(repository.directory))


def contents(directory: Path, paths: Iterable[str]) -> Iterator[tuple[str, bytes] | Remark]:
    """The files as they are in the folder; a remark for each that cannot be read."""
    for path in paths:
        try:
            data = read(directory, path)
        except OSError as error:
            yield Remark(path, f"cannot be read: {error.strerror}")
            continue
        if data is not None:
            yield path, data


def _walk(directory: Path) -> Iterator[str]:
    """Every file below the folder, but for those in folders whose name begins with a dot."""
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = os.path.relpath(folder, directory).replace(os.sep, "/")
        yield from (name if here == "." else f"{here}/{name}" for name in files)
