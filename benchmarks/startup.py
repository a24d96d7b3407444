"""What `inv --list` costs in a project, beside `inv --list` with three tasks that do nothing, and other runners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.environment import MissingError, Tools
from benchmarks.measure import OUR_ENVIRON, OURS, Contestant, Row, compare
from benchmarks.project import TASKS_PY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BARE = "inv --list, bare"
EMPTY_TASKS = "from invoke import task\n" + "".join(
    f'\n\n@task\ndef {name}(ctx):\n    """Do nothing."""\n' for name in ("one", "two", "three")
)
NOXFILE = "import nox\n" + "".join(f"\n\n@nox.session\ndef {name}(session):\n    pass\n" for name in ("one", "two"))
DODO = "".join(f"def task_{name}():\n    return {{'actions': []}}\n\n\n" for name in ("one", "two", "three"))


def bare(python: str, folder: Path) -> Contestant:
    """`inv --list` of three tasks that do nothing."""
    return Contestant(BARE, [python, "-m", "invoke", "--list"], _written(folder, "tasks.py", EMPTY_TASKS), OUR_ENVIRON)


def rows(tools: Tools, folder: Path, runs: int) -> Iterator[Row]:
    """Yield what the starts take."""
    ours = _written(folder / "project", "tasks.py", TASKS_PY)
    contestants = [
        bare(tools.python, folder / "bare"),
        Contestant(OURS, [tools.python, "-m", "invoke", "--list"], ours, OUR_ENVIRON),
    ]
    for name, word, file, text in (("nox", "--list", "noxfile.py", NOXFILE), ("doit", "list", "dodo.py", DODO)):
        try:
            program = tools.python_peer(name)
        except MissingError:
            continue
        contestants.append(Contestant(name, [program, word], _written(folder / name, file, text), is_peer=True))
    yield from compare("start: inv --list", "", contestants, runs)


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder
