"""What a worker is asked, and what it answers: two small files, for its output belongs to the actions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMS = 'expected an action\'s name or ["name", {"parameter": value}]'


@dataclass(frozen=True)
class Call:
    """One action with the values of its parameters."""

    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """As a person would write it: `my-step(batch=5)`."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.action}({values})" if values else self.action


def read_calls(entries: object) -> tuple[tuple[Call, ...], list[str]]:
    """The calls of a list as a file gives it, and a sentence for each mistake."""
    if not isinstance(entries, list) or not entries:
        return (), ["expected an array of actions with at least one in it"]
    found = [_call(entry) for entry in entries]
    problems = [f"entry {number}: {FORMS}" for number, call in enumerate(found, 1) if call is None]
    return tuple(call for call in found if call), problems


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

    With `check` the worker only finds out whether they could be run.
    """

    directory: Path
    config: Path
    calls: tuple[Call, ...]
    check: bool = False
    dry: bool = False
    debug: bool = False

    def text(self, answers: Path, *, held: bool) -> str:
        """The file that the worker gets. `held` says that it ends when its standard input does."""
        return json.dumps(
            {
                "directory": str(self.directory),
                "config": str(self.config),
                "calls": [[call.action, dict(call.parameters)] for call in self.calls],
                "core": [flag for flag, wanted in (("--dry", self.dry), ("--debug", self.debug)) if wanted],
                "check": self.check,
                "answers": str(answers),
                "held": held,
            },
            default=str,
        )


@dataclass(frozen=True)
class Answers:
    """What the worker wrote down while it ran."""

    done: int = 0
    problems: tuple[str, ...] = ()
    destroys: bool = False
    runs: frozenset[str] = frozenset()
    """The names of the actions that would run, with the steps of multi-actions."""

    @classmethod
    def read(cls, path: Path) -> Answers:
        """One JSON object a line; the file is missing when the worker did not come to anything."""
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
        return cls(
            done=sum("done" in entry for entry in entries),
            problems=tuple(entry["problem"] for entry in entries if "problem" in entry),
            destroys=any(entry.get("destroys") for entry in entries),
            runs=frozenset(entry["runs"] for entry in entries if "runs" in entry),
        )


def write_answer(path: str, answer: Mapping[str, Any]) -> None:
    """Add one object."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(answer) + "\n")
