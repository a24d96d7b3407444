"""Actions that create a project, or convert one of Ahjo."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError, UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.runtime.confirmation import is_unattended

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ahjo_tasks.console import Console
    from ahjo_tasks.project.adopt import Adoption
    from ahjo_tasks.runtime.context import ActionContext


@action(
    auto_shortflags=False,
    guarded=False,
    help={"project-dir": "The project's folder; by default that of the config, or the working folder."},
)
def adopt(ctx: ActionContext, project_dir: str = "") -> None:
    """Convert an Ahjo project.

    Its action files become a tasks.py; what could not be translated is marked
    with `# adopt:` and listed. Config, database and migrations stay. With --dry
    what would be written is shown. `ahjo adopt dev.jsonc` does it from
    anywhere; an existing tasks.py is never replaced.
    """
    from ahjo_tasks.config.loader import load
    from ahjo_tasks.project.adopt import adopt as plan_adoption

    directory, config = _directory(ctx, project_dir), ctx.project.config_path
    adoption = plan_adoption(directory, load(config, environ=ctx.project.environ, connects=False) if config else None)
    if ctx.dry_run:
        for path, text in adoption.files.items():
            ctx.console.print(f"{path} (dry run: nothing is written)", "head")
            ctx.console.print(text)
    else:
        adoption.write()
    _print_adopted(ctx.console, adoption, dry=ctx.dry_run)


def _directory(ctx: ActionContext, project_dir: str) -> Path:
    directory = Path(project_dir).expanduser().absolute() if project_dir else Path.cwd()
    if not directory.is_dir():
        raise UsageError(f"--project-dir: {project_dir} is not a folder.")
    config = ctx.project.config_path
    if not project_dir and config is not None and not (directory / "alembic.ini").exists():
        directory = config.parent
    return directory.resolve()


def _print_adopted(console: Console, adoption: Adoption, *, dry: bool) -> None:
    verb = "Plan: write" if dry else "Wrote"
    for path in adoption.files:
        backup = f" (the old one is {adoption.kept[path]})" if path in adoption.kept else ""
        console.print(f"  {verb} {path}{backup}")
    if adoption.marks:
        console.warning(f"Left to do by hand: {len(adoption.marks)}")
    for mark in adoption.marks:
        console.print(f"  {mark}")
    for path in adoption.others:
        console.warning(f"{path} imports Ahjo and is no action file: change it by hand.")
    if not dry:
        console.print("Next: inv --list")


HIGHEST_PORT = 65535
EXAMPLE = "inv init-project shop --dialect sqlite"


@action(
    auto_shortflags=False,
    guarded=False,
    positional=["name"],
    help={
        "name": "Name of the project and its folder; the flag may be left out.",
        "dialect": "The database: sqlite, postgresql, mysql or mssql.",
        "format": "Format of the config: jsonc (default), json or yaml.",
        "project-dir": "Where the project's folder is put; by default the working folder.",
        "host": "Server of the development database; by default localhost.",
        "port": "Port of the server; by default the usual one.",
        "database": "Name of the development database, for SQLite its file; by default the project's name.",
        "username": "Login name for it. The password is never written into the config.",
        "empty": "Without sample objects.",
        "from-database": "Write the objects of that database into the project; it has to be there.",
        "non-interactive": "Do not ask anything: --name and --dialect are needed then.",
    },
)
def init_project(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    name: str = "",
    dialect: str = "",
    format: str = "",  # noqa: A002 - the flag's name
    project_dir: str = "",
    host: str = "",
    port: str = "",
    database: str = "",
    username: str = "",
    empty: bool = False,
    from_database: bool = False,
    non_interactive: bool = False,
) -> None:
    """Create a new project that builds as it is.

    On a terminal, what no flag tells is asked for. With --from-database it is
    that of a database which is there already: see `pull`.
    """
    from ahjo_tasks.project import scaffold

    asking = ctx.console.interactive and not non_interactive and not is_unattended(ctx.invocation.environ)
    name = name or (ctx.console.ask("Name of the project: ") if asking else _missing("--name"))
    target = scaffold.project_folder(name, Path(project_dir).expanduser().absolute())
    if asking:
        dialect = dialect or _choose(ctx.console, "Database", scaffold.databases())
        questions = scaffold.questions(target.name, dialect)
        given = {"host": host, "port": port, "database": database, "username": username}
        host, port, database, username = _complete(ctx.console, given, questions)
        format = format or _choose(ctx.console, "Format of the config", scaffold.FORMATS)  # noqa: A001 - likewise
    address = scaffold.ServerAddress(host or None, _port(port), database or None, username or None)
    dialect, format = dialect or _missing("--dialect"), format or scaffold.FORMATS[0]  # noqa: A001 - likewise
    draft = scaffold.draft(target.name, dialect, format, address, empty=empty or from_database)
    _create(ctx, target, draft, ask=asking, pull=from_database)


def _pull(ctx: ActionContext, target: Path, config: str) -> None:
    """Write the objects of the config's database into the new project."""
    from ahjo_tasks.actions.pull import Wanted, pull_into
    from ahjo_tasks.runtime.project import Project

    project = Project(target, target / config, ctx.invocation.environ, ctx.invocation.counts)
    try:
        pull_into(project, Wanted(), dry=False)
    finally:
        project.close(keep=False)


