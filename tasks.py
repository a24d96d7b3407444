"""The repository's own tasks; the Makefile calls the same programs in an environment that it makes."""

from __future__ import annotations

import shlex
import sys
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.tasks import task

if TYPE_CHECKING:
    from invoke.context import Context

REPOSITORY = Path(__file__).resolve().parent
PROGRAMS = Path(sys.executable).parent


@task(
    help={
        "sizes": "Numbers of objects, separated by commas.",
        "runs": "Runs of every contestant; their median is printed.",
        "only": "Contestants, separated by commas; psql always runs.",
    }
)
def bench(_: Context, sizes: str = "500,5000", runs: int = 5, only: str = "") -> None:
    """Measure a deployment against one psql session, and deploys again on each database."""
    sys.path.insert(0, str(REPOSITORY))
    from benchmarks import again, environment, measure, server

    names = only.split(",") if only else measure.DEFAULT_CONTESTANTS
    numbers = [int(size) for size in sizes.split(",")]
    try:
        with server.durable_server() as running, server.mariadb_server() as mariadb, TemporaryDirectory() as folder:
            places = (
                again.sqlite_place(Path(folder)),
                again.postgresql_place(running),
                again.mariadb_place(mariadb),
            )
            python = environment.users_python(REPOSITORY)
            for line in chain(
                measure.measure(running, numbers, runs, names), again.report(python, places, numbers, runs)
            ):
                print(line, flush=True)  # noqa: T201 - the report
    except measure.BenchmarkError as error:
        raise Exit(str(error), code=1) from error


@task
def lint(ctx: Context) -> None:
    """Check style and formatting."""
    _run(ctx, "ruff", "check")
    _run(ctx, "ruff", "format --check")


@task
def types(ctx: Context) -> None:
    """Check types."""
    _run(ctx, "mypy")


@task
def test(ctx: Context) -> None:
    """Run the tests."""
    _run(ctx, "pytest")


def _run(ctx: Context, program: str, arguments: str = "") -> None:
    with ctx.cd(shlex.quote(str(REPOSITORY))):
        ctx.run(f"{shlex.quote(str(PROGRAMS / program))} {arguments}".rstrip(), echo=True)
