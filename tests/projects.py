"""A database project in a folder, run as its user runs it: `inv` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forks import forks

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 600
STARTED = {
    "inv": (sys.executable, "-m", "invoke"),
    "ahjo": (sys.executable, "-c", "import sys; from ahjo_tasks.cli import ahjo; sys.exit(ahjo())"),
}
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
        return self._run_forked(["inv", *arguments, *named], yes=yes, **environ)

    def ahjo(self, *arguments: str, yes: bool = True, **environ: str) -> Outcome:
        """`ahjo ARGUMENTS`."""
        return self._run_forked(["ahjo", *arguments], yes=yes, **environ)

    def run(self, *command: str, yes: bool = True, **environ: str) -> Outcome:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=_environment(yes, environ),
            capture_output=True,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def _run_forked(self, command: list[str], *, yes: bool, **environ: str) -> Outcome:
        """Run `inv` or `ahjo`; a variable of Python's own needs a Python that starts."""
        if sys.platform != "linux" or any(name.startswith("PYTHON") for name in environ):
            return self.run(*STARTED[command[0]], *command[1:], yes=yes, **environ)
        return Outcome(*forks().run(command, self.directory, _environment(yes, environ), TIMEOUT))


def make_project(directory: Path, backend: dict[str, Any] | None = None, tasks: str = PLAIN_TASKS) -> RunningProject:
    """A project without a SQL file in it."""
    directory.mkdir(parents=True, exist_ok=True)
    project = RunningProject(directory)
    project.write("tasks.py", tasks)
    project.write("invoke.yaml", "tasks: {dedupe: false}\n")
    if backend is not None:
        project.configure(backend)
    return project


def _environment(yes: bool, environ: dict[str, str]) -> dict[str, str]:
    confirmed = {"AHJO_NON_INTERACTIVE": "1"} if yes else {}
    return {**_clean_environment(), **confirmed, **environ}


def _clean_environment() -> dict[str, str]:
    """This process's environment, with the package importable and nothing of a developer's own in it."""
    others = ("AHJO_", "INVOKE_", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "GIT_CEILING_DIRECTORIES": str(ROOT)}
