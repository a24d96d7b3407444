"""The kinds of failure a user can meet, each with its exit code and what happened as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = 130
"""The exit code of a run that Ctrl-C ended, as a shell has it."""


TERMINATED = 143
"""The exit code of a run that SIGTERM ended, likewise."""


CALL_KEPT = "what the code that it calls has committed stays."
UNKNOWN_OUTCOME = "it is not known whether the server has done it, or still does."
"""The outcome of a statement whose connection broke."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM has arrived: the run ends as by Ctrl-C."""


class StoppedError(KeyboardInterrupt):
    """The caller has asked the run to stop: it ends as by Ctrl-C."""


def raise_terminated(_number: int, _frame: object) -> None:
    """Handle SIGTERM where nothing else is to be done. Raises TerminatedError."""
    raise TerminatedError


class AhjoError(Exception):
    """Something a user can act on; printed as a message, never as a traceback.

    `hint` is one sentence that says what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Let another process have the error, whatever the class takes to be made."""
        return _restored, (type(self), self.args, self.__dict__)

    def as_dict(self) -> dict[str, Any]:
        """Return the error as plain values: type, exit code, message, and what else is known, as file and line."""
        known = {name: _plain(value) for name, value in vars(self).items() if value not in (None, "", (), False)}
        return {"type": type(self).__name__, "exit_code": self.exit_code, **known}


def _restored(kind: type[AhjoError], args: tuple[Any, ...], state: dict[str, Any]) -> AhjoError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _plain(value: Any) -> Any:
    if isinstance(value, ServerError):
        return {name: item for name, item in value._asdict().items() if item not in (None, "", False)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int) else str(value)


class UsageError(AhjoError):
    """A flag or argument that makes no sense, reported before anything runs."""

    exit_code = 2


class ConfigError(UsageError):
    """A config file that cannot be used. `problems` lists every mistake, one sentence each."""

    def __init__(self, message: str, problems: tuple[str, ...] = (), *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class NotPermittedError(AhjoError):
    """The action is not allowed here, or the user did not confirm it."""

    exit_code = 3


class LockedError(AhjoError):
    """Another run holds the lock of the target database."""

    exit_code = 4


class DifferenceError(AhjoError):
    """The result of a check that detected differences; nothing failed."""

    exit_code = 5


class SourceError(AhjoError):
    """A project file whose text is wrong, reported before anything runs.

    `line` and `column` count from 1, in characters; `path` is None for text that is in no file.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.column = column

    @property
    def place(self) -> str:
        """`path:line:column`, as far as each is known."""
        known = (self.path, self.line, self.column)
        return ":".join(str(part) for part in known if part is not None)

    def __str__(self) -> str:
        place = self.place
        return f"{place}: {self.message}" if place else self.message


class ConnectionFailedError(AhjoError):
    """The database could not be connected to.

    `wait` is whether trying later can help, `silent` that no server answered at all, `missing_database` that the server
    answers but has no such database.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        wait: bool = False,
        silent: bool = False,
        missing_database: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.wait = wait
        self.silent = silent
        self.missing_database = missing_database


class ServerError(NamedTuple):
    """The server's error for a failed batch. `line` and `column` count from 1 within the batch, where known.

    `lost` is whether there is no connection any more.
    """

    message: str
    number: str = ""
    line: int | None = None
    column: int | None = None
    severity: str = ""
    procedure: str = ""
    hint: str | None = None
    lost: bool = False

    def __str__(self) -> str:
        """The text, after the number where there is one."""
        return f"{self.number}: {self.message}" if self.number else self.message


class StatementError(AhjoError):
    """A batch that the server refused: `server` is its error, `outcome` what became of the batch if not rolled back."""

    def __init__(self, server: ServerError, *, outcome: str = "") -> None:
        super().__init__(server.message, hint=server.hint)
        self.server = server
        self.outcome = outcome


class DeployError(SourceError):
    """A plan that stopped midway. `details` are lines that say what was applied and how the database is now.

    `outcome` is what became of the failing step, empty where that is the same for every step; `server` is the error of
    the server, if one caused it.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        details: tuple[str, ...] = (),
        outcome: str = "",
        server: ServerError | None = None,
        **position: object,
    ) -> None:
        super().__init__(message, **position)  # type: ignore[arg-type]
        self.details = details
        self.outcome = outcome
        self.server = server
