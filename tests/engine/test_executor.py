from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from ahjo_tasks.database.connection import Connection
from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.engine.drop import plan_drop
from ahjo_tasks.engine.executor import PlanExecutor, batched, describe_transactions, divide
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import DeployError, ServerError, StatementError
from ahjo_tasks.project.sql_file import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ahjo_tasks.database.dialects.base import ServerMessage
    from ahjo_tasks.events import StepEvent


@dataclass
class FakeConnection:
    """Notes what it is sent, says a message at each call, and refuses what contains `bad`."""

    dialect: Any = field(default_factory=lambda: dialect_named("postgresql"))
    in_shared_transaction: bool = False
    usable: bool = True
    breaks: bool = False
    interrupted: bool = False
    cover: Callable[[str], str] = str
    sent: list[str] = field(default_factory=list)
    on_message: Callable[[ServerMessage], None] = print

    messages_to = Connection.messages_to
    report = Connection.report

    def check_interrupted(self) -> None:
        if self.interrupted:
            raise KeyboardInterrupt

    def execute(self, text: str) -> int:
        self.sent.append(text)
        self.report(f"call {len(self.sent)}")
        if "bad" in text:
            self.usable = not self.breaks
            raise StatementError(ServerError("no", line=1, column=3))
        return 0

    def noticing_rollback(self, _text: str) -> AbstractContextManager[None]:
        return nullcontext()

    def preserve_session(self, _texts: list[str]) -> AbstractContextManager[None]:
        return nullcontext()

    def transaction(self, **_: bool) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Plan]:
    def made(*texts: str, dialect: str = "postgresql") -> Plan:
        return Plan(tuple(steps(tmp_path, dialect, texts)))

    return made


def steps(folder: Path, dialect: str, texts: tuple[str, ...]) -> Iterator[FileStep]:
    for number, text in enumerate(texts, 1):
        path = folder / f"v{number}.sql"
        path.write_text(text, encoding="utf-8")
        yield FileStep(read(path, "view", dialect_named(dialect), label=f"v{number}"))


def applied(plan: Plan, connection: FakeConnection) -> list[StepEvent]:
    events: list[StepEvent] = []
    PlanExecutor(cast("Connection", connection), events.append).run(plan)
    return events


def statuses(events: list[StepEvent]) -> list[tuple[str, int]]:
    return [(event.status, event.number) for event in events]


def lengths(plan: Plan, **connection: Any) -> list[int]:
    return [len(batch) for batch in batched(plan.steps, cast("Connection", FakeConnection(**connection)))]


GOOD = "create view v as select 1"


def test_files_of_a_call_are_started_together_and_end_in_order(plan: Callable[..., Plan]) -> None:
    connection = FakeConnection()

    events = applied(plan(GOOD, GOOD, GOOD), connection)

    started = [("started", number) for number in (1, 2, 3)]
    assert statuses(events) == [*started, ("ok", 1), ("ok", 2), ("ok", 3), ("message", 3)]
    assert [event.batch_size for event in events] == [3, 0, 0, 1, 1, 1, 1]
    assert connection.sent == [f"SET LOCAL lock_timeout = '1s'\n;\n{GOOD}\n;\n{GOOD}\n;\n{GOOD}"]


