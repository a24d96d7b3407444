"""The protocol between this process and a worker: a request and an answer file, as its output belongs to the actions.

The request is one JSON object. The answer file has one JSON object a line, with one or more of these fields: `done` (an
action that ended well), `error` (why one failed), `problem` (why one cannot run), `runs` (an action that would run)
and `destroys` (what that action would destroy; empty for nothing).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

STOP = "."
"""The text that the parent writes into the worker's standard input to end it; the end of that input means the same."""

FORMS = 'expected an action\'s name or ["name", {"parameter": value}]'


@dataclass(frozen=True)
class Call:
    """One action with the values of its parameters."""

    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Write it as a person would: `my-step(batch=5)`."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.action}({values})" if values else self.action


def read_calls(entries: object) -> tuple[tuple[Call, ...], list[str]]:
    """Read a list of actions as a file has it; returns the calls and a sentence for each mistake."""
    if not isinstance(entries, list) or not entries:
        return (), ["expected an array of actions with at least one in it"]
    calls = [_call(entry) for entry in entries]
    problems = [f"entry {number}: {FORMS}" for number, call in enumerate(calls, 1) if call is None]
    return tuple(call for call in calls if call), problems


def _call(entry: object) -> Call | None:
    match entry:
        case str(name) | [str(name)] if name.strip():
            return Call(name.strip())
        case [str(name), dict(parameters)] if name.strip() and all(isinstance(key, str) for key in parameters):
            return Call(name.strip(), parameters)
    return None


@dataclass(frozen=True)
class Request:
    """Actions to run one after another, in the project of `directory`, with one config.

    With `check` the worker only finds out whether they could run. `answers` is the file to write answers to; with
    `piped` the worker ends when its standard input does. The parent sets these two.
    """

    directory: Path
    config: Path
    calls: tuple[Call, ...]
    check: bool = False
    dry: bool = False
    debug: bool = False
    answers: Path = Path()
    piped: bool = False

    def write(self, path: Path) -> None:
        """Write the request to a file; values that JSON does not have become text."""
        path.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Request:
        """Read a request that `write` wrote."""
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fields |= {name: Path(fields[name]) for name in ("directory", "config", "answers")}
        fields["calls"] = tuple(Call(**call) for call in fields["calls"])
        return cls(**fields)

    def for_worker(self, answers: Path, *, piped: bool) -> Request:
        """Return the request with what the parent sets."""
        return replace(self, answers=answers, piped=piped)

    def answer(self, **fields: object) -> None:
        """Add one answer to the answer file."""
        with self.answers.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")


@dataclass(frozen=True)
class Answers:
    """The answers of a worker. `error` is why the action failed that came after the first `done` ones."""

    done: int = 0
    error: str = ""
    problems: tuple[str, ...] = ()
    destroys: tuple[str, ...] = ()
    """Losses by the actions, each as in `drop drops the objects of the project's SQL files`."""
    runs: frozenset[str] = frozenset()
    """The names of the actions that would run, with the steps of multi-actions."""

    @classmethod
    def read(cls, path: Path) -> Answers:
        """Read an answer file; it is missing when the worker ended before its first answer."""
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
        return cls(
            done=sum("done" in entry for entry in entries),
            error=next((entry["error"] for entry in entries if "error" in entry), ""),
            problems=tuple(entry["problem"] for entry in entries if "problem" in entry),
            destroys=tuple(dict.fromkeys(entry["destroys"] for entry in entries if entry.get("destroys"))),
            runs=frozenset(entry["runs"] for entry in entries if "runs" in entry),
        )
