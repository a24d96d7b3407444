from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inside import Deployed, deployed
from trails import slow, trail

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target


@pytest.fixture
def live(target: Target, tmp_path: Path) -> Deployed:
    """A project without a file in it and its empty database, on each server in turn."""
    return deployed(target, tmp_path / "project")


@pytest.fixture
def sqlite(sqlite_target: Target, tmp_path: Path) -> Deployed:
    """The same on SQLite, for what is the same everywhere."""
    return deployed(sqlite_target, tmp_path / "project")


@pytest.fixture
def busy(target: Target, tmp_path: Path) -> Deployed:
    """A project whose `data` leaves a row, and then is busy for long."""
    live = deployed(target, tmp_path / "project", scripting_variables={"run": 1})
    trail(live, "a")
    slow(live, "b", 5 if target.name == "mssql" else 60)  # some servers finish what nobody waits for any more
    return live
