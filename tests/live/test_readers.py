"""Other sessions beside a deploy: who waits until its commit, and a run that is begun again for one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from inside import connection_errors

from ahjo_tasks.engine.executor import PlanExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

    from inside import Deployed

    from ahjo_tasks.engine.plan import Step

IMPATIENT = {
    "sqlite": "PRAGMA busy_timeout = 500",
    "postgresql": "SET statement_timeout = '500ms'",
    "mysql": "SET SESSION lock_wait_timeout = 1",
}
"""A limit of what a reader waits for a lock."""
BLOCKED = {"sqlite": {"INSERT INTO t VALUES (1)"}, "postgresql": {"SELECT * FROM v000"}, "mysql": set()}
"""What waits for the commit of a run that has replaced the view v000 and others."""
USES = ("SELECT * FROM v000", "SELECT * FROM other", "SELECT * FROM t", "INSERT INTO t VALUES (1)")


def after_step(number: int, look: Callable[[], None]) -> Any:
    """Have somebody look once so many steps of a run are done, and before its end."""
    notify, seen = PlanExecutor._notify, set()

    def counted(executor: PlanExecutor, status: str, step: Step, **values: Any) -> None:
        notify(executor, status, step, **values)
        if status == "ok" and step.label not in seen:
            seen.add(step.label)
            if len(seen) == number:
                look()

    return patch.object(PlanExecutor, "_notify", counted)


def waits(live: Deployed, statement: str) -> bool:
    """Run a statement in another session, which waits for no lock for long; return whether it would have to."""
    with live.target.connect(live.database) as connection:
        cursor = connection.cursor()
        cursor.execute(IMPATIENT[live.target.name])
        try:
            cursor.execute(statement)
        except connection_errors(connection):
            return True
        cursor.close()
    return False


@pytest.mark.parametrize("target", sorted(IMPATIENT), indirect=True)
@pytest.mark.parametrize("count", [1, 200])
def test_who_waits_for_the_commit_of_a_deploy(live: Deployed, count: int) -> None:
    live.by_hand("CREATE TABLE t (id INTEGER)")
    for number in range(count):
        live.view(f"v{number:03}", "SELECT 1 AS n")
    live.view("other", "SELECT 1 AS n")
    live.succeed("deploy")
    for number in range(count):
        live.view(f"v{number:03}", "SELECT 2 AS n")
    waiting: set[str] = set()

    def look() -> None:
        with ThreadPoolExecutor(1) as pool:
            waiting.update(use for use in USES if pool.submit(waits, live, use).result())

    with after_step(count, look):
        live.succeed("deploy")
    assert waiting == BLOCKED[live.target.name]
    assert live.rows("SELECT n FROM v000") == [(2,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("retries", [0, 1])
def test_a_run_that_waited_for_a_lock_in_vain_is_begun_again(live: Deployed, retries: int) -> None:
    live.view("a", "SELECT 1 AS n")
    live.view("b", "SELECT 1 AS n")
    live.succeed("deploy")
    live.reconfigure(deploy_retries=retries, lock_timeout=1)
    live.view("a", "SELECT 2 AS n")
    live.view("b", "SELECT 2 AS n")
    with live.target.connect(live.database) as reader:
        reader.cursor().execute("BEGIN; SELECT n FROM b")  # keeps it locked until its transaction ends
        notify = PlanExecutor._message

        def let_go(executor: PlanExecutor, step: Step, text: str) -> None:
            notify(executor, step, text)
            if "starts again" in text:
                reader.cursor().execute("ROLLBACK")

        with patch.object(PlanExecutor, "_message", let_go):
            done = live.here("deploy")
    assert done.code == (0 if retries else 1), done.text
    assert ("it was rolled back and starts again" in done.text) == bool(retries)
    assert live.rows("SELECT a.n, b.n FROM a, b") == [(2, 2) if retries else (1, 1)]
