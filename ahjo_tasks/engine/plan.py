"""A plan: what will be done, in order, as a value that can be shown and applied."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.project.kinds import KINDS, plural
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from ahjo_tasks.database.connection import Connection


class Step(Protocol):
    """One piece of work that is done whole or not at all, where the database allows it."""

    @property
    def kind(self) -> str:
        """What it is about: `view`, `migration`, `drop` ..."""

    @property
    def label(self) -> str:
        """What the user calls it: a path, a revision, an object."""

    @property
    def transactional(self) -> bool:
        """Whether it runs in a transaction of its own."""

    @property
    def single_call(self) -> bool:
        """Whether it is one call to the server."""

    @property
    def note(self) -> str:
        """What the plan says behind the label; empty for nothing."""

    def run(self, connection: Connection) -> int:
        """Do it; returns how many rows changed. Raises AhjoError."""


@dataclass(frozen=True)
class Plan:
    """The steps of one action. `remarks` are sentences for the user that need no step."""

    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.steps + other.steps, self.remarks + other.remarks)

    @property
    def summary(self) -> str:
        """`1 migration, 3 views`, or `nothing to do`."""
        counts = Counter(step.kind for step in self.steps)
        return ", ".join(_counted(count, kind) for kind, count in counts.items()) or "nothing to do"


def _counted(count: int, kind: str) -> str:
    if kind in KINDS and kind not in {"data", "testdata"} and count != 1:
        return f"{count} {plural(kind)}"
    return pluralize(count, f"{kind} file" if kind in {"data", "testdata"} else kind)
