"""The repository's own tasks; the Makefile calls the same programs in an environment that it makes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.tasks import task

if TYPE_CHECKING:
    from invoke.context import Context

REPOSITORY = Path(__file__).resolve().parent
PROGRAMS = Path(sys.executable).parent


@task(
    help={
        "quick": "A few minutes for all parts: tiny sizes, one run.",
        "only": "Parts, separated by commas: start, deploys, latency, tests, csv, file, fleet, scan, batches.",
        "sizes": "Sizes in place of the usual ones, such as 'objects=500 rows=100000 runs=1'.",
    }
)
def bench(_: Context, quick: bool = False, only: str = "", sizes: str = "") -> None:
    """Measure this package beside what users would pick instead, in one run; JSON and a picture go to build/speed."""
    sys.path.insert(0, str(REPOSITORY))
    from benchmarks import suite
    from benchmarks.databases import BenchmarkError

    try:
        for line in suite.run(suite.sizes(sizes, quick=quick), only.split(",") if only else ()):
            print(line, flush=True)  # noqa: T201 - the report
    except BenchmarkError as error:
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
