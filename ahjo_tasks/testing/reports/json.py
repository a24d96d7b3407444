"""JSON: every row as it came; what JSON has no form for is written as `to-csv` does."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from ahjo_tasks.export.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.testing.sqltests import FileResult


def as_json(results: Sequence[FileResult]) -> str:
    """An object with `passed`, `failed` and `files`; each file with its rows, and `error` when it could not be run."""
    document = {
        "passed": sum(result.passed for result in results),
        "failed": sum(result.failed for result in results),
        "files": [_file(result) for result in results],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=text) + "\n"


def _file(result: FileResult) -> dict[str, Any]:
    return {
        "file": result.file.label,
        "seconds": round(result.seconds, 3),
        "passed": result.passed,
        "failed": result.failed,
        "error": str(result.error) if result.error else None,
        "messages": list(result.messages),
        "rows": [{**_plain(check.row), "passed": check.passed} for check in result.checks],
    }


def _plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    if isinstance(value, float) and not isfinite(value):
        return text(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
