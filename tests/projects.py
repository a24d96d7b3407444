"""A database project in a folder, run as its user runs it: `inv` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLAIN_TASKS = "from ahjo_tasks import namespace\n\nns = namespace()\n"


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `text` is all that it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class RunningProject:
    """A project folder with a `dev.json`."""

    directory: Path

    def write(self, path: str, text: str) -> Path:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def configure(self, backend: dict[str, Any], name: str = "dev.json") -> Path:
        return self.write(name, json.dumps({"BACKEND": backend}))

    def inv(self, *arguments: str, config: str | None = "dev.json", yes: bool = True, **environ: str) -> Outcome:
        """`inv ARGUMENTS --config dev.json`, confirmed beforehand unless `yes` is False."""
        named = ("--config", config) if config else ()
        return self.run(sys.executable, "-m", "invoke", *arguments, *named, yes=yes, **environ)

    def ahjo(self, *arguments: str, yes: bool = True, **environ: str) -> Outcome:
        """`ahjo ARGUMENTS`."""
        program = "import sys; from ahjo_tasks.cli import ahjo; sys.exit(ahjo())"
        return self.run(sys.executable, "-c", program, *arguments, yes=yes, **environ)

    def run(self, *command: str, yes: bool = True, **environ: str) -> Outcome:
        confirmed = {"AHJO_NON_INTERACTIVE": "1"} if yes else {}
        done = subprocess.run(
            command,
            cwd=self.directory,
            env={**_clean_environment(), **confirmed, **environ},
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def make_project(directory: Path, backend: dict[str, Any] | None = None, tasks: str = PLAIN_TASKS) -> RunningProject:
    """A project without a SQL file in it."""
    directory.mkdir(parents=True, exist_ok=True)
    project = RunningProject(directory)
    project.write("tasks.py", tasks)
    project.write("invoke.yaml", "tasks: {dedupe: false}\n")
    if backend is not None:
        project.configure(backend)
    return project


def _clean_environment() -> dict[str, str]:
    """This process's environment, with the package importable and nothing of a developer's own in it."""
    others = ("AHJO_", "INVOKE_", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "GIT_CEILING_DIRECTORIES": str(ROOT)}
