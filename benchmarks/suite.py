"""All rows in one run: `inv bench`."""

from __future__ import annotations

import compileall
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import batches, fleet, latency, peers, report, scan, server, startup
from benchmarks.databases import (
    BenchmarkError,
    Database,
    MariadbDatabase,
    PostgresqlDatabase,
    ServerDatabase,
    SqliteDatabase,
)
from benchmarks.deploys import Deploys
from benchmarks.environment import MissingError, Tools
from benchmarks.measure import PATIENCE, REPOSITORY, Row
from benchmarks.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.peers import Peer

LABELS = {kind.dialect: kind.label for kind in (PostgresqlDatabase, MariadbDatabase, SqliteDatabase)}
RESULTS = REPOSITORY / "build" / "speed"


@dataclass(frozen=True)
class Sizes:
    """How much is measured, and how often."""

    objects: tuple[int, ...] = (500, 5000)
    far: int = 100
    milliseconds: float = 20.0
    runs: int = 3
    tests: int = 200
    megabytes: float = 200.0
    file: float = 200.0
    script: float = 4.0
    databases: int = 200
    server_databases: int = 60
    many: int = 0
    rows: int = 1_000_000
    patience: float = PATIENCE


QUICK = Sizes(
    (20,), far=20, runs=1, tests=20, megabytes=2.0, file=1.0, script=0.2, databases=3, server_databases=3, rows=1000
)


def sizes(words: str, *, quick: bool = False) -> Sizes:
    """Return the sizes named, as `objects=500 objects=5000 runs=1`; the others are the usual or the quick ones."""
    usual = QUICK if quick else Sizes()
    found: dict[str, Any] = {}
    for each in words.split():
        name, _, value = each.partition("=")
        if name not in vars(usual):
            raise BenchmarkError(f"no such size: {name}; there are {', '.join(vars(usual))}")
        known = getattr(usual, name)
        found[name] = (*found.get(name, ()), int(value)) if isinstance(known, tuple) else type(known)(value)
    return replace(usual, **found)


class Suite:
    """The parts of the benchmarks, in a folder of their own, on servers of their own."""

    def __init__(self, sizes: Sizes, tools: Tools, folder: Path, servers: ExitStack) -> None:
        self._sizes, self._tools, self._folder, self._servers = sizes, tools, folder, servers
        self._found, self.missing = peers.find(tools)
        for peer in self._found:
            lacking = [label for dialect, label in LABELS.items() if dialect not in peer.dialects]
            self.missing |= {f"{peer.name} on {label}": peer.why for label in lacking}
        self.parts: dict[str, Callable[[], Iterator[Row]]] = {
            "start": self._start,
            "deploys": self._deploys,
            "latency": self._latency,
            "tests": partial(self._volume, lambda volume: volume.tests(sizes.tests, sizes.runs)),
            "csv": partial(self._volume, lambda volume: volume.csv(sizes.rows, sizes.runs)),
            "file": partial(self._volume, lambda volume: volume.file(sizes.file, sizes.runs)),
            "fleet": self._fleet,
            "scan": self._scan,
            "batches": self._batches,
        }

    @cached_property
    def _databases(self) -> Mapping[str, Database]:
        """Start the servers, and return a database of each kind."""
        postgresql = PostgresqlDatabase(self._servers.enter_context(server.durable_server()))
        mariadb = MariadbDatabase(self._servers.enter_context(server.mariadb_server()))
        every = (postgresql, SqliteDatabase(self._folder / "files"), mariadb)
        return {database.dialect: database for database in every}

    def _peers(self, database: Database) -> list[Peer]:
        return [peer for peer in self._found if database.dialect in peer.dialects]

    def _place(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))

    def _start(self) -> Iterator[Row]:
        yield from startup.rows(self._tools, self._place(), self._sizes.runs * 5)

    def _deploys(self) -> Iterator[Row]:
        for database in self._databases.values():
            for size in self._sizes.objects:
                measured = Deploys(self._tools.python, database, size, self._place(), self._sizes.patience)
                yield from measured.rows(self._peers(database), self._sizes.runs)

    def _latency(self) -> Iterator[Row]:
        database = self._databases["postgresql"]
        assert isinstance(database, ServerDatabase)
        sizes = self._sizes
        distance = latency.Distance(sizes.far, sizes.milliseconds, sizes.runs, sizes.patience)
        yield from latency.rows(self._tools.python, database, self._peers(database), self._place(), distance)

    def _volume(self, measure: Callable[[Volume], Iterator[Row]]) -> Iterator[Row]:
        for database in self._databases.values():
            volume = Volume(self._tools.python, database.named("bench_volume"), self._place())
            volume.prepare(self._sizes.tests)
            yield from measure(volume)

    def _fleet(self) -> Iterator[Row]:
        sizes, python = self._sizes, self._tools.python
        for dialect, number in (("sqlite", sizes.databases), ("postgresql", sizes.server_databases)):
            database = self._databases[dialect]
            each = fleet.Fleet(python, database, number, self._place() / "fleet", self._dask)
            yield from each.rows((1, 2), self._peers(database), sizes.runs)
        if sizes.many:
            yield from fleet.memory(python, self._databases["sqlite"], self._place(), sorted({10, sizes.many}))

    @cached_property
    def _dask(self) -> str:
        """A Python that has Dask; empty where it cannot be installed."""
        try:
            return self._tools.python_with_dask
        except MissingError as error:
            self.missing["Dask"] = str(error)
            return ""

    def _scan(self) -> Iterator[Row]:
        yield from scan.rows(self._tools, self._place(), self._sizes.megabytes, self._sizes.runs)

    def _batches(self) -> Iterator[Row]:
        found = batches.pythons(self._tools)
        yield from batches.rows(found, batches.LIKELY, self._sizes.script, self._sizes.runs)


def run(sizes: Sizes, only: Sequence[str] = ()) -> Iterator[str]:
    """Measure the parts named, or all; yield tables, and write them as JSON and as a picture, too."""
    # Invoke forbids Python to keep what it compiles: an installed package would have come compiled.
    compileall.compile_dir(REPOSITORY / "ahjo_tasks", quiet=2)
    where, rows, failed = report.machine(), list[Row](), dict[str, str]()
    yield ", ".join(f"{name} {value}" for name, value in where.items())
    with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as folder, ExitStack() as servers:
        suite = Suite(sizes, Tools(REPOSITORY), Path(folder), servers)
        if unknown := set(only) - set(suite.parts):
            raise BenchmarkError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(suite.parts)}")
        for name in only or suite.parts:
            found: list[Row] = []
            try:
                for row in suite.parts[name]():
                    if found and report.table_of(row) != report.table_of(found[-1]):
                        yield from report.table(found)
                        rows, found = rows + found, []
                    found.append(row)
            except (BenchmarkError, MissingError) as error:
                failed[name] = str(error)
            rows += found  # what was measured before a failure counts, too
            yield from report.table(found)
        missing = suite.missing
    yield from (f"{name} is missing: {why}" for name, why in missing.items())
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "results.json").write_text(report.as_json(rows, where, missing), encoding="utf-8")
    (RESULTS / "results.svg").write_text(report.picture(rows, where), encoding="utf-8")
    if failed:
        raise BenchmarkError("\n".join(f"{name} failed: {why}" for name, why in failed.items()))
