"""Find that a deploy has nothing to do, without splitting a SQL file and without Alembic."""

from __future__ import annotations

import os
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.database.catalog import read_table, read_version
from ahjo_tasks.errors import StatementError
from ahjo_tasks.history.data import LoadedFiles
from ahjo_tasks.history.store import HistoryStore, hash_text
from ahjo_tasks.project.files import alembic_toml
from ahjo_tasks.project.kinds import DESCRIPTIONS, KINDS, OBJECTS, ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.deployment import Selection
    from ahjo_tasks.project.files import ProjectFiles

SETTINGS = (
    *("sqlcmd_directives", "alembic_version_table", "alembic_version_table_schema", "metadata_allowed_schemas"),
)
"""Settings that what a deploy does depends on, beside the variables."""
ELSEWHERE = ("version_locations", "version_path_separator", "sourceless", "version_path_glob")
"""Settings of alembic.ini by which it finds revisions in other files than those of its folder."""
LONGEST_REVISIONS = 1000
LARGEST_DATA = 1_000_000
"""Bytes of the largest data file that is read as a whole to look whether it has changed."""
COMPILED = "__pycache__"


class _UnknownFilesError(Exception):
    """It cannot be told which files a deploy reads."""


def hash_inputs(files: ProjectFiles, settings: Settings, conceal: Callable[[str], str]) -> str:
    """Return a hash of all that a deploy reads: the bytes of its files, the variables and settings.

    Empty where not all of it is known, or where there is a secret in a file other than one of objects.
    """
    digest = sha256(f"{files.dialect.name}\n{_settings_text(settings, conceal)}".encode("utf-8", "surrogatepass"))
    try:
        for path in _object_paths(files):
            _add(digest.update, files.directory, path, files.contents.read(path))
    except (_UnknownFilesError, OSError):
        return ""
    shown = (hash_revisions(files, conceal), _hash_shown(files, _below(files.directory / DESCRIPTIONS), conceal))
    digest.update("".join(shown).encode())
    return digest.hexdigest() if all(shown) else ""


def hash_data(files: ProjectFiles, settings: Settings, kind: str, conceal: Callable[[str], str]) -> str:
    """Return a hash of all that the loading of data files of a kind depends on.

    Empty where not all of it is known, where there is a secret in a file, or where one is large.
    """
    paths = (path for folder in KINDS[kind].folders for path in _not_large(_below(files.database / folder)))
    shown = _hash_shown(files, paths, conceal)
    options = f"{_settings_text(settings, conceal)}\n{settings.data_loading!r}"
    return hash_text(f"{files.dialect.name}\n{options}\n{shown}") if shown else ""


def _not_large(paths: Iterator[str]) -> Iterator[str]:
    """Yield the paths. Raises _UnknownFilesError for a file that is too large to be read as a whole."""
    for path in paths:
        if os.path.getsize(path) > LARGEST_DATA:  # noqa: PTH202 - of many files
            raise _UnknownFilesError
        yield path


def hash_revisions(files: ProjectFiles, conceal: Callable[[str], str]) -> str:
    """Return a hash of alembic.ini and the files of its folder.

    Empty where not all of them are known, or where there is a secret in one.
    """
    return _hash_shown(files, _migration_paths(files.alembic_ini), conceal)


def _hash_shown(files: ProjectFiles, paths: Iterator[str], conceal: Callable[[str], str]) -> str:
    """Return a hash of files that hold no secret; empty where one does, or where they cannot be read."""
    digest = sha256()
    try:
        for path in paths:
            content = files.contents.read(path)
            text = content.decode("utf-8", "replace")
            if conceal(text) != text:
                return ""
            _add(digest.update, files.directory, path, content)
    except (_UnknownFilesError, OSError, ConfigParserError, UnicodeDecodeError):
        return ""
    return digest.hexdigest()


def _settings_text(settings: Settings, conceal: Callable[[str], str]) -> str:
    """Return variables and settings as lines; of a secret variable, whose text no hash shows, only the name."""
    lines = [f"{name}={getattr(settings, name)!r}" for name in SETTINGS]
    for name, value in sorted(settings.scripting_variables.items()):
        text = str(value)
        lines.append(f"$({name})" if conceal(text) != text else f"$({name})={text!r}")
    return "\n".join(lines)


