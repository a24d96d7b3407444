"""The order of a rollout: canaries first, then each group, in portions of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.fleet.targets import choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.fleet.targets import Target

PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
WHOLE = 100.0
CANARY = "canary"
"""The name of the first wave, whose first failure ends the rollout."""


@dataclass(frozen=True)
class Wave:
    """Targets of which all have ended before one of the next wave begins."""

    name: str
    targets: tuple[Target, ...]


def plan_waves(targets: Sequence[Target], canaries: Sequence[str] = (), portions: str = "") -> list[Wave]:
    """Return the waves: the canaries, then each group in the order in which the targets have them.

    `canaries` are numbers, names, or `label=value`. `portions` as `10%,50%` cuts each group where so much of it is
    done. Every target is in exactly one wave. Raises UsageError for what is no portion or no target.
    """
    first = {target.name for text in canaries for target in choose(targets, text)}
    waves = [Wave(CANARY, tuple(target for target in targets if target.name in first))]
    groups: dict[str, list[Target]] = {}
    for target in targets:
        if target.name not in first:
            groups.setdefault(target.group, []).append(target)
    percentages = _percentages(portions)
    for group, members in groups.items():
        waves += _cut(group, members, percentages)
    return [wave for wave in waves if wave.targets]


def _cut(group: str, members: Sequence[Target], percentages: Sequence[float]) -> Iterator[Wave]:
    start = 0
    for percentage in percentages:
        end = min(len(members), -int(-len(members) * percentage // WHOLE))
        if end > start:
            name = f"up to {percentage:g} %" if percentage < WHOLE else "the rest" if len(percentages) > 1 else "all"
            yield Wave(f"{group}, {name}" if group else name, tuple(members[start:end]))
            start = end


def _percentages(text: str) -> list[float]:
    parts = [PERCENT.fullmatch(part.strip()) for part in text.split(",")] if text else []
    numbers = [float(part[1]) for part in parts if part]
    if len(numbers) < len(parts) or any(not 0 < number <= WHOLE for number in numbers) or numbers != sorted(numbers):
        raise UsageError(f"--waves {text!r}: expected growing percentages, as 10%,50%.")
    return [*(number for number in dict.fromkeys(numbers) if number < WHOLE), WHOLE]


def allowed_failures(text: str, total: int) -> int:
    """Return how many of all targets may fail before no other one is started. Raises UsageError."""
    percent = PERCENT.fullmatch(text.strip())
    if percent:
        return int(total * float(percent[1]) / WHOLE)
    if not text.strip().isdecimal():
        raise UsageError(f"--max-failures {text!r}: expected a number, or a percentage as 5%.")
    return int(text)
