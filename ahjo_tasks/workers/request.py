"""What a worker is asked, and what it answers: two small files, for its output belongs to the actions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.workers.calls import Call


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
