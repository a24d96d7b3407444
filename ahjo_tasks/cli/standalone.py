"""The programs that are one action and work in any folder: a project's own tasks have no say in them.

A git hook is such a case: it runs where the project's own packages may be missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.program import Program

from ahjo_tasks.cli.front import Call
from ahjo_tasks.running.home import Home
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.running.action import Action

SHORT = {
    "-r": "--search-rules",
    "-ig": "--ignore-config",
    "-st": "--stage",
    "-q": "--quiet",
    "-in": "--init",
    "-ai": "--add-results-to-ignore",
    "-d": "--project-dir",
    "-h": "--help",
}


def run(program: str, action: Action, given: Sequence[str]) -> None:
    """Run the action with the predecessor's options and leave with its exit code.

    Raises UsageError for an option that there is not.
    """
    collection = Collection()
    bound = action.bound(Home(Path.cwd(), None, collection))
    collection.add_task(bound)
    words = [word for token in given for word in _spelled(token)]
    alone = Program(name=program, binary=program, version=__version__, namespace=collection)
    if "--help" in words:
        alone.run([program, "--help", bound.name])
    elif "--version" in words:
        alone.run([program, "--version"])
    else:
        alone.run([program, *Call(cwd=Path.cwd()).translate([bound.name, *words], bound)])


def _spelled(token: str) -> list[str]:
    """The long form of a token, `--name=value` in two."""
    name, equals, value = token.partition("=")
    if not name.startswith("--"):
        return [SHORT.get(token, token)]
    return [name.replace("_", "-"), *([value] if equals else [])]
