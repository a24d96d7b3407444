from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.fleet.repository import temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

KILLED = """
import os, signal, sys, tempfile
from ahjo_tasks.fleet.repository import temporary_folder
tempfile.tempdir = sys.argv[1]
with temporary_folder("ahjo-worker-") as folder:
    (folder / "request.json").write_text("{}")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: signals are not the same on Windows")
def test_the_next_run_removes_the_folders_of_killed_ones_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "ahjo-worker-not-ours").mkdir()
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    with temporary_folder("ahjo-worker-") as first, temporary_folder("ahjo-worker-") as second:
        names = {folder.name for folder in tmp_path.iterdir()}
        assert names == {first.name, second.name, "ahjo-worker-not-ours"}
    assert [folder.name for folder in tmp_path.iterdir()] == ["ahjo-worker-not-ours"]
