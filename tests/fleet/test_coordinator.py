"""The coordinator with real processes: tries, limits and time, and what a log is called."""

from __future__ import annotations

import string
import time
from concurrent.futures import wait
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.errors import ConnectionFailedError
from ahjo_tasks.fleet import coordinator as module
from ahjo_tasks.fleet.coordinator import Coordinator, Limits, Turn
from ahjo_tasks.fleet.engines import LocalEngine, Scheduler
from ahjo_tasks.fleet.outcome import Outcome
from ahjo_tasks.fleet.results import Results, TargetLogs, file_name
from ahjo_tasks.fleet.stops import Presses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    Submit = Callable[[str, float, bool], Future[Outcome]]


class Notes:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.outcomes: dict[str, Outcome] = {}

    def started(self, name: str) -> None:
        self.lines.append(f"{name} started")

    def again(self, name: str, reason: str) -> None:
        self.lines.append(f"{name} again: {reason}")

    def ended(self, outcome: Outcome) -> None:
        assert outcome.name not in self.outcomes
        self.outcomes[outcome.name] = outcome


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine(2, recycle=2)
    try:
        yield engine
    finally:
        engine.close()


def run(engine: LocalEngine, submit: Submit, names: str, *, failures: float = 99, **limits: Any) -> Notes:
    notes = Notes()
    coordinator = Coordinator(engine, submit, Limits(**limits), notes, Presses())
    coordinator.max_failures = failures
    coordinator.run([Turn(name, "db1") for name in names], "run")
    assert set(notes.outcomes) == set(names)
    return notes


def test_processes_are_replaced_and_all_targets_end(engine: LocalEngine) -> None:
    notes = run(engine, lambda name, *_: engine.submit(Outcome, name, "ok"), string.ascii_letters)
    assert {outcome.status for outcome in notes.outcomes.values()} == {"ok"}


def test_an_engine_that_goes_when_all_has_ended_is_nothing_to_tell(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def submit(name: str, *_: object) -> Future[Outcome]:
        future = engine.submit(Outcome, name, "ok")
        future.add_done_callback(lambda _future: ended.append(name))
        return future

    def check() -> None:
        if len(ended) == 3:
            raise ConnectionFailedError("gone")

    monkeypatch.setattr(engine, "check", check)
    monkeypatch.setattr(module, "wait", lambda running, *_: wait(running))
    assert {outcome.status for outcome in run(engine, submit, "abc").outcomes.values()} == {"ok"}


def test_an_error_that_may_pass_is_tried_again(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", 0.01)
    tries: list[bool] = []

    def submit(name: str, _first: float, again: bool) -> Future[Outcome]:
        tries.append(again)
        lost = len(tries) < 3
        return engine.submit(partial(Outcome, name, "failed" if lost else "ok", int(lost), "lost", may_pass=lost))

    notes = run(engine, submit, "a", retries=2)
    assert tries == [False, True, True]
    assert notes.lines == ["a started", "a again: lost", "a started", "a again: lost", "a started"]
    assert notes.outcomes["a"].code == 0
    tries.clear()
    assert run(engine, submit, "b", retries=1).outcomes["b"].code == 1


def test_one_more_failure_than_allowed_ends_the_handing_out(engine: LocalEngine) -> None:
    notes = run(engine, lambda name, *_: engine.submit(Outcome, name, "failed", 1), "abcdefghij", failures=3)
    with Results.of("abcdefghij") as results:
        for outcome in notes.outcomes.values():
            results.add(outcome)
    found = results.counts
    assert 4 <= found["failed"] <= 5  # one may have begun beside the fourth
    assert found["failed"] + found["not started"] == 10
    assert results.exit_code == 1


def test_a_target_that_hangs_is_ended_with_its_worker(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.5)

    def submit(name: str, *_: object) -> Future[Outcome]:
        return engine.submit(time.sleep, 600) if name == "h" else engine.submit(Outcome, name, "ok")

    notes = run(engine, submit, "abhcd", timeout=0.5)
    assert notes.outcomes["h"].status == "timed out"
    assert {outcome.status for name, outcome in notes.outcomes.items() if name != "h"} == {"ok"}


def test_what_else_goes_wrong_is_not_the_end_of_the_others(engine: LocalEngine) -> None:
    notes = run(
        engine, lambda name, *_: engine.submit(int, name) if name == "x" else engine.submit(Outcome, name, "ok"), "axb"
    )
    assert notes.outcomes["x"].status == "failed"
    assert notes.outcomes["b"].status == "ok"


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://10.0.0.5:8786", True),
        ("tcp://coordinator:8786", True),
        ("10.0.0.5:8786", True),
        ("127.0.0.1:8786", False),
        ("tls://10.0.0.5:8786", False),
    ],
)
def test_plain_tcp_beyond_this_machine_is_warned_of(address: str, warned: bool) -> None:
    assert bool(Scheduler(address).warning) == warned


@given(st.lists(st.text(min_size=1, max_size=200), unique_by=str.casefold))
def test_every_target_has_a_log_of_its_own_and_in_its_folder(names: list[str]) -> None:
    files = [file_name(name) for name in names]
    assert len({file.casefold() for file in files}) == len(names)
    for file in files:
        assert set(file) <= set(string.ascii_letters + string.digits + "_-.")
        assert len(file) < 100
        assert file.endswith(".log")
        assert not file.startswith(".")


def test_a_log_grows_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    for number in (1, 2):
        TargetLogs(tmp_path, "logs", f"run {number}").write(Outcome("acme", "ok", lines=("one\ntwo",)))
    path = tmp_path / "logs" / "acme.log"
    assert path.read_text("utf-8") == "run 1\n  one\n  two\nrun 2\n  one\n  two\n"
    assert path.stat().st_mode & 0o077 == 0 or path.drive
