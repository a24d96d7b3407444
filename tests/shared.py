"""The cases that this project shares with other implementations, kept beside the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("AHJO_TEST_SHARED") or Path(__file__).parents[2] / "shared")

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one set; none where the folder is absent."""
    path = SHARED / "cases" / f"{name}.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
