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
        "databases": "Number of small databases that are deployed to side by side.",
        "many": "Number of databases that do not exist, to see what a fleet of them holds; none by default.",
    }
)
def bench(
    _: Context, sizes: str = "500,5000", runs: int = 3, only: str = "", databases: int = 20, many: int = 0
) -> None:
    """Measure deployments against one psql session, again on each database, and to many small databases."""
    sys.path.insert(0, str(REPOSITORY))
    from benchmarks import again, environment, fleet, measure, server

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
            login = f"{running.username}:{running.password}@{running.host}:{running.port}"
            for line in chain(
                fleet.compare(fleet.options(f"--databases={databases}", f"--many={many}"), f"postgresql://{login}/"),
                measure.measure(running, numbers, runs, names),
                again.report(python, places, numbers, runs),
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
