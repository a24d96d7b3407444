"""What a run over many projects or versions reports while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["started", "line", "ok", "FAIL", "skipped"]


@dataclass(frozen=True)
class Event:
    """A project or version that started, printed a line, or ended.

    `position` counts from 1 up to `total`: for a version it is its place in the upgrade, for a project how many have
    ended. `text` is the line that it printed, or why it failed or was skipped. `output` has the lines of a project that
    ran beside others; they come with its end.
    """

    name: str
    status: Status
    position: int = 0
    total: int = 0
    seconds: float = 0.0
    text: str = ""
    output: tuple[str, ...] = ()
