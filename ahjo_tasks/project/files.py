"""The files of a project's folder, by kind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.contents import FileContents
from ahjo_tasks.project.kinds import KINDS, OTHER_NAMES, STRUCTURE, ignored, plural
from ahjo_tasks.utils import closest, join_names

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.project.sql_file import FileText, SqlFile


HIDDEN = (".", "~$")
"""First characters of files that people do not write: of macOS, Jupyter, Emacs, and the locks of Excel."""


def alembic_toml(directory: Path) -> Path | None:
    """Return the pyproject.toml of a folder where it holds settings of Alembic. Raises SourceError for a broken one."""
    path = directory / "pyproject.toml"
    if not path.is_file() or b"alembic" not in path.read_bytes():
        return None
    import tomllib

    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except ValueError as error:
        raise SourceError(str(error), path=path) from error
    return path if "alembic" in tools else None


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
        return sorted(files, key=lambda path: str(path).split(os.sep))  # noqa: PTH206 - of thousands of files

    def _below(
        self, folder: Path, suffixes: Container[str], excluded: Container[Path], seen: set[Path]
    ) -> Iterator[Path]:
        links: list[Path] = []
        waiting = [folder]
        while waiting:
            parent = waiting.pop()
            seen.add(parent.resolve())
            for entry in _entries(parent):
                if not _is_folder(entry):
                    if self._wanted(entry, suffixes):
                        yield Path(entry.path)
                elif (inner := Path(entry.path)) not in excluded and self._shown(inner, suffixes):
                    (links if entry.is_symlink() else waiting).append(inner)
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

    def _wanted(self, entry: os.DirEntry[str], suffixes: Container[str]) -> bool:
        """Tell whether a file is to be read. Raises SourceError for a link out of the project, or to nothing."""
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - of thousands of files
        if entry.name.startswith(HIDDEN):
            if suffix in suffixes:
                self.hidden[Path(entry.path)] = None
            return False
        if suffix and suffix not in suffixes:
            return False
        if not entry.is_symlink():
            return bool(suffix) and entry.is_file()
        link = Path(entry.path)
        if not link.exists():
            raise _dangling(link)
        if not suffix or not link.is_file():
            return False
        self._check_inside(link)
        return True

    def _check_inside(self, link: Path) -> Path:
        target = link.resolve()
        if not target.is_relative_to(self.root):
            raise SourceError(
                f"is a link to {target}, outside of the project",
                path=link,
                hint="Copy the files into the project, or link to a folder in it.",
            )
        return target


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List what is in a folder; nothing in one that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _dangling(path: Path) -> SourceError:
    return SourceError(f"is a link to {path.readlink()}, which does not exist", path=path)


SQL = frozenset({".sql"})
SCRIPT = "script"
WHOLE_STRUCTURE = "database/create_db_structure.sql"
"""The script that the action `structure` runs where its folders hold no file."""
FOLDERS = {folder: kind.name for kind in KINDS.values() for folder in kind.folders}
SHOWN_FILES = 3
"""Ignored files that are named; the others are counted."""


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
        self.contents = FileContents()
        self._prefix = os.path.join(directory, "")  # noqa: PTH118 - with the separator
        self._walk = FolderWalk(directory)

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

        Raises SourceError for an invalid file and for a kind that the database does not have, unless its folders are
        ignored there.
        """
        return [self._load(path, kind, variables) for path, kind in self._listed(kinds)]

    def read_texts(self, kinds: Iterable[str], variables: Mapping[str, object] | None = None) -> list[FileText]:
        """Read the texts of these files alone. Raises SourceError as `read` does, but not for SQL."""
        return [self._load_text(path, kind, variables) for path, kind in self._listed(kinds)]

    def _listed(self, kinds: Iterable[str]) -> Iterator[tuple[Path, str]]:
        kinds = [kind for kind in kinds if not ignored(kind, self.dialect.own_kinds)]
        return ((path, kind) for kind in kinds for path in self.paths(kind))

    def read_named(self, names: Sequence[str], variables: Mapping[str, object] | None = None) -> list[SqlFile]:
        """Read files and the files of folders, in this order.

        A path is relative to the project or the working folder. Raises UsageError for an empty or missing one,
        SourceError for an invalid file.
        """
        paths = [path for name in names for path in self._expand(name)]
        return [self._load(path, self.kind_of(path), variables) for path in dict.fromkeys(paths)]

    def read_script(
        self,
        relative: str,
        variables: Mapping[str, object] | None = None,
        *,
        directives: bool = False,
        required: bool = False,
    ) -> SqlFile:
        """Read one file by its path in the project; with `directives`, those of sqlcmd are carried out.

        With `required` a variable without a value is an error, also where there are no variables.
        Raises SourceError when the file is missing.
        """
        path = self.script_path(relative)
        kind = "permission" if required else self.kind_of(path)
        return self._load(path, kind, variables, directives=directives)

    def with_text(self, label: str, kind: str, text: str) -> SqlFile:
        """Return the file of this label with another text, as one that it had before."""
        from ahjo_tasks.project.sql_file import FileText, split  # what reads SQL takes long to load

        path = self.directory / label
        return split(FileText(path, label, kind, text, self.dialect, database=self.database_name))

    def script_path(self, relative: str) -> Path:
        """Return the full path of a file of the project. Raises SourceError when it is missing."""
        path = self.directory / relative
        if not path.is_file():
            raise SourceError("the file does not exist", path=path)
        return path

    def paths(self, kind: str, suffixes: frozenset[str] = SQL) -> list[Path]:
        """List the files of a kind, recursively and sorted; `suffixes` are in lower case.

        Raises SourceError for a link that leads out of the project or nowhere.
        """
        listed = []
        for folder in KINDS[kind].folders:
            other_kinds = {self.database / other for other in FOLDERS if other.startswith(f"{folder}/")}
            listed += self._walk.files(self.database / folder, suffixes, other_kinds)
        return listed

    def ignored(self) -> tuple[str, ...]:
        """Return notes of what no action reads: hidden files, kinds of other databases, folders of the user's own."""
        notes = map(self._note, self._folders_with_sql())
        return (*self._hidden_files(), *self._loose_files(), *filter(None, notes))

    def misnamed(self) -> tuple[str, ...]:
        """Return warnings of folders that are not read because of their names."""
        similar = {folder: self._similar_folder(folder) for folder in self._folders_with_sql() if folder not in FOLDERS}
        return tuple(
            f"database/{folder} is ignored. Did you mean database/{name}?" for folder, name in similar.items() if name
        )

    def _loose_files(self) -> Iterator[str]:
        """Yield a note of SQL files that lie beside the folders whose names say what is in them."""
        found = sorted(self.database.glob("*.[sS][qQ][lL]")) if self.database.is_dir() else []
        labels = [self.label(path) for path in found if not path.name.startswith(HIDDEN)]
        if WHOLE_STRUCTURE in labels and not any(map(self.paths, STRUCTURE)):
            labels.remove(WHOLE_STRUCTURE)
        names = join_names(labels, SHOWN_FILES)
        if names:
            yield f"No action deploys {names}; move them into folders, as database/views."

    def _hidden_files(self) -> Iterator[str]:
        names = join_names([self.label(path) for path in self._walk.hidden], SHOWN_FILES)
        if names:
            yield f"Hidden files are ignored: {names}."

    def _folders_with_sql(self) -> Iterator[str]:
        """Yield the names of the folders of `database/` that hold SQL files and that no kind has here."""
        for path in sorted(self.database.iterdir()) if self.database.is_dir() else []:
            kind = FOLDERS.get(path.name)
            unread = kind is None or ignored(kind, self.dialect.own_kinds)
            if unread and path.is_dir() and not path.name.startswith(HIDDEN) and any(path.rglob("*.[sS][qQ][lL]")):
                yield path.name

    def _note(self, folder: str) -> str:
        """Say why no action reads a folder; empty for one that has a similar name to one that is read."""
        kind = FOLDERS.get(folder)
        if kind:
            return f"database/{folder} is ignored: {self.dialect.title} has no {plural(kind)}."
        own = f"No action deploys database/{folder}; --files and your own actions can name its files."
        return "" if self._similar_folder(folder) else own

    def _similar_folder(self, folder: str) -> str:
        known = {name.partition("/")[0] for name, kind in FOLDERS.items() if not ignored(kind, self.dialect.own_kinds)}
        key = folder.lower().replace(" ", "_").replace("-", "_")
        return OTHER_NAMES.get(key) or closest(key, known, cutoff=0.8)

    def kind_of(self, path: Path) -> str:
        """Return the kind of a file by the folder that it is in, as named or as links lead; `script` anywhere else."""
        for place, base in ((path.absolute(), self.database.absolute()), (path.resolve(), self.database.resolve())):
            parts = place.relative_to(base).parts[:-1] if place.is_relative_to(base) else ()
            for length in range(len(parts), 0, -1):
                kind = FOLDERS.get("/".join(parts[:length]))
                if kind:
                    return SCRIPT if ignored(kind, self.dialect.own_kinds) else kind
        return SCRIPT

    def label(self, path: Path) -> str:
        """Return the path as messages show it: relative to the project where it is inside."""
        text = str(path)
        return text.removeprefix(self._prefix).replace(os.sep, "/") if text.startswith(self._prefix) else text

    def _expand(self, name: str) -> list[Path]:
        if not name.strip():  # an unset variable of a shell; joined to a folder it would mean the whole of it
            raise UsageError("--files: an empty path names no file.", hint="Is a variable of the shell not set?")
        path = next((base / name for base in (self.directory, Path.cwd()) if (base / name).exists()), None)
        if path is None:
            raise UsageError(f"--files: {name} does not exist.", hint=f"Paths are relative to {self.directory}.")
        if path.is_file():
            return [path]
        inside = path.resolve().is_relative_to(self.directory.resolve())
        files = FolderWalk(self.directory if inside else path).files(path, SQL)
        if not files:
            raise UsageError(f"--files: there is no .sql file in {name}.")
        return files

    def _load(
        self, path: Path, kind: str, variables: Mapping[str, object] | None, *, directives: bool = False
    ) -> SqlFile:
        from ahjo_tasks.project.sql_file import split

        return split(self._load_text(path, kind, variables, directives=directives))

    def _load_text(
        self, path: Path, kind: str, variables: Mapping[str, object] | None, *, directives: bool = False
    ) -> FileText:
        from ahjo_tasks.project.sql_file import expand_text, read_text

        if kind in self.dialect.unsupported_kinds:
            raise SourceError(f"{self.dialect.title} has no {plural(kind)}: {self.label(path)}")
        always = kind == "permission"  # these files consist of variables; an undefined one is a mistake
        values = variables if always else variables or None
        sqlcmd = self.dialect.supports_sqlcmd and (directives or always or self._has_directives(path))
        load = expand_text if sqlcmd else read_text
        label, database = self.label(path), self.database_name
        return load(path, kind, self.dialect, label=label, variables=values, database=database, contents=self.contents)

    def _has_directives(self, path: Path) -> bool:
        """Tell whether the config asks for the directives of sqlcmd in the file."""
        if isinstance(self.directives, bool):
            return self.directives
        folders = [base / folder for folder in self.directives for base in (self.directory, self.database)]
        return any(path.is_relative_to(folder) for folder in folders)
