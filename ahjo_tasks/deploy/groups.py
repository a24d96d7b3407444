"""Files that share a call to the server, where a call is a transaction: for a small file most of that is the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.deploy.files import FileStep
from ahjo_tasks.deploy.messages import placed_among

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.deploy.plan import Step
    from ahjo_tasks.door import Door

MOST_FILES = 100
MOST_CHARACTERS = 256 * 1024


def grouped(steps: Sequence[Step], door: Door) -> Iterator[list[Step]]:
    """All steps in their order; in one list those that share a call, which are files."""
    group: list[Step] = []
    size = 0
    for step in steps:
        text = "" if door.shared else _text(step)
        if group and (not text or len(group) == MOST_FILES or size + len(text) > MOST_CHARACTERS):
            yield group
            group, size = [], 0
        if text:
            group.append(step)
            size += len(text)
        else:
            yield [step]
    if group:
        yield group


def joined(steps: Sequence[Step], door: Door) -> str:
    """The text of the call that the files of one list share."""
    return door.dialect.together([step.file.batches[0].text for step in steps if isinstance(step, FileStep)])


def said_among(steps: Sequence[Step], message: str) -> str:
    """A message of the call that the files of one list share, with its place where the words show it."""
    return placed_among([step.file for step in steps if isinstance(step, FileStep)], message)


def _text(step: Step) -> str:
    """What the step would send, if it may share a call."""
    return step.file.batches[0].text if isinstance(step, FileStep) and step.sociable else ""
