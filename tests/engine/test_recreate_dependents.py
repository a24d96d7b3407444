"""Views in chains, on a server that refuses to drop what others use: each is created once."""

from __future__ import annotations

import random
import re
from collections import Counter
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from ahjo_tasks.database.connection import Connection
from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.database.dialects.postgresql import PostgreSQL
from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.recreate_dependents import drops, recreates
from ahjo_tasks.engine.sql_file import plan_objects
from ahjo_tasks.errors import DeployError, ServerError, StatementError
from ahjo_tasks.project.sql_file import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.events import StepEvent

    Needs = Mapping[str, Sequence[str]]

REFUSED = {"mssql": "3729", "postgresql": "2BP01"}


class WithoutCatalog(PostgreSQL):
    """Leaves it to the files to tell what depends on what."""

    def dependents(self, *_: object) -> None:  # type: ignore[override]
        return None


DROP = re.compile(r"(?:DROP VIEW IF EXISTS \W*(?:dbo|public)\W+|relname = '+)(\w+)")
CREATE = re.compile(r"CREATE (OR REPLACE )?VIEW \w+\.(\w+)")
USED = re.compile(r"(?:FROM|JOIN) \w+\.(\w+)")


@dataclass
class Server:
    """Keeps views with what they use; drops none that another uses, and creates none twice or over a missing one.

    `created` counts what was not rolled back.
    """

    dialect: Any
    views: dict[str, set[str]] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    in_shared_transaction: bool = False
    usable: bool = True
    interrupted: bool = False
    transactional: bool = False
    on_message: Any = print

    cover = str
    messages_to = Connection.messages_to
    report = Connection.report

    def check_interrupted(self) -> None:
        if self.interrupted:
            raise KeyboardInterrupt

    def noticing_rollback(self, _text: str) -> AbstractContextManager[None]:
        """Have no procedure that ends a transaction."""
        return nullcontext()

    def query(self, _text: str) -> list[tuple[Any, ...]]:
        """Have a catalog that tells nothing."""
        return []

    def execute(self, text: str) -> int:
        """Run a batch, or nothing of it."""
        with self.transaction():
            self.run(text)
        return 0

    def run(self, text: str) -> None:
        for drop in DROP.finditer(text):
            name = drop[1]
            if any(name in used for used in self.views.values()):
                raise StatementError(ServerError(f"{name}: other objects depend on it", REFUSED[self.dialect.name]))
            self.views.pop(name, None)
        for create in CREATE.finditer(text):
            used = set(USED.findall(text))
            if (create[2] in self.views and not create[1]) or not used <= self.views.keys():
                raise StatementError(ServerError(f"{create[2]} exists, or one of {used} does not"))
            self.views[create[2]] = used
            self.created[create[2]] += 1

    @contextmanager
    def preserve_session(self, _texts: list[str]) -> Iterator[None]:
        yield

    @contextmanager
    def transaction(self, **_: bool) -> Iterator[None]:
        views, created = dict(self.views), Counter(self.created)
        try:
            yield
        except BaseException:
            self.views, self.created = views, created
            raise


def plan(folder: Path, needs: Needs, dialect: str = "mssql", *, replaced: Sequence[str] = ()) -> Plan:
    """The files of views that drop themselves first; those that are `replaced` do not, but replace."""
    schema, apart = ("dbo", "GO\n") if dialect == "mssql" else ("public", "")
    files = []
    for name, used in needs.items():
        source = " JOIN ".join(f"{schema}.{other}" for other in used)
        query = f"SELECT 1 AS x FROM {source}" if used else "SELECT 1 AS x"
        drop = "" if name in replaced else f"DROP VIEW IF EXISTS {schema}.{name};\n{apart}"
        create = "CREATE OR REPLACE VIEW" if name in replaced else "CREATE VIEW"
        path = folder / f"{schema}.{name}.sql"
        path.write_text(f"{drop}{create} {schema}.{name} AS {query};\n", encoding="utf-8")
        files.append(read(path, "view", dialect_named(dialect), label=path.name))
    return plan_objects(files)


def deploy(server: Server, deployed: Plan) -> list[StepEvent]:
    """Deploy and return the events; `created` counts from here."""
    events: list[StepEvent] = []
    server.created.clear()
    PlanExecutor(cast("Connection", server), events.append).run(deployed)
    return events


def new_server(dialect: str = "mssql") -> Server:
    return Server(WithoutCatalog() if dialect == "postgresql" else dialect_named(dialect))