def test_a_ctrl_c_that_python_has_lost_ends_the_run_before_the_next_step(plan: Callable[..., Plan]) -> None:
    connection = FakeConnection(interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        applied(plan(f"{GOOD} -- one\n; COMMIT"), connection)
    assert connection.sent == []


def test_a_failed_call_is_repeated_file_by_file(plan: Callable[..., Plan]) -> None:
    connection, events = FakeConnection(), []

    with pytest.raises(DeployError) as caught:
        PlanExecutor(cast("Connection", connection), events.append).run(plan(GOOD, f"\n{GOOD} -- bad", GOOD))

    assert statuses(events) == [
        ("started", 1),
        ("started", 2),
        ("started", 3),
        ("started", 1),
        ("message", 1),
        ("ok", 1),
        ("started", 2),
        ("message", 2),
        ("FAIL", 2),
    ]
    assert [event.text for event in events if event.status == "message"] == ["v1:1: call 2", "v2:2: call 3"]
    assert (caught.value.path or connection).name == "v2.sql"  # type: ignore[union-attr]
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert caught.value.details[-2:] == (
        "Applied before: v1",
        "1 of 3 steps committed; v2 was rolled back.",
    )


def test_a_failed_call_is_not_repeated_on_a_broken_connection(plan: Callable[..., Plan]) -> None:
    connection = FakeConnection(breaks=True)

    with pytest.raises(DeployError, match="no"):
        applied(plan(GOOD, f"{GOOD} -- bad"), connection)

    assert len(connection.sent) == 1


@pytest.mark.parametrize(
    ("text", "batchable"),
    [
        (GOOD, True),
        ("-- why\n\n/* a /* b */ */ CREATE OR REPLACE VIEW v AS SELECT 1;", True),
        (f"{GOOD}; comment on view v is 'x; commit;'; grant select on v to public;", True),
        ("create function f() returns int language sql as $$ select 1; commit; $$;", True),
        ("drop function if exists f; create function f() returns int return 1", True),
        ("create materialized view v as select 1", False),
        ("create function f() returns int begin atomic; select 1; end", False),
        ("create table t (i int)", False),
        ("create index concurrently i on t (a)", False),
        (f"-- transaction: off\n{GOOD}", False),
        (f"{GOOD}; commit", False),
        (f"begin; {GOOD}; end", False),
        (f"set local search_path to a; {GOOD}", False),
        (f"{GOOD}; select 1", False),
        (f"{GOOD}; do $$ begin commit; end $$", False),
        (f"{GOOD}; call p()", False),
        (f"{GOOD};;", False),
    ],
)
def test_only_plain_definitions_share_a_call(plan: Callable[..., Plan], text: str, batchable: bool) -> None:
    assert lengths(plan(text, text)) == ([2] if batchable else [1, 1])


@pytest.mark.parametrize("dialect", ["mssql", "mysql", "sqlite"])
def test_other_databases_get_every_file_in_a_call_of_its_own(plan: Callable[..., Plan], dialect: str) -> None:
    assert lengths(plan(GOOD, GOOD, dialect=dialect)) == [1, 1]


def test_in_a_shared_transaction_files_share_a_call_as_well(plan: Callable[..., Plan]) -> None:
    assert lengths(plan(GOOD, GOOD), in_shared_transaction=True) == [2]


def test_batching_keeps_the_order(plan: Callable[..., Plan]) -> None:
    steps = plan(GOOD, GOOD, "select 1", "select 2", *[GOOD] * 101).steps

    batches = list(batched(steps, cast("Connection", FakeConnection())))

    assert [step for batch in batches for step in batch] == list(steps)
    assert [len(batch) for batch in batches] == [2, 1, 1, 100, 1]


def test_no_call_is_longer_than_a_quarter_of_a_megabyte(plan: Callable[..., Plan]) -> None:
    long = GOOD + " -- " + "x" * 100_000

    assert lengths(plan(long, long, long)) == [2, 1]


NATIVE = """CREATE PROCEDURE dbo.p WITH NATIVE_COMPILATION, SCHEMABINDING AS
BEGIN ATOMIC WITH (TRANSACTION ISOLATION LEVEL = SNAPSHOT, LANGUAGE = N'us_english') SELECT 1 AS x END"""
IN_MEMORY = "CREATE TYPE dbo.y AS TABLE (i int NOT NULL PRIMARY KEY NONCLUSTERED) WITH (MEMORY_OPTIMIZED = ON)"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (NATIVE, "NATIVE_COMPILATION"),
        (IN_MEMORY, "MEMORY_OPTIMIZED = ON"),
        ("IF 1 = 1 BEGIN create /* one */ fulltext -- c\ncatalog f END", "CREATE FULLTEXT CATALOG"),
        ("CREATE VIEW v AS SELECT 1 AS x\nGO\nEXEC (N'ALTER DATABASE CURRENT SET READ_WRITE')", "ALTER DATABASE"),
    ],
)
def test_a_transaction_ends_at_what_sql_server_takes_in_none_and_the_next_begins_after_it(
    plan: Callable[..., Plan], text: str, reason: str
) -> None:
    views = [f"CREATE VIEW v{number} AS SELECT 1 AS x" for number in range(4)]
    steps = plan(*views[:2], text, *views[2:], dialect="mssql").steps
    parts = divide(steps, dialect_named("mssql"), None, one_transaction=True)
    assert [(part.joined, len(part.steps)) for part in parts] == [(True, 2), (False, 1), (True, 2)]
    assert describe_transactions(parts) == {3: f"outside of a transaction: {reason}"}


def test_what_is_in_memory_is_dropped_outside_of_transactions_and_nothing_else(plan: Callable[..., Plan]) -> None:
    made = plan("CREATE VIEW dbo.v AS SELECT 1 AS x", NATIVE, IN_MEMORY, dialect="mssql").steps
    steps = plan_drop([file for step in made for file in step.sql_files]).steps
    assert {step.label: (step.outside_transaction, step.alone, step.transactional) for step in steps} == {
        "view dbo.v": ("", "", True),
        "procedure dbo.p": ("NATIVE_COMPILATION", "NATIVE_COMPILATION", False),
        "type dbo.y": ("MEMORY_OPTIMIZED = ON", "MEMORY_OPTIMIZED = ON", False),
    }
