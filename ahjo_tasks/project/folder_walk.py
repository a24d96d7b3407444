"""The files below the folders of a project: links are followed inside of it, hidden files are left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

HIDDEN = (".", "~$")
"""First characters of files that people do not write: of macOS, Jupyter, Emacs, and the locks of Excel."""


class FolderWalk:
    """Lists files by suffix; `hidden` collects what it left out because of its name."""

    def __init__(self, project: Path) -> None:
        self.root = project.resolve()
        self.hidden: dict[Path, None] = {}

    def files(self, folder: Path, suffixes: Container[str], excluded: Container[Path] = ()) -> list[Path]:
        """List the files below a folder, but not below the excluded ones, sorted; suffixes are in lower case.

        Raises SourceError for a link that leads out of the project, into itself or to nothing.
        """
        if not folder.is_dir():
            if folder.is_symlink():
                raise _dangling(folder)
            return []
        self._check_inside(folder)
        seen: set[Path] = set()
        files = list(self._below(folder, suffixes, excluded, seen))
        return sorted(files, key=lambda path: path.parts)

    def _below(
        self, folder: Path, suffixes: Container[str], excluded: Container[Path], seen: set[Path]
    ) -> Iterator[Path]:
        links: list[Path] = []
        for below, folders, names in os.walk(folder):
            parent = Path(below)
            seen.add(parent.resolve())
            kept = [name for name in folders if parent / name not in excluded and self._shown(parent / name, suffixes)]
            folders[:] = kept
            links += [parent / name for name in kept if (parent / name).is_symlink()]
            yield from (parent / name for name in names if self._wanted(parent / name, suffixes))
        for link in links:
            target = self._check_inside(link)
            if link.parent.resolve().is_relative_to(target):
                raise SourceError("is a link to a folder that it lies in", path=link)
            if target not in seen:
                yield from self._below(link, suffixes, excluded, seen)

    def _shown(self, folder: Path, suffixes: Container[str]) -> bool:
        if not folder.name.startswith(HIDDEN):
            return True
        if any(path.suffix.lower() in suffixes for path in folder.rglob("*")):
            self.hidden[folder] = None
        return False

    def _wanted(self, path: Path, suffixes: Container[str]) -> bool:
        """Whether a file is to be read. Raises SourceError for a link to nothing that could be one."""
        suffix = path.suffix.lower()
        if path.name.startswith(HIDDEN):
            if suffix in suffixes:
                self.hidden[path] = None
            return False
        if suffix in suffixes and path.is_file():
            return True
        if (suffix in suffixes or not suffix) and path.is_symlink() and not path.exists():
            raise _dangling(path)
        return False

    def _check_inside(self, folder: Path) -> Path:
        target = folder.resolve()
        if not target.is_relative_to(self.root):
            raise SourceError(
                f"is a link to {target}, outside of the project",
                path=folder,
                hint="Copy the files into the project, or link to a folder in it.",
            )
        return target


def _dangling(path: Path) -> SourceError:
    return SourceError(f"is a link to {path.readlink()}, which does not exist", path=path)
