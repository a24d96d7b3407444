"""Calls of actions as files list them: `"deploy"`, or `["my-step", {"batch": 5}]`."""

from __future__ import annotations

from dataclasses import dataclass, field
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
        return (), ["expected a list of actions with at least one in it"]
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
