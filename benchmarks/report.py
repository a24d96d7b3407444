"""Figures as a table in Markdown, as JSON, and as a picture; each with machine and date."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from benchmarks import plot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.measure import Row

HEAD = ("", "ratio", "CPU ratio", "wall s", "CPU s", "MiB", "")


def machine() -> dict[str, str]:
    """Return where and when it is measured."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.0f}",
        "python": platform.python_version(),
    }


def table_of(row: Row) -> tuple[str, str]:
    """Return what names the table in which a row stands."""
    return row.work, row.database


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a table for every database of every work."""
    for (work, database), entries in groupby(rows, table_of):
        known = list(entries)
        runs = max(row.runs for row in known)
        cells = [HEAD, *(_cells(row, runs) for row in known)]
        yield f"**{work}**{f', {database}' if database else ''}; runs: {runs}"
        yield ""
        yield from _markdown(cells)
        yield ""


def _cells(row: Row, runs: int) -> tuple[str, ...]:
    if not row.runs:
        return (row.way, "", "", "", "", "", f"left out: {row.note}".replace("|", "/"))
    few = f"runs: {row.runs}" if row.runs < runs else ""
    note = ", ".join(filter(None, (row.note, few)))
    peak = f"{row.peak:.0f}" if row.peak else ""
    return (row.way, f"{row.ratio:.2f}", f"{row.cpu_ratio:.2f}", f"{row.wall:.3f}", f"{row.cpu:.3f}", peak, note)


def _markdown(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    for number, line in enumerate(cells):
        yield f"| {' | '.join(line)} |".replace("|  |", "| |").replace("|  |", "| |")
        if not number:
            yield f"|{'---|' * len(line)}"


def as_json(rows: Iterable[Row], where: Mapping[str, str], missing: Mapping[str, str]) -> str:
    """Return all figures."""
    found = {**where, "missing": dict(missing), "rows": [row._asdict() for row in rows]}
    return json.dumps(found, indent=1) + "\n"


def picture(rows: Iterable[Row], where: Mapping[str, str]) -> str:
    """Return the ratios as bars."""
    bars = [
        (f"{row.work}{f', {row.database}' if row.database else ''}", row.way, row.ratio) for row in rows if row.runs
    ]
    return plot.bars(f"Time as a multiple of the floor's, {where['date']}, {where['machine']}", bars)
