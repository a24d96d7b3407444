"""The project's folder: which files there are of which kind."""

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
FOLDERS = {folder: kind.name for kind in KINDS.values() for folder in kind.folders}


def _files(folder: Path, without: Container[Path]) -> Iterator[Path]:
    """The files below a folder, less those below the folders named; a link to a folder is not followed."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if here / name not in without]
        yield from map(here.joinpath, names)


class ProjectFiles:
    """A project on disk. Nothing here connects to a database."""

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
        """Alembic's own config; a project without it has no migrations."""
        return self.directory / "alembic.ini"

    def read(self, kinds: Iterable[str], variables: Mapping[str, object] | None = None) -> list[SqlFile]:
        """All files of these kinds, read whole, in the order of kinds and paths.

        Raises SourceError for a file that cannot be used and for a kind that the database does not have.
        """
        return [self._load(path, kind, variables) for kind in kinds for path in self.paths(kind)]

    def read_named(self, names: Sequence[str], variables: Mapping[str, object] | None = None) -> list[SqlFile]:
        """The named files and folders, in the order given; a path is relative to the project or the working folder."""
        found = [path for name in names for path in self._expand(name)]
        return [self._load(path, self.kind_of(path), variables) for path in dict.fromkeys(found)]

    def read_script(
        self, relative: str, variables: Mapping[str, object] | None = None, *, directives: bool = False
    ) -> SqlFile:
        """One file that has its fixed place in the project; with `directives`, one made for sqlcmd.

        Raises SourceError when it is missing.
        """
        path = self.script_path(relative)
        return self._load(path, self.kind_of(path), variables, directives=directives)

    def script_path(self, relative: str) -> Path:
        """Where that file is. Raises SourceError when it is missing."""
        path = self.directory / relative
        if not path.is_file():
            raise SourceError("the file does not exist", path=path)
        return path

    def paths(self, kind: str, endings: frozenset[str] = SQL) -> list[Path]:
        """The files of a kind, recursively and sorted; `endings` are in lower case."""
        return [path for folder in KINDS[kind].folders for path in self._walk(folder, endings)]

    def misnamed(self) -> tuple[str, ...]:
        """Return a note for each folder that no action reads although its name is nearly one that is read."""
        known = {folder.partition("/")[0] for folder in FOLDERS}
        places = sorted(self.database.iterdir()) if self.database.is_dir() else []
        others = [place for place in places if place.is_dir() and place.name not in known]
        names = {place: closest(place.name.lower(), known, cutoff=0.8) for place in others}
        return tuple(
            f"database/{place.name} is ignored. Did you mean database/{name}?"
            for place, name in names.items()
            if name and any(place.rglob("*.sql"))
        )

    def kind_of(self, path: Path) -> str:
        """The kind of a file by the folder that it is in; `script` anywhere else."""
        try:
            parts = path.resolve().relative_to(self.database.resolve()).parts[:-1]
        except ValueError:
            return "script"
        for length in range(len(parts), 0, -1):
            kind = FOLDERS.get("/".join(parts[:length]))
            if kind:
                return kind
        return "script"

    def label(self, path: Path) -> str:
        """The path as the user knows it: relative to the project where it is inside."""
        try:
            return path.relative_to(self.directory).as_posix()
        except ValueError:
            return str(path)

    def _walk(self, folder: str, endings: frozenset[str]) -> Iterator[Path]:
        inner = {self.database / other for other in FOLDERS if other.startswith(f"{folder}/")}
        found = _files(self.database / folder, inner)
        wanted = (path for path in found if path.suffix.lower() in endings and path.is_file())
        yield from sorted(wanted, key=lambda path: path.parts)

    def _expand(self, name: str) -> list[Path]:
        path = next((base / name for base in (self.directory, Path.cwd()) if (base / name).exists()), None)
        if path is None:
            raise UsageError(f"--files: {name} does not exist.", hint=f"Paths are relative to {self.directory}.")
        if path.is_file():
            return [path]
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in SQL and one.is_file())
        if not found:
            raise UsageError(f"--files: there is no .sql file in {name}.")
        return found

    def _load(
        self, path: Path, kind: str, variables: Mapping[str, object] | None, *, directives: bool = False
    ) -> SqlFile:
        if kind in self.dialect.unsupported_kinds:
            raise SourceError(f"{self.dialect.title} has no {plural(kind)}: {self.label(path)}")
        always = kind == "permission"  # these files are made of variables; an undefined one is a mistake
        given = variables if always else variables or None
        obeys = self.dialect.supports_sqlcmd and (directives or always or self._obeys(path))
        load = read_for_sqlcmd if obeys else read
        file = load(path, kind, self.dialect, label=self.label(path), variables=given)
        return replace(file, database=self.database_name)

    def _obeys(self, path: Path) -> bool:
        """Whether the config wants the directives of sqlcmd carried out in the file."""
        if isinstance(self.directives, bool):
            return self.directives
        tops = [base / folder for folder in self.directives for base in (self.directory, self.database)]
        return any(path.is_relative_to(top) for top in tops)
