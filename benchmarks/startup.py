"""What `inv --list` costs in a project, beside `inv --list` with three tasks that do nothing; on Linux."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.project import TASKS_PY

EMPTY_TASKS = "from invoke import task\n" + "".join(
    f'\n\n@task\ndef {name}(ctx):\n    """Do nothing."""\n' for name in ("one", "two", "three")
)
RUNS = 15


def report(python: str, repository: Path, runs: int = RUNS) -> str:
    """A line of seconds of processor time, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as place:
        bare, project = _folder(Path(place, "bare"), EMPTY_TASKS), _folder(Path(place, "project"), TASKS_PY)
        pairs = [tuple(_listing(python, folder, repository) for folder in (bare, project)) for _ in range(runs)]
    without, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    return f"inv --list, median of {runs} runs: {ours:.3f} s of processor time, {ours / without:.2f} times a bare one"


def _folder(folder: Path, tasks: str) -> Path:
    folder.mkdir()
    (folder / "tasks.py").write_text(tasks, encoding="utf-8")
    return folder


def _listing(python: str, folder: Path, repository: Path) -> float:
    """The processor seconds of one `inv --list`."""
    process = subprocess.Popen(
        [python, "-m", "invoke", "--list"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(repository)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"inv --list in {folder.name} exited with {process.returncode}")
    return usage.ru_utime + usage.ru_stime