CHAIN: Needs = {f"v{number}": [f"v{number - 1}"] if number else [] for number in range(20)}
DIAMOND: Needs = {"a": [], "b": [], "c": ["a", "b"], "d": ["c"]}
SHARED: Needs = {"a": [], "ab": ["a"], "x": [], "y": ["x"], "z": ["ab", "y"], "alone": [], "xx": ["x"]}


@pytest.mark.parametrize("dialect", ["mssql", "postgresql"])
@pytest.mark.parametrize("needs", [CHAIN, DIAMOND, SHARED], ids=["chain", "diamond", "shared"])
def test_each_view_is_created_once(tmp_path: Path, needs: Needs, dialect: str) -> None:
    server, deployed = new_server(dialect), plan(tmp_path, needs, dialect)
    deploy(server, deployed)

    events = deploy(server, deployed)

    assert server.created == dict.fromkeys(needs, 1)
    ended = [event.label for event in events if event.status == "ok"]
    assert sorted(ended) == sorted(step.label for step in deployed.steps)  # each told when it is done
    assert server.views == {name: set(used) for name, used in needs.items()}


@pytest.mark.parametrize("seed", range(60))
def test_each_view_of_any_graph_is_created_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"v{number}" for number in range(chance.randint(2, 14))]
    chance.shuffle(names)
    needs = {name: chance.sample(names[:index], min(index, chance.randint(0, 3))) for index, name in enumerate(names)}
    server, deployed = new_server(), plan(tmp_path, needs)
    deploy(server, deployed)

    deploy(server, deployed)

    assert server.created == dict.fromkeys(needs, 1)
    assert server.views == {name: set(used) for name, used in needs.items()}


def test_what_a_dependent_newly_needs_is_created_before_it(tmp_path: Path) -> None:
    """`new` comes after `a` in the plan, and is replaced, not dropped: the server refuses nothing of it."""
    server = new_server("postgresql")
    deploy(server, plan(tmp_path, {"a": [], "b": ["a"]}, "postgresql"))

    deploy(server, plan(tmp_path, {"a": [], "new": [], "b": ["a", "new"]}, "postgresql", replaced=["new"]))

    assert server.views == {"a": set(), "new": set(), "b": {"a", "new"}}


def test_a_failing_dependent_leaves_all_as_it_was(tmp_path: Path) -> None:
    server = new_server()
    deploy(server, plan(tmp_path, CHAIN))
    broken = plan(tmp_path, {**CHAIN, "v19": ["v18", "missing"]})

    with pytest.raises(DeployError, match="v19"):
        deploy(server, broken)

    assert server.views == {name: set(used) for name, used in CHAIN.items()}


def test_a_dependent_of_another_project_is_not_dropped(tmp_path: Path) -> None:
    server, deployed = new_server(), plan(tmp_path, DIAMOND)
    deploy(server, deployed)
    server.views["foreign"] = {"c"}

    with pytest.raises(DeployError, match="depend on it"):
        deploy(server, deployed)

    assert server.views == {**{name: set(used) for name, used in DIAMOND.items()}, "foreign": {"c"}}


@pytest.mark.parametrize(
    ("text", "dropped", "again"),
    [
        ("DROP VIEW IF EXISTS dbo.v;\nGO\nCREATE VIEW dbo.v AS SELECT 1 AS x", True, True),
        ("CREATE /* over */ OR -- the old one\n ALTER VIEW dbo.v AS SELECT 1 AS x", False, True),
        ("-- DROP VIEW dbo.v\nCREATE VIEW dbo.v AS SELECT 'DROP it' AS x", False, False),
        ("/* CREATE OR ALTER */ CREATE VIEW dbo.v AS SELECT N'OR ALTER' AS [OR ALTER]", False, False),
        ("CREATE PROCEDURE dbo.p AS DROP TABLE #t", False, False),
        (
            "IF OBJECT_ID('dbo.v') IS NOT NULL EXEC('DROP VIEW dbo.v')\nGO\nCREATE VIEW dbo.v AS SELECT 1 AS x",
            True,
            True,
        ),
    ],
)
def test_the_statements_say_that_a_file_can_create_again(tmp_path: Path, text: str, dropped: bool, again: bool) -> None:
    path = tmp_path / "v.sql"
    path.write_text(text, encoding="utf-8")
    file = read(path, "view", dialect_named("mssql"), label="v.sql")
    assert (drops(file), recreates(file)) == (dropped, again)
    assert recreates(file, len(file.definitions))
