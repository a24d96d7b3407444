"""What a step that the server refuses falls back to, where the action is one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import ServerError, StatementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inside import Deployed

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.errors import DeployError


@dataclass(frozen=True)
class Insert(Step):
    """Adds a row; `refused` fails behind that, and falls back to one that works."""

    row: int
    refused: bool = False
    transactional: bool = True
    alone: str = ""
    kind = "row"

    @property
    def label(self) -> str:
        return str(self.row)

    @property
    def outside_transaction(self) -> str:
        return "" if self.transactional else "it asks for it"

    def run(self, connection: Connection) -> int:
        assert self.transactional or not connection.in_shared_transaction
        changed = connection.execute(f"INSERT INTO t VALUES ({self.row})")
        if self.refused:
            raise StatementError(ServerError("not in this way"))
        return changed

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        return Insert(self.row, transactional=self.transactional) if self.refused else None


@dataclass(frozen=True)
class Outside(Insert):
    """Falls back to a step outside of transactions."""

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        return Insert(self.row, transactional=False) if self.refused else None


@pytest.mark.parametrize(
    ("steps", "ended"),
    [
        pytest.param((Insert(1), Insert(2), Outside(3, refused=True)), True, id="outside of transactions"),
        pytest.param((Insert(1), Insert(2), Insert(3, refused=True)), True, id="in the transaction"),
        pytest.param(
            (Insert(1), Insert(2), Insert(3, transactional=False, alone="it asks for it"), Insert(4, refused=True)),
            True,
            id="behind a transaction that is committed",
        ),
        pytest.param((Insert(1), Insert(2), Insert(3, refused=True)), False, id="behind a savepoint"),
    ],
)
def test_each_step_is_done_once(
    sqlite: Deployed, monkeypatch: pytest.MonkeyPatch, steps: tuple[Insert, ...], ended: bool
) -> None:
    """Where an error has `ended` the transaction, as on SQL Server, what was done in it is done again, once."""
    with sqlite.connection() as connection:
        connection.execute("CREATE TABLE t (id int)")
        if ended:
            monkeypatch.setattr(type(connection.dialect), "savepoint_survives_error", False)
        PlanExecutor(connection, lambda _event: None, one_transaction=True).run(Plan(steps))
    assert sqlite.rows("SELECT id FROM t ORDER BY id") == [(step.row,) for step in steps]
