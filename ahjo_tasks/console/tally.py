"""What is counted while an action runs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """What has been done in an action, over all the projects that it works on."""

    counts: dict[str, int] = field(default_factory=lambda: {"OK": 0, "FAIL": 0, "SKIP": 0})
    remaining: int = 0
    left_out: list[str] = field(default_factory=list)
    remarks: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Begin the next action; remarks are said once in a run."""
        self.counts = dict.fromkeys(self.counts, 0)
        self.remaining = 0
        self.left_out = []