def _create(ctx: ActionContext, target: Path, draft: Mapping[str, str], *, ask: bool, pull: bool) -> None:
    """Write the files of a project after a question, and then those of its database."""
    from ahjo_tasks.project.scaffold import write

    if ctx.dry_run:
        ctx.console.print(f"  Plan: create {target} with {len(draft)} files (dry run: nothing is created)")
        return
    if ask and not ctx.console.confirm(f"Create the project {target.name} in {target.parent}?"):
        raise NotPermittedError("init-project was declined; nothing was created.")
    write(target, draft)
    ctx.console.counts.results["OK"] += len(draft)
    _print_created(ctx.console, target, draft, next_steps=not pull)
    if pull:
        _pull(ctx, target, next(path for path in draft if path.startswith("dev.")))


def _missing(flag: str) -> str:
    raise UsageError(f"{flag} is required in non-interactive mode.", hint=EXAMPLE)


def _choose(console: Console, question: str, choices: Sequence[str]) -> str:
    """The answer, or the first choice when it is empty."""
    return console.ask(f"{question}, one of {', '.join(choices)} [{choices[0]}]: ").strip().lower() or choices[0]


def _complete(
    console: Console, given: Mapping[str, str], questions: Mapping[str, tuple[str, str]]
) -> tuple[str, str, str, str]:
    """Ask for each value that no flag gives and that the database has; an empty answer is the default."""
    values = dict(given)
    for key, (question, default) in questions.items():
        if not values[key]:
            shown = f" [{default}]" if default else ""
            values[key] = console.ask(f"{question}{shown}: ").strip() or default
    return values["host"], values["port"], values["database"], values["username"]


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise UsageError(f"--port: expected a number up to {HIGHEST_PORT}, got {text!r}.")
    return int(text)


def _print_created(console: Console, target: Path, files: Collection[str], *, next_steps: bool) -> None:
    """Print what was created, and the commands to type next, of which one creates the database."""
    config = next(file for file in files if file.startswith("dev."))
    folders = sorted({file.split("/")[1] for file in files if file.startswith("database/") and file.count("/") > 1})
    console.print(f"Created {target}", "head")
    for path, purpose in (
        (config, "where the development database is"),
        ("tasks.py", "your own actions"),
        ("alembic/versions/", "migrations"),
        ("database/", ", ".join(folders) or "SQL files, one object each"),
        ("README.md", "how to go on"),
    ):
        console.print(f"  {path:<20}{purpose}")
    if not next_steps:
        return
    console.print()
    console.print("Next:", "head")
    for command in (f"cd {_from_here(target)}", *_next_commands(config)):
        console.print(f"  {command}")


def _next_commands(config: str) -> tuple[str, str]:
    """Return the commands to go on with; the executable without Python comes without `inv`."""
    if getattr(sys, "frozen", False):
        return "ahjo list", f"ahjo complete-build {config}"
    return "inv --list", f"inv complete-build --config {config}"


def _from_here(target: Path) -> str:
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    return f'"{shown}"' if " " in str(shown) else str(shown)
