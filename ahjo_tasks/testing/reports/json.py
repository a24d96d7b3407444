"""JSON: every row as it came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"


def _file(result: FileResult) -> dict[str, Any]:
    return {
        "file": result.file.label,
        "seconds": round(result.seconds, 3),
        "passed": result.passed,
        "failed": result.failed,
        "error": str(result.error) if result.error else None,
        "messages": list(result.messages),
        "rows": [{"passed": check.passed, **check.row} for check in result.checks],
    }
