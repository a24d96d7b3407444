"""Calls of actions by a worker: as a file lists them, and as they are asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    """Actions to run one after another, in the project of `directory`, with one config and environment."""

    name: str
    directory: Path
    config: Path
    calls: tuple[Call, ...]
    environ: Mapping[str, str] = field(repr=False)
    dry: bool = False
    debug: bool = False


@dataclass(frozen=True)
class Findings:
    """Findings of a worker about actions, none of which it ran."""

    problems: tuple[str, ...] = ()
    destroys: tuple[str, ...] = ()
    """Losses by the actions, each as in `drop drops the objects of the project's SQL files`."""
    runs: frozenset[str] = frozenset()
    """The names of the actions that would run, with the steps of multi-actions."""
