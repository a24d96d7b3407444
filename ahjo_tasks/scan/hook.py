"""The hook that scans before each commit: a shell script, which git runs on every system."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.scan.git_files import Repository

NAME = "pre-commit"
MARK = "# Written by ahjo-install-git-hook."
SCRIPT = """#!/bin/sh
{mark} Scans what is staged, and stops the commit when anything is found.

arguments() {{
    "$@" --project-dir {project} --stage --quiet{options}
}}

if [ -x {program} ]; then
    arguments {program} {scan}
elif command -v ahjo-scan >/dev/null 2>&1; then
    arguments ahjo-scan
else
    echo "ahjo-scan is not installed: install ahjo-tasks, or remove this hook: $0" >&2
    exit 1
fi
code=$?
if [ $code -eq 1 ]; then
    echo "ahjo-scan stopped the commit. Remove what it found, or ignore it: {ignored}" >&2
elif [ $code -ne 0 ]; then
    echo "ahjo-scan failed, and so the commit is stopped." >&2
fi
exit $code
"""


OWN = "-P -c 'from ahjo_tasks.cli import scan; scan()'"
"""Arguments for the Python of the installation; modules of the repository are not imported."""
FROZEN = "ahjo-scan"
"""The argument for the executable that needs no Python."""


def install(
    repository: Repository, rules: str, ignored: str, default_ignored: str, may_replace: Callable[[Path], bool]
) -> Path:
    """Write the hook for a project and return its path.

    A hook of somebody else is kept as `pre-commit.old` if `may_replace` agrees; else NotPermittedError is raised.
    """
    path = repository.hooks / NAME
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        if not may_replace(path):
            raise NotPermittedError(f"There is a hook already, and it stays: {path}", hint="--force replaces it.")
        path.replace(path.with_name(f"{NAME}.old"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_script(repository, rules, ignored, default_ignored), encoding="utf-8", newline="\n")
    path.chmod(0o755)
    return path


def _script(repository: Repository, rules: str, ignored: str, default_ignored: str) -> str:
    named = {"--search-rules": rules, "--ignore-config": ignored}
    options = "".join(f" {flag} {shlex.quote(value)}" for flag, value in named.items() if value)
    return SCRIPT.format(
        mark=MARK,
        project=shlex.quote(repository.prefix or "."),
        options=options,
        program=shlex.quote(Path(sys.executable).as_posix()),
        scan=FROZEN if getattr(sys, "frozen", False) else OWN,
        ignored=(ignored or default_ignored).replace('"', ""),
    )
