"""Rows to a CSV file in UTF-8 without byte order mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.door import RowStream
    from ahjo_tasks.export.csv_form import CsvForm


def write_csv(rows: RowStream, path: Path, form: CsvForm) -> int:
    """Write a header and the rows; returns how many rows there were."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(form.line(rows.columns))
        for chunk in rows.chunks:
            file.writelines([form.line(row) for row in chunk])
            count += len(chunk)
    return count
