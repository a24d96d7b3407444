"""The action that builds a single-file executable with PyInstaller."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.runtime.context import ActionContext

MEGABYTE = 1_000_000


@action(
    auto_shortflags=False,
    guarded=False,
    iterable=["include"],
    help={
        "output": "The folder that it is put into; by default dist.",
        "include": "An additional package for the actions of your projects; repeat for more.",
    },
)
def package(ctx: ActionContext, output: str = "dist", include: list[str] | None = None) -> None:
    """Build ahjo as a single file without Python.

    It is for the system that it is built on, and holds the drivers that are
    installed here and Python's whole standard library. PyInstaller builds it:
    pip install 'ahjo-tasks[package]'.
    """
    folder = Path(output).absolute()
    if ctx.dry_run:
        ctx.console.print(f"  Plan: build ahjo into {folder} (dry run: nothing is built)")
        return
    ctx.console.progress("Building ahjo, which takes a minute or so")
    program = build(folder, include or ())
    ctx.console.print(f"  Built {program}, {program.stat().st_size / MEGABYTE:.0f} MB")


ENTRY = Path(__file__).parent.with_name("cli") / "frozen.py"
WHOLE = (
    *("mssql_python", "mssql_python_odbc", "mssql_python_rs", "psycopg", "psycopg_binary", "pymysql", "pymssql"),
    *("keyring", "azure.identity"),
)
"""Packages that are taken with all that belongs to them, as far as they are installed."""
SINGLE = ("pyodbc", "win32evtlog", "win32evtlogutil")
LARGE = ("pyarrow", "numpy", "pandas")
"""Packages that are left out unless they are asked for."""
NEVER = (
    "tkinter",
    "_tkinter",
    "turtle",
    "turtledemo",
    "idlelib",
    "test",
    "lib2to3",
    "antigravity",
    "this",
    "distutils",
)
LINES_SHOWN = 15


def build(output: Path, include: Sequence[str] = ()) -> Path:
    """Build `ahjo` (`ahjo.exe`) into the folder and return its path; it takes a minute or so.

    `include` are further packages for the actions of projects. Raises AhjoError with PyInstaller's last words.
    """
    _check(include)
    from ahjo_tasks.fleet.repository import temporary_folder

    with temporary_folder("ahjo-package-") as folder:
        done = subprocess.run(  # noqa: S603 - this Python, with options of our own
            [sys.executable, "-m", "PyInstaller", *options(output, folder, include), str(ENTRY)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = "\n".join(done.stderr.splitlines()[-LINES_SHOWN:])
        raise AhjoError(f"PyInstaller failed with exit code {done.returncode}:\n{last}")
    return output / ("ahjo.exe" if sys.platform == "win32" else "ahjo")


def options(output: Path, work: Path, include: Sequence[str] = ()) -> list[str]:
    """PyInstaller's options."""
    places = ["--distpath", str(output), "--workpath", str(work), "--specpath", str(work)]
    return [
        *("--onefile", "--console", "--noconfirm", "--log-level", "WARN", "--name", "ahjo", *places),
        *_each(
            "--collect-submodules", ["ahjo_tasks", "sqlalchemy.dialects", "alembic", *_standard_library(packages=True)]
        ),
        *_each("--collect-data", ["ahjo_tasks", "alembic"]),
        *("--add-data", f"{_template()}:ahjo_tasks/project_template"),
        *_each("--collect-all", _installed([*WHOLE, *include])),
        *_each("--hidden-import", [*_installed(SINGLE), *_standard_library(packages=False)]),
        *_each("--exclude-module", [*NEVER, *(name for name in LARGE if name not in include)]),
    ]


def _each(option: str, values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)


def _check(include: Sequence[str]) -> None:
    if getattr(sys, "frozen", False):
        raise UsageError("package needs a Python; this executable cannot build another one.")
    if find_spec("PyInstaller") is None:
        raise UsageError("package needs PyInstaller.", hint="pip install 'ahjo-tasks[package]'")
    missing = [name for name in include if name not in _installed(include)]
    if missing:
        raise UsageError(f"--include: {', '.join(missing)} is not installed here.")


def _installed(names: Sequence[str]) -> list[str]:
    return [name for name in names if _found(name)]


def _found(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False


def _standard_library(*, packages: bool) -> list[str]:
    """All modules, or all packages, of it: nobody knows yet what the actions of a project will import."""
    public = [name for name in sys.stdlib_module_names if not name.startswith("_") and name not in NEVER]
    specs = {name: find_spec(name) for name in public}
    return sorted(
        name for name, spec in specs.items() if spec and (spec.submodule_search_locations is not None) == packages
    )


def _template() -> Path:
    from ahjo_tasks.project.scaffold import template_folder

    return template_folder()
