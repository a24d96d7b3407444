"""Rows that differ, as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ahjo_tasks.compare.compare import Compared
    from ahjo_tasks.compare.tally import Difference
    from ahjo_tasks.export.csv_form import CsvForm


def write_differences(
    found: Compared, path: Path, labels: tuple[str, str], form: CsvForm, on_difference: Callable[[Difference], None]
) -> None:
    """Write the key, `_source`, and for each column both values and what is the matter with them."""
    head = [name for column in found.columns for name in (*(f"{label}_{column}" for label in labels), f"{column}_comp")]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(form.line((*found.keys, "_source", *head)))
        for difference in found.differences():
            cells = (value for cell in difference.cells for value in cell)
            file.write(form.line((*difference.key, difference.source, *cells)))
            on_difference(difference)
