"""The identity of a project on a machine: a worker whose project differs must not touch a database."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("alembic", "database", "docs/db_objects")
FILES = ("alembic.ini", "pyproject.toml", "tasks.py")
COMPILED = "__pycache__"


def project_identity(folder: Path, *named: str) -> str:
    """Return release and hash of what a command reads: the project's own files, and those that are named."""
    digest = sha256()
    for path in _files(folder, named):
        label, content = _label(folder, path), path.read_bytes()
        digest.update(f"{label}\0{len(content)}\0".encode("utf-8", "surrogatepass"))
        digest.update(content)
    return f"{__version__} {digest.hexdigest()}"


def _files(folder: Path, named: tuple[str, ...]) -> Iterator[Path]:
    for name in (*FILES, *named):
        if (folder / name).is_file():
            yield folder / name
    for name in FOLDERS:
        for parent, folders, names in os.walk(folder / name):
            folders[:] = sorted(each for each in folders if each != COMPILED)
            yield from (path for each in sorted(names) if (path := Path(parent, each)).is_file())


def _label(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def difference(expected: str, found: str) -> str:
    """Say how a worker's identity differs from the expected one; empty where it does not."""
    release, own = expected.partition(" ")[0], found.partition(" ")[0]
    if release != own:
        return f"has ahjo-tasks {own}, and this run {release}"
    return "" if expected == found else "has other files of the project"
