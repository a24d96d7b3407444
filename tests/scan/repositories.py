"""A git repository with a project in it, made for one test."""

from __future__ import annotations

import io
import os
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from projects import ROOT, Outcome

from ahjo_tasks import cli

if TYPE_CHECKING:
    from pathlib import Path

CODE = "010594Y9032"
OTHER = "010594-9032"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("AHJO_", "GIT_", "INVOKE_"))}
ENVIRONMENT = {
    **CLEAN,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.invalid",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.invalid",
    "PYTHONPATH": str(ROOT),
    "PYTHONUTF8": "1",
}


@dataclass(frozen=True)
class ProjectInGit:
    """The project is a folder of the repository, or the repository itself."""

    top: Path
    folder: str = ""

    @property
    def directory(self) -> Path:
        return self.top / self.folder

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def git(self, *arguments: str, code: int = 0, **environ: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.directory,
            env={**ENVIRONMENT, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def commit(self, message: str = "x") -> None:
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)

    def scan(self, *arguments: str, program: str = "scan", cwd: Path | None = None) -> Outcome:
        """`ahjo-scan ARGUMENTS`, or `ahjo-install-git-hook ARGUMENTS`, in this process."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(cwd or self.directory)
            for name in [name for name in os.environ if name not in ENVIRONMENT]:
                patch.delenv(name)
            for name, value in ENVIRONMENT.items():
                patch.setenv(name, value)
            try:
                getattr(cli, program)(arguments)
            except SystemExit as left:
                code = int(left.code or 0)
        return Outcome(code, out.getvalue(), err.getvalue())


def make(top: Path, folder: str = "", rules: str = "- name: hetu\n") -> ProjectInGit:
    """A repository without a commit; its project has a file of rules."""
    project = ProjectInGit(top, folder)
    project.directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(top)], env=ENVIRONMENT, check=True, capture_output=True)
    project.write("ahjo_scan_rules.yaml", rules)
    return project
