"""A Python like a user's: with what the package and its drivers need, and nothing of its tests.

It matters: Mako, say, imports Pygments where pytest has brought it along, and takes half as long again to start.
"""

from __future__ import annotations

import os
import subprocess
import tomllib
import venv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EXTRAS = ("postgresql", "mysql")
NOTE = "requirements.txt"


def users_python(repository: Path) -> str:
    """The Python program of the environment in `build/bench`, made anew when the requirements have changed."""
    folder = repository / "build" / "bench"
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = "\n".join(requirements(repository / "pyproject.toml"))
    note = folder / NOTE
    if not note.is_file() or note.read_text(encoding="utf-8") != wanted:
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", *wanted.split("\n")], check=True)
        note.write_text(wanted, encoding="utf-8")
    # as pip leaves an installed package: else each start would compile all modules where Python must not write them
    subprocess.run([program, "-m", "compileall", "-q", repository / "ahjo_tasks"], check=True)
    return str(program)


def peer(repository: Path, program: str, package: str) -> str:
    """The program of a package that is installed on its own, in `build/peers`; empty where it cannot be."""
    folder = repository / "build" / "peers"
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (scripts / program).is_file():
        venv.create(folder, with_pip=True)
        subprocess.run([scripts / "python", "-m", "pip", "install", "--quiet", package], check=False)
    return str(scripts / program) if (scripts / program).is_file() else ""


def requirements(pyproject: Path) -> list[str]:
    """What the package depends on."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(requirement for name in EXTRAS for requirement in extras[name])]