def _object_paths(files: ProjectFiles) -> Iterator[str]:
    """Yield the SQL files of the folders that a deploy reads, also those that it leaves out for their names."""
    for kind in OBJECTS:
        if not ignored(kind, files.dialect.own_kinds):
            for folder in KINDS[kind].folders:
                yield from _below(files.database / folder, ".sql")


def _migration_paths(ini: Path) -> Iterator[str]:
    """Yield alembic.ini and the files of its folder. Raises _UnknownFilesError where revisions may be elsewhere."""
    if alembic_toml(ini.parent) is not None:
        raise _UnknownFilesError
    if not ini.is_file():
        return
    yield str(ini)
    parser = ConfigParser({"here": str(ini.parent).replace("%", "%%")})
    parser.read(ini, encoding="utf-8")
    options = dict(parser.items("alembic")) if parser.has_section("alembic") else {}
    folder = ini.parent / (options.get("script_location") or "alembic")
    if any(name in options for name in ELSEWHERE) or not folder.is_dir():
        raise _UnknownFilesError
    yield from _below(folder)


def _below(folder: Path, suffix: str = "") -> Iterator[str]:
    """Yield the files below a folder, sorted. Raises _UnknownFilesError for a link to a folder."""
    if folder.is_symlink():
        raise _UnknownFilesError
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != COMPILED)
        if any(Path(parent, name).is_symlink() for name in folders):
            raise _UnknownFilesError
        for name in sorted(names):
            if name.lower().endswith(suffix):
                yield f"{parent}/{name}"


def _add(update: Callable[[bytes], None], directory: Path, path: str, content: bytes) -> None:
    label = path.removeprefix(str(directory))
    update(f"{label}\0{len(content)}\0".encode("utf-8", "surrogatepass"))
    update(content)


def read_revisions(connection: Connection, settings: Settings) -> str:
    """Return the rows of Alembic's version table; empty where there is none. Raises StatementError."""
    name = settings.alembic_version_table
    schema = settings.alembic_version_table_schema or connection.dialect.bookkeeping_schema
    table = read_table(connection, name, schema)
    text = ",".join(sorted(str(row[0]) for row in table.rows)) if table is not None else ""
    return text if len(text) <= LONGEST_REVISIONS else hash_text(text)


def is_unchanged(connection: Connection, settings: Settings, inputs: str) -> bool:
    """Test whether files, revisions and objects are as the last finished deploy left them. Raises StatementError.

    `inputs` is what `hash_inputs` returned. In a transaction that the whole action shares nothing is read: what it has
    seen once it sees again, also after another run has changed it.
    """
    store = HistoryStore(connection, settings)
    last = store.last_state() if inputs and not connection.in_shared_transaction else None
    return (
        last is not None
        and bool(last.catalog_version)
        and last.files == inputs
        and last.is_of(connection.dialect.database_identity(connection))
        and last.revisions == read_revisions(connection, settings)
        and last.catalog_version == read_version(connection, last.schemas.splitlines())
    )


def is_loaded(connection: Connection, settings: Settings, kind: str, inputs: str) -> bool:
    """Test whether the last action that loaded data files of a kind ended well, and found them as they are now.

    `inputs` is what `hash_data` returned. Raises StatementError.
    """
    return bool(inputs) and LoadedFiles(HistoryStore(connection, settings), kind).are_done(inputs)


def has_all_revisions(connection: Connection, settings: Settings, revision_files: str) -> bool:
    """Test whether the last finished deploy ran all revisions of these files, and none was run or undone since.

    `revision_files` is what `hash_revisions` returned. Raises StatementError.
    """
    last = HistoryStore(connection, settings).last_state() if revision_files else None
    return (
        last is not None
        and last.revision_files == revision_files
        and last.revisions == read_revisions(connection, settings)
    )


def keep_state(connection: Connection, settings: Settings, selection: Selection | None) -> None:
    """Write the state where a full comparison found nothing to do, so that the next deploy need not compare again.

    A login that may not write leaves it as it is.
    """
    state, store = selection.state if selection else None, HistoryStore(connection, settings)
    if state is None:
        return
    with suppress(StatementError), connection.undone_on_error():
        state = replace(state, revisions=read_revisions(connection, settings))
        if store.exists():
            store.keep_state(state)
