"""The call chain of a deploy: it goes down once, through few frames of this package."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cli_runner import inv, sqlite
from projects import ROOT, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

PACKAGE = str(ROOT / "ahjo_tasks")
MOST_FRAMES = 10


def package_frames(frame: FrameType | None) -> Iterator[str]:
    """The frames of this package on the stack, innermost first, as `engine/executor.py run_step`."""
    while frame:
        path = frame.f_code.co_filename
        if path.startswith(PACKAGE):
            yield f"{path.removeprefix(PACKAGE).lstrip('/')} {frame.f_code.co_qualname}"
        frame = frame.f_back


def test_at_most_ten_frames_lead_from_an_action_to_the_driver(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", sqlite())
    project.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS id;")
    assert inv(project, "init", "--config", "dev.json").code == 0
    chains: list[list[str]] = []

    def on_call(frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and getattr(function, "__qualname__", "") == "Cursor.execute":
            chains.append(list(package_frames(frame)))

    sys.setprofile(on_call)
    try:
        done = inv(project, "deploy", "--config", "dev.json")
    finally:
        sys.setprofile(None)

    assert done.code == 0, done.text
    (chain,) = [chain for chain in chains if "engine/sql_file.py FileStep.run" in chain]
    from_action = chain[: chain.index("runtime/action.py Action.__call__") + 1]
    assert len(from_action) <= MOST_FRAMES, from_action
