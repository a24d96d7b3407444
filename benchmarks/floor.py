"""What a deployment costs without a deployment tool.

The floor is one session of the database's own client, which runs one script: the tables and indexes of the migration,
then every function, view and procedure in an order that works, then the data. Every statement is a transaction of its
own. Nothing is looked up, ordered, recorded or checked.

As a script this module is a bare psycopg program that does the same from the single files:
`python floor.py WAY LIST_OF_FILES`, where `WAY` is a name of `WAYS`. It finds its database in libpq's environment
variables.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    import psycopg

    from benchmarks.project import SourceFile

    Connection = psycopg.Connection[tuple[Any, ...]]

ALL = "all.sql"
FILES = "files.txt"


def write(files: Iterable[SourceFile], folder: Path) -> None:
    """Write to `folder` what the floor runs: all.sql, and files.txt, the paths of the single files in order."""
    known = list(files)
    paths = [folder / f"{number:05}.sql" for number, _ in enumerate(known)]
    folder.mkdir(parents=True, exist_ok=True)
    for path, file in zip(paths, known, strict=True):
        path.write_text(file.text, encoding="utf-8")
    (folder / ALL).write_text("".join(file.text for file in known), encoding="utf-8")
    (folder / FILES).write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")


def bare_command(way: str, folder: Path, python: str) -> list[str]:
    """Return the command of a bare psycopg program."""
    return [python, __file__, way, str(folder / FILES)]


def one_by_one(connection: Connection, texts: Iterator[bytes]) -> None:
    """Execute one file after the other, commit at the end."""
    with connection.transaction():
        for text in texts:
            connection.execute(text).close()


def in_a_pipeline(connection: Connection, texts: Iterator[bytes]) -> None:
    """Send everything without waiting for answers, commit at the end; the first file has many statements."""
    with connection.transaction():
        connection.execute(next(texts)).close()
        with connection.pipeline():
            for text in texts:
                connection.execute(text).close()


WAYS: dict[str, Callable[[Connection, Iterator[bytes]], None]] = {
    "psycopg, one by one": one_by_one,
    "psycopg, pipelined": in_a_pipeline,
}


def main(way: str, files: str) -> None:
    """Deploy the listed files in the way named."""
    import psycopg

    paths = Path(files).read_text(encoding="utf-8").splitlines()
    with psycopg.connect(autocommit=True) as connection:
        WAYS[way](connection, (Path(path).read_bytes() for path in paths))


if __name__ == "__main__":
    main(*sys.argv[1:])
