"""A plan: the steps of an action, in order, as a value that can be shown and applied."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.project.kinds import KINDS, plural
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.errors import AhjoError, DeployError, ServerError, StatementError
    from ahjo_tasks.project.sql_file import SqlFile

DATA_KINDS = frozenset({"data", "testdata"})


class Step(Protocol):
    """One piece of work, done whole or not at all where the database allows it.

    A class that inherits from it has only to define `kind`, `label` and `run`.
    """

    @property
    def kind(self) -> str:
        """The type of what it works on: `view`, `migration`, `drop` ..."""

    @property
    def label(self) -> str:
        """The name that the user knows it by: a path, a revision, an object."""

    @property
    def transactional(self) -> bool:
        """True if the executor begins a transaction for it."""
        return True

    @property
    def outside_transaction(self) -> str:
        """The reason why the database cannot roll the step back as a whole; empty where it runs in a transaction."""
        return ""

    @property
    def transaction_control(self) -> str:
        """The statement by which the step begins or ends transactions itself; empty for none."""
        return ""

    @property
    def alone(self) -> str:
        """The reason why it shares no transaction with the steps around it; empty where it may."""
        return "so is every step of its kind"

    @property
    def upkeep(self) -> bool:
        """True if it changes no object, and only has the server read again what was committed before it."""
        return False

    @property
    def sent_in_one_call(self) -> bool:
        """True if it is one call to the server."""
        return False

    @property
    def commits_itself(self) -> bool:
        """True if it is one statement that commits before and after itself: a transaction around it would be none."""
        return False

    def around_transaction(self, connection: Connection) -> AbstractContextManager[Callable[[], str] | None]:
        """Surround the transaction that the step joins, as with settings that a transaction cannot change.

        May yield a check to call before the commit: it returns what is wrong, or an empty text.
        """
        return nullcontext()

    def preserve_session(self, connection: Connection) -> AbstractContextManager[None]:
        """Surround the step and its transaction, and put back what it changed in the session."""
        return nullcontext()

    @property
    def note(self) -> str:
        """Details that a dry run shows below the label, one a line; empty for none."""
        return ""

    @property
    def text(self) -> str:
        """The text that the step runs, by which a plan is compared with an earlier one."""
        return self.note

    @property
    def sql_files(self) -> tuple[SqlFile, ...]:
        """The SQL files that it runs."""
        return ()

    @property
    def previous(self) -> Sequence[str]:
        """The batches with which a changed file was last deployed, as far as they are known."""
        return ()

    @property
    def parts(self) -> tuple[Step, ...]:
        """The steps of single files that it consists of."""
        return (self,)

    @property
    def included(self) -> tuple[Step, ...]:
        """Other steps of the plan that are done with this one, and are not run again."""
        return ()

    def run(self, connection: Connection) -> int:
        """Do the work and return the number of changed rows. Raises AhjoError."""

    def batches_done(self, error: AhjoError | None = None) -> int:
        """Return how many batches of its file were done, before an error or to its end."""
        return 0

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step to run instead after the server refused this one with that error; None for no such step.

        `later` are the steps of the plan that are not done yet. Where one is refused for a reason, the error gets it as
        its hint.
        """
        return None

    def needed_first(self, error: ServerError) -> Sequence[Step]:
        """Return later steps of the plan that create what did not exist yet, after what they need themselves."""
        return ()

    def resumed(self, error: DeployError | StatementError) -> Step:
        """Return the step to run after one that failed with that error: what of it was not done."""
        return self


@dataclass(frozen=True)
class Plan:
    """The steps of one action, and sentences for the user that need no step."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.steps + other.steps, self.notes + other.notes, self.warnings + other.warnings)

    @property
    def summary(self) -> str:
        """`1 migration, 3 views`, or `nothing to do`."""
        counts = Counter(step.kind for step in self.steps)
        return ", ".join(_count_text(count, kind) for kind, count in counts.items()) or "nothing to do"


def _count_text(count: int, kind: str) -> str:
    if kind in DATA_KINDS:
        return pluralize(count, f"{kind} file")
    return f"{count} {plural(kind)}" if kind in KINDS and count != 1 else pluralize(count, kind)
