"""What stays of a file when one of its statements fails and the database cannot take the others back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahjo_tasks.project.sqlfiles import SqlFile


def remains(file: SqlFile, number: int) -> str:
    """What became of the file's statements, of which the one at `number` failed, as a sentence.

    Empty where the file was one transaction, all of which is gone.
    """
    dialect, total = file.dialect, len(file.batches)
    commits = any(dialect.commits.match(batch.text) for batch in file.batches[: number + 1])
    if file.transactional and not commits:
        return ""
    if number == 0:
        return f"statement 1 of {total} failed: nothing of {file.label} was done."
    before = "the one before it stays" if number == 1 else f"the {number} before it stay"
    return f"statement {number + 1} of {total} in {file.label} failed; {before}."
