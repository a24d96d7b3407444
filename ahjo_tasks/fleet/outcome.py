"""Outcome of a command on one target, as a small value that a worker sends back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import INTERRUPTED, AhjoError, DifferenceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAILED, STOPPED, NOT_STARTED, TIMED_OUT, REFUSED = "failed", "interrupted", "not started", "timed out", "refused"
SKIPPED = "skipped"
DIFFERS = DifferenceError.exit_code


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a command on one target.

    `status` is a word for people, `code` the exit code that the command would have for this target alone, `text` what
    was done or why not. `facts` are further values by name, `lines` what the log of the target gets. A failure that
    `may_pass` is worth another try.
    """

    name: str
    status: str
    code: int = 0
    text: str = ""
    seconds: float = 0.0
    run_id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    may_pass: bool = False

    @property
    def failed(self) -> bool:
        """True if it is neither done nor a difference that was looked for."""
        return self.code not in {0, DIFFERS}

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, without the log."""
        values = asdict(self)
        del values["lines"], values["may_pass"]
        return values


def unfinished(name: str, status: str, text: str, lines: Iterable[str] = ()) -> Outcome:
    """Return the outcome of a target of which no worker has told one; `lines` are what was printed until then."""
    return Outcome(name, status, AhjoError.exit_code, text, lines=(*lines, f"{status}: {text}"))


def not_started(name: str) -> Outcome:
    """Return the outcome of a target that nothing was done on."""
    return Outcome(name, NOT_STARTED, INTERRUPTED)
