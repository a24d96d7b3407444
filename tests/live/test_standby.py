"""A standby of PostgreSQL: what reads works there, and what changes is refused with words that say where to go."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import servers
from inside import deployed
from targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inside import Deployed


class Primary(servers.PostgresServer):
    """A server that writes what a standby needs."""

    def _command(self) -> list[str | Path]:
        return [*super()._command(), "-c", "wal_level=replica"]

    def become_standby(self) -> None:
        """Stop, and start again as a standby that waits for a primary."""
        assert self._process is not None
        servers._end(self._process, signal.SIGINT)
        mark = self.data / "standby.signal"
        mark.touch()
        self._own(mark)
        self.crash()  # which starts it again


@pytest.fixture
def primary() -> Iterator[Primary]:
    if Primary.find() is None:
        pytest.skip(f"{Primary.label} is not installed")
    with Primary() as server:
        yield server


@pytest.fixture
def live(primary: Primary, tmp_path: Path) -> Deployed:
    return deployed(Target("postgresql", primary.url(), tmp_path), tmp_path / "project")


def test_a_standby_is_read_and_never_changed(live: Deployed, primary: Primary) -> None:
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT one FROM a")
    live.succeed("deploy")
    primary.become_standby()
    for command in ("status", "plan", "drift", "lock"):
        live.succeed(command)
    assert "deploy" in live.succeed("history").text
    assert "nothing to do" in live.succeed("deploy").text
    live.view("a", "SELECT 2 AS one")
    assert "~ a.sql" in live.succeed("plan").text
    refused = live.fail("deploy")
    assert "deploy to its primary" in refused.text
    assert "Every deploy runs all files" not in refused.text
    assert live.rows("SELECT one FROM b") == [(1,)]
    (primary.data / "standby.signal").unlink()
    primary.crash()
    live.succeed("deploy")
    assert live.rows("SELECT one FROM b") == [(2,)]
