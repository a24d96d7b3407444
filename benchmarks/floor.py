"""What a deployment costs without a deployment tool.

The floor is one psql session: `psql -X -q -v ON_ERROR_STOP=1 -f all.sql`. The file holds, in an order that works, the
tables and indexes of the migration with Alembic's version table, then every function, view and procedure, then the
data, then the tests, whose rows psql formats. Every statement is a transaction of its own. Nothing is looked up,
ordered, recorded or checked.

As a script this module is a bare psycopg program that does the same from the single files:
`python floor.py WAY LIST_OF_FILES`, where `WAY` is a name of `WAYS`. Both find their database in libpq's environment
variables.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import psycopg

    from benchmarks.project import Project

    Connection = psycopg.Connection[tuple[Any, ...]]

MIGRATION = "migration.sql"
ALL = "all.sql"
FILES = "files.txt"
GROUP = 50


def write_floor(project: Project, project_folder: Path, folder: Path, migration_sql: str) -> None:
    """Write to `folder` what the floor runs: all.sql, and files.txt, the paths of the single files in order."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MIGRATION).write_text(migration_sql, encoding="utf-8")
    (folder / ALL).write_text(migration_sql + "".join(file.text for file in project.files), encoding="utf-8")
    paths = [folder / MIGRATION, *(project_folder / file.path for file in project.files)]
    (folder / FILES).write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")


def psql_program() -> Path:
    """Return the psql program itself, not the Perl wrapper that Debian puts on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1]
    import shutil

    program = shutil.which("psql")
    if program is None:
        raise FileNotFoundError("psql is not installed")
    return Path(program)


def psql_command(folder: Path) -> list[str]:
    """Return the floor's command."""
    return [str(psql_program()), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(folder / ALL)]


def bare_command(way: str, folder: Path, python: str) -> list[str]:
    """Return the command of a bare psycopg program."""
    return [python, __file__, way, str(folder / FILES)]


def in_one_transaction(connection: Connection, texts: Iterator[bytes]) -> None:
    """Execute one file after the other, commit at the end."""
    with connection.transaction():
        _one_by_one(connection, texts)


def in_a_pipeline(connection: Connection, texts: Iterator[bytes]) -> None:
    """Send everything without waiting for answers, commit at the end."""
    migration = next(texts)
    with connection.transaction():
        connection.execute(migration)
        with connection.pipeline():
            _one_by_one(connection, texts)


def in_transactions(connection: Connection, texts: Iterator[bytes]) -> None:
    """Begin and commit around every file."""
    for text in texts:
        with connection.transaction():
            connection.execute(text).close()


def in_autocommit(connection: Connection, texts: Iterator[bytes]) -> None:
    """Execute one file after the other, each its own transaction."""
    _one_by_one(connection, texts)


def in_autocommit_unsynced(connection: Connection, texts: Iterator[bytes]) -> None:
    """Execute one file after the other, none waiting for the disk."""
    connection.execute("SET synchronous_commit = off")
    _one_by_one(connection, texts)


def with_savepoints(connection: Connection, texts: Iterator[bytes]) -> None:
    """Execute every file behind a savepoint, commit at the end."""
    with connection.transaction():
        for text in texts:
            with connection.transaction():
                connection.execute(text).close()


def in_groups(connection: Connection, texts: Iterator[bytes]) -> None:
    """Send the files in groups, each group one call, commit at the end."""
    waiting: list[bytes] = []
    with connection.transaction():
        for text in texts:
            waiting.append(text)
            if len(waiting) == GROUP:
                connection.execute(b"\n".join(waiting)).close()
                waiting.clear()
        if waiting:
            connection.execute(b"\n".join(waiting)).close()


WAYS: dict[str, Callable[[Connection, Iterator[bytes]], None]] = {
    "loop": in_one_transaction,
    "pipeline": in_a_pipeline,
    "transactions": in_transactions,
    "autocommit": in_autocommit,
    "unsynced": in_autocommit_unsynced,
    "savepoints": with_savepoints,
    "groups": in_groups,
}


def _one_by_one(connection: Connection, texts: Iterator[bytes]) -> None:
    for text in texts:
        connection.execute(text).close()


def main(way: str, files: str) -> None:
    """Deploy the listed files in the way named."""
    import psycopg

    paths = Path(files).read_text(encoding="utf-8").splitlines()
    with psycopg.connect(autocommit=True) as connection:
        WAYS[way](connection, (Path(path).read_bytes() for path in paths))


if __name__ == "__main__":
    main(*sys.argv[1:])
