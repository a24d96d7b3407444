"""The tables and lists of the reference, each made of the code as Markdown.

Run this file to renew those that are in the pages.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks import errors, namespace
from ahjo_tasks.actions.overview import GROUPS
from ahjo_tasks.config.schema import VARIABLES
from ahjo_tasks.project.sql_file import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from invoke.parser.argument import Argument
    from invoke.tasks import Task

ROOT = Path(__file__).parent.parent


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of Markdown."""
    lines = [" | ".join(heads), *(" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)]
    columns = lines[0].count(" | ") + 1
    return "\n".join(f"| {line} |" for line in [lines[0], " | ".join(["---"] * columns), *lines[1:]])


def actions() -> str:
    """Return all actions in the groups of the overview, each with its help and flags."""
    return "\n\n".join(
        "\n\n".join([f"## {group}", *(_action(name, task) for name, task in tasks.items())])
        for group, tasks in _groups().items()
    )


def summary() -> str:
    """Return all actions in the groups of the overview, each with the first line of its help."""
    tables = []
    for group, tasks in _groups().items():
        rows = [(f"`{name}`", _escaped((inspect.getdoc(task) or "").splitlines()[0])) for name, task in tasks.items()]
        tables.append(table([group, ""], rows))
    return "\n\n".join(tables)


def _groups() -> dict[str, dict[str, Task[Any]]]:
    collection = namespace(directory=ROOT)
    tasks = {name: collection[name] for name in collection.task_names}
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "More": tuple(sorted(tasks.keys() - grouped))}
    return {group: {name: tasks[name] for name in names} for group, names in groups.items()}


def _action(name: str, task: Task[Any]) -> str:
    aliases = [f"Also called {', '.join(f'`{alias}`' for alias in task.aliases)}."] if task.aliases else []
    flags = [(_spelling(argument), argument.help or "") for argument in task.get_arguments()]
    listed = [table(["flag", "meaning"], flags)] if flags else []
    return "\n\n".join([f"### `{name}`", _escaped(inspect.getdoc(task) or ""), *aliases, *listed])


def _spelling(argument: Argument) -> str:
    names = [f"`--{name}`" if len(name) > 1 else f"`-{name}`" for name in argument.names]
    if argument.kind is bool and argument.default is True:
        names = [f"`--no-{argument.names[0]}`"]
    return ", ".join(names) + ("" if argument.kind is bool else "\N{NO-BREAK SPACE}VALUE")


def _escaped(text: str) -> str:
    return text.replace("[", "\\[").replace("<", "\\<").replace("*", "\\*")


def exit_codes() -> str:
    """Return the exit codes with their errors."""
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.AhjoError)]
    rows = [("0", "", "Done, or nothing to do.")]
    rows += [(str(kind.exit_code), f"`{kind.__name__}`", _first_line(kind)) for kind in kinds]
    rows.append(("130", "", "Interrupted with Ctrl-C, or ended by SIGTERM; what was not finished was rolled back."))
    return table(["exit code", "error", "meaning"], sorted(rows, key=lambda row: int(row[0])))


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]


def variables() -> str:
    """Return the environment variables that are no key of the config."""
    return table(["variable", "meaning"], _named(VARIABLES))


def headers() -> str:
    """Return the comments at the head of a SQL file."""
    return table(["header", "meaning"], [(f"`-- {name}`", meaning) for name, meaning in HEADERS.items()])


def _named(meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", meaning) for name, meaning in meanings.items()]


TABLES: Mapping[str, Callable[[], str]] = {
    "actions": actions,
    "exit_codes": exit_codes,
    "variables": variables,
    "headers": headers,
}
"""By the word of a comment `code`: what stands in its place on the site."""

IN_PAGES: Mapping[str, Callable[[], str]] = {"summary": summary}
"""What stands in a page itself, between comments `begin` and `end`."""
BLOCK = re.compile(r"(?ms)^(<!-- begin: (?P<name>\w+),[^\n]*\n).*?(^<!-- end: )")


def renewed(text: str) -> str:
    """Return a page with its tables as the code has them now."""
    return BLOCK.sub(lambda found: f"{found[1]}{IN_PAGES[found['name']]()}\n{found[3]}", text)


if __name__ == "__main__":
    for page in (ROOT / "docs").glob("*.md"):
        page.write_text(renewed(page.read_text("utf-8")), encoding="utf-8")
