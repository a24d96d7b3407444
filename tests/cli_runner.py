"""The front door in this process: `Program.run` as `inv` calls it, without a start of Python for every command."""

from __future__ import annotations

import logging
import os
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from invoke.program import Program
from projects import Outcome

from ahjo_tasks import namespace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from invoke.collection import Collection
    from projects import RunningProject


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def inv(
    project: RunningProject,
    *arguments: str,
    ns: Collection | tuple[Any, ...] = (),
    yes: bool = True,
    typed: tuple[str, ...] | Terminal | None = None,
    **environ: str,
) -> Outcome:
    """`inv ARGUMENTS` in the project's folder; with `typed`, on a terminal where these lines are typed, or on that one.

    `ns` is a collection, or the members of the project's own namespace.
    """
    program = Program(namespace=namespace(*ns, directory=project.directory) if isinstance(ns, tuple) else ns)
    return quietly(lambda: program.run(["inv", *arguments]), project.directory, yes=yes, typed=typed, **environ)


def quietly(
    run: Callable[[], object],
    directory: Path,
    *,
    yes: bool = False,
    typed: tuple[str, ...] | Terminal | None = None,
    **environ: str,
) -> Outcome:
    """What a program prints when it is run in this folder, and its exit code."""
    kind = StringIO if typed is None else Terminal
    out, err, code = kind(), kind(), 0
    confirmed = {"AHJO_NON_INTERACTIVE": "1"} if yes else {}
    variables = {**confirmed, "NO_COLOR": "1", "GIT_CEILING_DIRECTORIES": str(directory.parent), **environ}
    stdin = StringIO() if typed is None else typed
    if isinstance(stdin, tuple):
        stdin = Terminal("".join(f"{line}\n" for line in stdin))
    with (
        patch.dict(os.environ, variables),
        patch("sys.stdin", stdin),
        chdir(directory),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        finally:
            _close_logs()
    return Outcome(code, out.getvalue(), err.getvalue())


def sqlite(**extra: Any) -> dict[str, Any]:
    """The BACKEND of a database that is a file in the project's folder."""
    return {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "shop.db", **extra}


def _close_logs() -> None:
    """Elsewhere the end of the process does it."""
    for handler in [found() for found in logging._handlerList]:
        if handler is not None and str(getattr(handler, "baseFilename", "")).endswith("ahjo.log"):
            handler.close()
