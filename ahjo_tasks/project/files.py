"""The files of a project's folder, by kind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.kinds import KINDS, plural
from ahjo_tasks.project.sql_file import SqlFile, read, read_for_sqlcmd
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.database.dialects.base import Dialect

SQL = frozenset({".sql"})
SCRIPT = "script"
FOLDERS = {folder: kind.name for kind in KINDS.values() for folder in kind.folders}


def _files(folder: Path, excluded: Container[Path]) -> Iterator[Path]:
    """Yield the files below a folder, but not below the excluded folders; a link to a folder is not followed."""
    for path, folders, names in os.walk(folder):
        parent = Path(path)
        folders[:] = [name for name in folders if parent / name not in excluded]
        yield from map(parent.joinpath, names)


class ProjectFiles:
    """A project on disk; it connects to no database.

    `directives` is whether the directives of sqlcmd are carried out: in all SQL files, or in those of some folders.
    """

    def __init__(
        self, directory: Path, dialect: Dialect, directives: bool | tuple[str, ...] = False, database: str | None = None
    ) -> None:
        self.directory = directory
        self.dialect = dialect
        self.directives = directives
        self.database_name = database

    @property
    def database(self) -> Path:
        """The folder of SQL files."""
        return self.directory / "database"

    @property
    def alembic_ini(self) -> Path:
        """The config file of Alembic; a project without it has no migrations."""
        return self.directory / "alembic.ini"

    def read(self, kinds: Iterable[str], variables: Mapping[str, object] | None = None) -> list[SqlFile]:
        """Read all files of these kinds, in the order of kinds and paths.

        Raises SourceError for an invalid file and for a kind that the database does not have.
        """
        return [self._load(path, kind, variables) for kind in kinds for path in self.paths(kind)]

    def read_named(self, names: Sequence[str], variables: Mapping[str, object] | None = None) -> list[SqlFile]:
        """Read files and the files of folders, in this order.

        A path is relative to the project or the working folder. Raises UsageError for an empty or missing one,
        SourceError for an invalid file.
        """
        paths = [path for name in names for path in self._expand(name)]
        return [self._load(path, self.kind_of(path), variables) for path in dict.fromkeys(paths)]

    def read_script(
        self, relative: str, variables: Mapping[str, object] | None = None, *, directives: bool = False
    ) -> SqlFile:
        """Read one file by its path in the project; with `directives`, those of sqlcmd are carried out.

        Raises SourceError when it is missing.
        """
        path = self.script_path(relative)
        return self._load(path, self.kind_of(path), variables, directives=directives)

    def script_path(self, relative: str) -> Path:
        """Return the full path of a file of the project. Raises SourceError when it is missing."""
        path = self.directory / relative
        if not path.is_file():
            raise SourceError("the file does not exist", path=path)
        return path

    def paths(self, kind: str, suffixes: frozenset[str] = SQL) -> list[Path]:
        """List the files of a kind, recursively and sorted; `suffixes` are in lower case."""
        return [path for folder in KINDS[kind].folders for path in self._walk(folder, suffixes)]

    def misnamed_folders(self) -> tuple[str, ...]:
        """Return a note for each folder that no action reads although its name is nearly one that is read."""
        known = {folder.partition("/")[0] for folder in FOLDERS}
        paths = sorted(self.database.iterdir()) if self.database.is_dir() else []
        others = [path for path in paths if path.is_dir() and path.name not in known]
        names = {path: closest(path.name.lower(), known, cutoff=0.8) for path in others}
        return tuple(
            f"database/{path.name} is ignored. Did you mean database/{name}?"
            for path, name in names.items()
            if name and any(path.rglob("*.sql"))
        )

    def kind_of(self, path: Path) -> str:
        """Return the kind of a file by the folder that it is in; `script` anywhere else."""
        try:
            parts = path.resolve().relative_to(self.database.resolve()).parts[:-1]
        except ValueError:
            return SCRIPT
        for length in range(len(parts), 0, -1):
            kind = FOLDERS.get("/".join(parts[:length]))
            if kind:
                return kind
        return SCRIPT

    def label(self, path: Path) -> str:
        """Return the path as messages show it: relative to the project where it is inside."""
        try:
            return path.relative_to(self.directory).as_posix()
        except ValueError:
            return str(path)

    def _walk(self, folder: str, suffixes: frozenset[str]) -> Iterator[Path]:
        other_kinds = {self.database / other for other in FOLDERS if other.startswith(f"{folder}/")}
        files = _files(self.database / folder, other_kinds)
        matches = (path for path in files if path.suffix.lower() in suffixes and path.is_file())
        yield from sorted(matches, key=lambda path: path.parts)

    def _expand(self, name: str) -> list[Path]:
        if not name.strip():  # an unset variable of a shell; joined to a folder it would mean the whole of it
            raise UsageError("--files: an empty path names no file.", hint="Is a variable of the shell not set?")
        path = next((base / name for base in (self.directory, Path.cwd()) if (base / name).exists()), None)
        if path is None:
            raise UsageError(f"--files: {name} does not exist.", hint=f"Paths are relative to {self.directory}.")
        if path.is_file():
            return [path]
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SQL and file.is_file())
        if not files:
            raise UsageError(f"--files: there is no .sql file in {name}.")
        return files

    def _load(
        self, path: Path, kind: str, variables: Mapping[str, object] | None, *, directives: bool = False
    ) -> SqlFile:
        if kind in self.dialect.unsupported_kinds:
            raise SourceError(f"{self.dialect.title} has no {plural(kind)}: {self.label(path)}")
        always = kind == "permission"  # these files consist of variables; an undefined one is a mistake
        values = variables if always else variables or None
        sqlcmd = self.dialect.supports_sqlcmd and (directives or always or self._has_directives(path))
        load = read_for_sqlcmd if sqlcmd else read
        file = load(path, kind, self.dialect, label=self.label(path), variables=values)
        return replace(file, database=self.database_name)

    def _has_directives(self, path: Path) -> bool:
        """Tell whether the config asks for the directives of sqlcmd in the file."""
        if isinstance(self.directives, bool):
            return self.directives
        folders = [base / folder for folder in self.directives for base in (self.directory, self.database)]
        return any(path.is_relative_to(folder) for folder in folders)
