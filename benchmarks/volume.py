"""Large amounts: rows by CSV in and out, one large SQL file, hundreds of SQL tests; on a database with our project."""

from __future__ import annotations

import json
import shlex
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from benchmarks import floor, project
from benchmarks.databases import BenchmarkError, Database
from benchmarks.deploys import CLIENTS
from benchmarks.measure import OUR_ENVIRON, OURS, Contestant, Row, compare, timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CSV_LINE = "{0},item {0},{0},new,1,2.50,2024-02-29\n"
INSERT = "INSERT INTO item (id, name, amount) VALUES ({0}, 'item {0}, which has a name of some length', {0});\n"
ITEM = f"CREATE TABLE item ({', '.join(f'{name} {kind}' for name, _, kind in project.COLUMNS)}, PRIMARY KEY (id));\n"
IN = {
    "postgresql": "\\copy item FROM '{0}' WITH (FORMAT csv, HEADER)\n",
    "mysql": "LOAD DATA LOCAL INFILE '{0}' INTO TABLE item FIELDS TERMINATED BY ',' IGNORE 1 LINES;\n",
    "sqlite": ".import --csv --skip 1 {0} item\n",
}
OUT = {
    "postgresql": "\\copy item TO '{0}' WITH (FORMAT csv, HEADER)\n",
    "mysql": "SELECT * FROM item;\n",
    "sqlite": ".headers on\n.mode csv\n.output {0}\nSELECT * FROM item;\n",
}


class Volume:
    """A project with one table more, deployed to a database."""

    def __init__(self, python: str, database: Database, folder: Path) -> None:
        self._python, self._database, self._folder = python, database, folder
        self._project = folder / OURS

    def prepare(self, tests: int) -> None:
        """Deploy the project."""
        database = self._database
        wanted = project.with_tests(project.generate(project.SMALLEST, database.dialect), tests, database.dialect)
        wanted.write(self._project, {**database.backend(), "data_loading": {"separator": ","}})
        database.renew()
        timed(OURS, self._inv("deploy", "data"), self._project, OUR_ENVIRON)
        self._client_runs(ITEM)
        floor.write([file for file in wanted.files if file.kind == "tests"], self._folder / "tests")

    def tests(self, number: int, runs: int) -> Iterator[Row]:
        """Yield what SQL tests take."""
        report = self._folder / "tests.json"
        files = self._folder / "tests"

        def check() -> None:
            found = json.loads(report.read_text(encoding="utf-8"))
            if (found["passed"], found["failed"]) != (number, 0):
                raise BenchmarkError(f"{found['passed']} tests passed and {found['failed']} failed, not {number} and 0")

        first = [self._contestant(CLIENTS[self._database.dialect], self._database.client(files / floor.ALL))]
        if self._database.dialect == "postgresql":
            way = next(iter(floor.WAYS))
            first.insert(0, self._contestant(way, floor.bare_command(way, files, self._python)))
        command = self._inv("test", "--format", "json", "--output", str(report))
        ours = Contestant(OURS, command, self._project, OUR_ENVIRON, check=check)
        yield from compare(f"{number} SQL tests", self._database.label, [*first, ours], runs)

    def csv(self, number: int, runs: int) -> Iterator[Row]:
        """Yield what it takes to load rows, and to write them."""
        database, data = self._database, self._project / "database" / "data" / "item.csv"
        for file in data.parent.iterdir():
            file.unlink()
        head = ",".join(name for name, _, _ in project.COLUMNS) + "\n"
        with data.open("w", encoding="utf-8", newline="") as out:
            out.write(head)
            out.writelines(CSV_LINE.format(key) for key in range(1, number + 1))
        script = self._script("in.sql", IN[database.dialect].format(data))
        client = self._local(database.client(script))
        empty, full = partial(self._client_runs, "DELETE FROM item;\n"), partial(self._check_rows, number)
        contestants = [
            self._contestant(CLIENTS[database.dialect], client, before=empty, check=full),
            self._ours(self._inv("data", "--all"), before=empty, check=full),
        ]
        yield from compare(f"{number:,} rows of CSV, in", database.label, contestants, runs)
        yield from compare(f"{number:,} rows of CSV, out", database.label, self._writers(number), runs)
        data.unlink()

    def _writers(self, number: int) -> Sequence[Contestant]:
        database, theirs, ours = self._database, self._folder / "theirs.csv", self._folder / "ours.csv"
        client = database.client(self._script("out.sql", OUT[database.dialect].format(theirs)))
        if database.dialect == "mysql":
            client = ["/bin/sh", "-c", f"{shlex.join([*client, '--batch', '--quick'])} > {shlex.quote(str(theirs))}"]
        command = self._inv("to-csv", "--table", "item", "--separator", ",", "--output", str(ours), "--overwrite")
        return [
            self._contestant(CLIENTS[database.dialect], client, check=partial(_lines, theirs, number)),
            self._ours(command, check=partial(_lines, ours, number)),
        ]

    def file(self, megabytes: float, runs: int) -> Iterator[Row]:
        """Yield what one SQL file of rows takes, in a transaction, as data."""
        database, keys = self._database, count(1)
        script = self._project / "database" / "data" / "item.sql"
        for file in script.parent.iterdir():
            file.unlink()
        with script.open("w", encoding="utf-8") as out:
            while out.tell() < megabytes * 1e6:
                out.writelines(INSERT.format(next(keys)) for _ in range(1000))
        number = next(keys) - 1
        whole = self._folder / "whole.sql"
        whole.write_text("BEGIN;\n" + script.read_text(encoding="utf-8") + "COMMIT;\n", encoding="utf-8")
        empty, full = partial(self._client_runs, "DELETE FROM item;\n"), partial(self._check_rows, number)
        contestants = [
            self._contestant(CLIENTS[database.dialect], database.client(whole), before=empty, check=full),
            self._ours(self._inv("data", "--all"), before=empty, check=full),
        ]
        yield from compare(f"a SQL file of {megabytes:g} MB", database.label, contestants, runs)
        script.unlink()

    def _ours(self, command: Sequence[str], **more: object) -> Contestant:
        seconds = self._database.server_seconds
        return Contestant(OURS, command, self._project, OUR_ENVIRON, server_seconds=seconds, **more)  # type: ignore[arg-type]

    def _contestant(self, name: str, command: Sequence[str], **more: object) -> Contestant:
        database = self._database
        seconds = database.server_seconds
        return Contestant(name, command, self._folder, database.environ, server_seconds=seconds, **more)  # type: ignore[arg-type]

    def _local(self, command: list[str]) -> list[str]:
        return [*command[:3], "--local-infile=1", *command[3:]] if self._database.dialect == "mysql" else command

    def _script(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def _client_runs(self, text: str) -> None:
        command = self._database.client(self._script("client.sql", text))
        timed(command[-1], command, self._folder, self._database.environ)

    def _check_rows(self, number: int) -> None:
        ((found,),) = self._database.query("SELECT count(*) FROM item")
        if found != number:
            raise BenchmarkError(f"there are {found} rows, not {number}")

    def _inv(self, *words: str) -> list[str]:
        return [self._python, "-m", "invoke", *words, "--config", "dev.json"]


def _lines(path: Path, number: int) -> None:
    """Raise where a file has fewer lines."""
    if not path.is_file():
        raise BenchmarkError(f"there is no {path.name}")
    with path.open("rb") as file:
        found = sum(1 for _ in file)
    path.unlink()
    if found < number + 1:
        raise BenchmarkError(f"{path.name} has {found} lines, not {number + 1}")
