from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inside import Deployed, deployed

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target


@pytest.fixture
def live(target: Target, tmp_path: Path) -> Deployed:
    """A project without a file in it and its empty database, on each server in turn."""
    return deployed(target, tmp_path / "project")
