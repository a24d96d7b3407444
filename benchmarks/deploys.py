"""Deploys of a whole project: a fresh one, one with nothing to do, one with a changed view; each tool on its database.

The floor of a fresh one is the database's own client, that of the others `inv --list` of three tasks that do nothing:
who has nothing to do should take little more than a start.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import floor, peers, project, startup
from benchmarks.databases import BenchmarkError, Database
from benchmarks.measure import OUR_ENVIRON, OURS, PATIENCE, Contestant, Row, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.peers import Peer

CLIENTS = {"postgresql": "psql", "mysql": "mariadb", "sqlite": "sqlite3"}


class Way(NamedTuple):
    """A tool with a database of its own. `change` writes the change of a view."""

    contestant: Contestant
    database: Database
    change: Callable[[project.SourceFile], object]


class Deploys:
    """One project in the layout of every tool, in a folder."""

    def __init__(self, python: str, database: Database, size: int, folder: Path, patience: float = PATIENCE) -> None:
        self._python, self._database, self._folder, self._patience = python, database, folder, patience
        self._size = size
        self.project = project.generate(size, database.dialect)
        self._view = next(file for file in reversed(self.project.files) if file.kind == "views")

    def rows(self, found: Iterable[Peer], runs: int) -> Iterator[Row]:
        """Yield what was measured; who failed at the fresh deploy is not asked again."""
        ways = self.ways(found)
        rows = list(self._compare("fresh deploy", [_renewed(way) for way in ways], runs))
        yield from rows
        deployed = {row.way for row in rows if row.runs}
        ways = [way for way in ways if way.contestant.name in deployed]
        listing = startup.bare(self._python, self._folder / "bare")
        knowing = [way.contestant for way in ways if way.contestant.is_peer or way.contestant.name == OURS]
        yield from self._compare("nothing changed", [listing, *knowing], runs)
        yield from self._compare("one view changed", [listing, *map(self._changed, ways)], runs)

    def fresh(self, found: Iterable[Peer]) -> list[Contestant]:
        """Return the fresh deploys of all."""
        return [_renewed(way) for way in self.ways(found)]

    def ways(self, found: Iterable[Peer]) -> list[Way]:
        """Write the project for every tool: the client, the bare programs, ours, the peers."""
        return [self._client(), *self._bare(), self._ours(), *(self._peer(peer) for peer in found)]

    def _compare(self, work: str, contestants: Sequence[Contestant], runs: int) -> Iterator[Row]:
        yield from compare(f"{work}, {self._size} objects", self._database.label, contestants, runs, self._patience)

    def _contestant(self, name: str, command: Sequence[str], folder: Path, database: Database) -> Contestant:
        check, seconds = partial(database.check, self.project), database.server_seconds
        return Contestant(name, command, folder, database.environ, check=check, server_seconds=seconds)

    def _client(self) -> Way:
        database, folder = self._database.named("bench"), self._folder / "floor"
        floor.write([peers.TABLES, *self.project.deployed], folder)
        name, script = CLIENTS[database.dialect], folder / floor.ALL
        contestant = self._contestant(name, database.client(script), folder, database)
        return Way(contestant, database, lambda file: script.write_text(file.text, encoding="utf-8"))

    def _bare(self) -> Iterator[Way]:
        if self._database.dialect != "postgresql":
            return
        for number, name in enumerate(floor.WAYS):
            database, folder = self._database.named(f"bench_bare{number}"), self._folder / f"bare{number}"
            floor.write([peers.TABLES, *self.project.deployed], folder)
            command, files = floor.bare_command(name, folder, self._python), folder / floor.FILES
            yield Way(self._contestant(name, command, folder, database), database, partial(_only, files))

    def _ours(self) -> Way:
        database, folder = self._database.named("bench_ours"), self._folder / OURS
        self.project.write(folder, database.backend())
        command = [self._python, "-m", "invoke", "deploy", "data", "--config", "dev.json"]
        contestant = self._contestant(OURS, command, folder, database)
        return Way(
            replace(contestant, environ=OUR_ENVIRON),
            database,
            lambda file: (folder / file.path).write_text(file.text, encoding="utf-8"),
        )

    def _peer(self, peer: Peer) -> Way:
        name = peers.word(peer.name).replace("-", "_").replace(" ", "_")
        database, folder = self._database.named(f"bench_{name}"), self._folder / name
        peer.prepare(folder, self.project.deployed, database)
        contestant = self._contestant(peer.name, peer.command(folder, database), folder, database)
        environ, free = {**database.environ, **peer.environ(database)}, count(len(self.project.deployed) + 2)
        return Way(
            replace(contestant, environ=environ, is_peer=True),
            database,
            lambda file: peer.change(folder, next(free), file),
        )

    def _changed(self, way: Way) -> Contestant:
        numbers = count(1_000_001)
        wanted = [0]

        def change() -> None:
            wanted[0] = next(numbers)
            way.change(project.changed(self._view, wanted[0]))

        def check() -> None:
            if str(wanted[0]) not in way.database.definition(peers.word(self._view.name)):
                raise BenchmarkError("the view is as it was")

        return replace(way.contestant, before=change, check=check)


def _only(files: Path, file: project.SourceFile) -> None:
    """Have a bare program run this file alone."""
    place = files.with_name("changed.sql")
    place.write_text(file.text, encoding="utf-8")
    files.write_text(f"{place}\n", encoding="utf-8")


def _renewed(way: Way) -> Contestant:
    return replace(way.contestant, before=way.database.renew)
