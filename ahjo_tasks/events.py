"""Events of a run, as values that can be shown, written as JSON, and sent to another process."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run."""

    name: ClassVar[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the event as plain values, with its name under `event`."""
        return {"event": self.name, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Note(Event):
    """A sentence that needs nothing done."""

    name = "note"
    text: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """A sentence about what is probably not meant."""

    name = "warning"
    text: str


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A run begins on a target: server and database, with the config's label of the environment."""

    name = "run started"
    actions: str
    target: str
    environment: str = ""
    login: str = ""


@dataclass(frozen=True, slots=True)
class Connected(Event):
    """A connection is open; `facts` are what the server says of itself, by name."""

    name = "connected"
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """A plan was made: `steps` are kind and label of each step, `summary` counts them in words."""

    name = "planned"
    summary: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StepEvent(Event):
    """Something that happened to a step. `status` is started, message, ok, FAIL, again, rolled back or recorded.

    `number` counts the steps from 1 to `total`; `seconds` and `rows` are those of a step that ended, `batches` how many
    of its file it has done. `text` is a message, or why it failed. A `batch_size` above 1 says that so many steps, this
    one first, were started by one call, the others follow with 0: each gets its own ok, in order; when the call fails,
    none of it is left, and they are started again one by one.
    """

    name = "step"
    status: str
    kind: str
    label: str
    number: int
    total: int
    seconds: float = 0.0
    rows: int = 0
    text: str = ""
    batch_size: int = 1
    batches: int = 0

    @property
    def ended(self) -> bool:
        """True if the step was done, recorded as done, or has failed."""
        return self.status in {"ok", "FAIL", "recorded"}


@dataclass(frozen=True, slots=True)
class FileTested(Event):
    """A file of SQL tests was run: `passed` and `failed` count its checks, `messages` are those of the server.

    `failures` are the rows of the failed checks. `error` says why it could not be run, which counts as one failure.
    """

    name = "file tested"
    label: str
    number: int
    total: int
    seconds: float
    passed: int
    failed: int
    messages: tuple[str, ...] = ()
    failures: tuple[dict[str, str], ...] = ()
    error: dict[str, Any] = field(default_factory=dict)
