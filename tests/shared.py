"""Cases with outcomes that other tools decided; they lie beside a checkout, or where AHJO_TEST_SHARED says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("AHJO_TEST_SHARED") or Path(__file__).parents[2] / "shared").resolve()

needs_shared = pytest.mark.skipif(not (SHARED / "cases").is_dir(), reason="needs ../shared")


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one set; none where they are missing."""
    path = SHARED / "cases" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
