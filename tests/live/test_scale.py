"""The work of a command grows with the number of files, and no faster."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed

SIZES = (0, 30, 60, 120, 240)
NOISE = 5000
"""Calls that one run of a command may make more than another, as where caches are filled."""
COMMANDS = (("plan",), ("deploy",), ("deploy",), ("plan", "--all"), ("deploy", "--all"), ("drift",), ("status",))
FUNCTION = "CREATE OR REPLACE FUNCTION f_{0}(a int) RETURNS int LANGUAGE sql AS 'SELECT {0}';"


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
def test_twice_the_files_are_twice_the_calls(live: Deployed) -> None:
    """Calls of functions are counted, as times differ from run to run."""
    counts: list[list[int]] = []
    for before, size in itertools.pairwise(SIZES):
        for number in range(before, size):
            write(live, number)
        counts.append([count_calls(live, *command) for command in COMMANDS])
    for command, (_first, *three) in zip(COMMANDS, zip(*counts, strict=True), strict=True):
        small, middle, large = three
        assert large - middle < 2.5 * (middle - small) + NOISE, (command, three)


def write(live: Deployed, number: int) -> None:
    """Write a view that reads the one before it, and a function on PostgreSQL."""
    if live.target.name == "postgresql":
        live.write(f"database/functions/f_{number}.sql", FUNCTION.format(number))
    live.view(f"v_{number}", f"SELECT * FROM v_{number - 1}" if number % 10 else "SELECT 1 AS one")


def count_calls(live: Deployed, *command: str) -> int:
    """Return the number of calls of Python functions that a command makes."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        live.succeed(*command)
    finally:
        sys.setprofile(None)
    return count
