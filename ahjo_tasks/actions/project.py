"""Actions that create a project, or convert one of Ahjo."""

from __future__ import annotations

import sys
from enum import Enum
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import AhjoError, ConnectionFailedError, NotPermittedError, UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.runtime.confirmation import is_unattended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ahjo_tasks.console import Console
    from ahjo_tasks.project.adopt import Adoption
    from ahjo_tasks.runtime.context import ActionContext
    from ahjo_tasks.runtime.project import Project


@action(
    auto_shortflags=False,
    guarded=False,
    help={
        "project-dir": "The project's folder; by default that of the config, or the working folder.",
        "history": "Connect, and record in the config's database what Ahjo deployed there; `baseline` does it later.",
    },
)
def adopt(ctx: ActionContext, project_dir: str = "", history: bool = False) -> None:
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
    if history:
        from ahjo_tasks.actions.history import write_baseline
        from ahjo_tasks.runtime.confirmation import check_permission

        check_permission(ctx.project, "baseline")
        write_baseline(ctx)
    if not ctx.dry_run:
        _print_next(ctx.console, config.name if config else "FILE", history=history)


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
        console.warning(f"{path} imports Ahjo and is not an action file: change it by hand.")


def _print_next(console: Console, config: str, *, history: bool) -> None:
    console.print("Next:", "head")
    console.print("  inv --list")
    if not history:
        console.print(f"  inv baseline --config {config}   records what Ahjo deployed there; once for each database")
    console.print(f"  inv plan --config {config}       shows what has changed since then")


HIGHEST_PORT = 65535
EXAMPLE = "inv init-project shop --dialect sqlite"


@action(
    auto_shortflags=False,
    guarded=False,
    positional=["name"],
    help={
        "name": "Name of the project and its folder; the flag may be left out.",
        "dialect": "The database: sqlite, postgresql, mysql or mssql; also postgres, mariadb, sqlserver.",
        "format": "Format of the config: jsonc (default), json or yaml.",
        "project-dir": "Where the project's folder is put; by default the working folder.",
        "host": "Server of the development database; by default localhost.",
        "port": "Port of the server; by default the usual one.",
        "database": "Name of the development database, for SQLite its file; by default the project's name.",
        "username": "Login name for it. The password is never written into the config.",
        "empty": "Without sample objects.",
        "from-database": "Write the objects of the existing database into the project.",
        "test-connection": "Connect before the project is created, to show what is there.",
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
    test_connection: bool = False,
    non_interactive: bool = False,
) -> None:
    """Create a new project that builds as it is.

    On a terminal it asks for what no flag gives, and tests the connection if
    you like. With --from-database an existing database becomes the project, as
    by `pull`. The commands that it prints at the end are safe for what it
    found: none of them drops a database with objects in it.
    """
    from ahjo_tasks.project import scaffold

    asking = ctx.console.interactive and not non_interactive and not is_unattended(ctx.invocation.environ)
    name = name or (ctx.console.ask("Name of the project: ") if asking else _missing("--name"))
    target = scaffold.project_folder(name, Path(project_dir).expanduser().absolute())
    if asking:
        dialect = dialect or _choose(ctx.console, "Database", scaffold.databases(), scaffold.database_of)
        questions = scaffold.questions(target.name, dialect)
        given = {"host": host, "port": port, "database": database, "username": username}
        host, port, database, username = _complete(ctx.console, given, questions)
        formats = scaffold.FORMATS
        format = format or _choose(ctx.console, "Format of the config", formats, formats.__contains__)  # noqa: A001
        server = "host" in questions and not (from_database or ctx.dry_run)
        test_connection = test_connection or (server and ctx.console.confirm("Connect, to see what is there?"))
    address = scaffold.ServerAddress(host or None, _port(port), database or None, username or None)
    dialect, format = dialect or _missing("--dialect"), format or scaffold.FORMATS[0]  # noqa: A001 - likewise
    draft = partial(scaffold.draft, target.name, dialect, format, address)
    _create(ctx, target, draft, Wish(asking, from_database, test_connection, empty or from_database))


def _pull(ctx: ActionContext, target: Path, config: str) -> None:
    """Write the objects of the config's database into the new project."""
    from ahjo_tasks.actions.pull import Wanted, pull_into
    from ahjo_tasks.runtime.project import Project

    project = Project(target, target / config, ctx.invocation.environ, ctx.invocation.counts)
    try:
        pull_into(project, Wanted(), dry=False)
    finally:
        project.close(keep=False)


class Wish(NamedTuple):
    """Parts of creating a project: a question, a look at the database before it, and its objects after it."""

    ask: bool
    pull: bool
    connect: bool
    empty: bool


def _create(ctx: ActionContext, target: Path, draft: Callable[..., dict[str, str]], wish: Wish) -> None:
    """Write the files of a project after a question, and then those of its database.

    A project whose database turns out to have objects gets no sample objects.
    """
    from ahjo_tasks.project.scaffold import write

    files = draft(empty=wish.empty)
    if ctx.dry_run:
        ctx.console.print(f"  Plan: create {target} with {len(files)} files (dry run: nothing is created)")
        return
    if wish.ask and not ctx.console.confirm(f"Create the project {target.name} in {target.parent}?"):
        raise NotPermittedError("init-project was declined; nothing was created.")
    write(target, files)
    config = next(path for path in files if path.startswith("dev."))
    found = _look(ctx, target, config, connect=wish.connect) if not wish.pull else Found.UNKNOWN
    if found is Found.OBJECTS and not wish.empty:
        rmtree(target)  # it was made just now
        write(target, files := draft(empty=True))
    ctx.console.counts.results["OK"] += len(files)
    _print_created(ctx.console, target, files, None if wish.pull else found)
    if wish.pull:
        _pull(ctx, target, config)


def _look(ctx: ActionContext, target: Path, config: str, *, connect: bool) -> Found:
    """Return what is in the database of a new project; a server is asked only where that is wanted.

    A failure is a warning: the project stays as it was answered.
    """
    from ahjo_tasks.runtime.project import Project

    project = Project(target, target / config, ctx.invocation.environ, ctx.invocation.counts)
    if not connect and not project.dialect.file_based:
        return Found.UNKNOWN
    try:
        return _found_in(project)
    except AhjoError as error:
        ctx.console.warning(f"The connection failed: {error.message} {error.hint or ''}".rstrip())
        ctx.console.print(f"  All answers are in {target / config}: correct them there.")
        return Found.NO_CONNECTION
    finally:
        project.close(keep=False)


def _found_in(project: Project) -> Found:
    """Look whether the database is there, and whether it has objects or tables. Raises AhjoError."""
    from ahjo_tasks.database.catalog import read_catalog, read_tables

    try:
        connection = project.database.connection
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
        return Found.NOTHING
    return Found.OBJECTS if read_catalog(connection) or read_tables(connection) else Found.EMPTY


def _missing(flag: str) -> str:
    raise UsageError(f"{flag} is required in non-interactive mode.", hint=EXAMPLE)


def _answer(console: Console, question: str, default: str, problem: Callable[[str], str]) -> str:
    """Ask until there is no problem with the answer; an empty one is the default."""
    shown = f" [{default}]" if default else ""
    while True:
        answer = console.ask(f"{question}{shown}: ").strip() or default
        wrong = problem(answer)
        if not wrong:
            return answer
        console.warning(wrong)


def _choose(console: Console, question: str, choices: Sequence[str], known: Callable[[str], object]) -> str:
    """Ask for one of the choices, or another word for one; the first is the default."""

    def problem(answer: str) -> str:
        return "" if known(answer.lower()) else f"{answer!r} is not one of: {', '.join(choices)}."

    return _answer(console, f"{question}, one of {', '.join(choices)}", choices[0], problem).lower()


def _complete(
    console: Console, given: Mapping[str, str], questions: Mapping[str, tuple[str, str]]
) -> tuple[str, str, str, str]:
    """Ask for each value that no flag gives and that the database has."""
    values = dict(given)
    for key, (question, default) in questions.items():
        if not values[key]:
            values[key] = _answer(console, question, default, _port_problem if key == "port" else lambda _answer: "")
    return values["host"], values["port"], values["database"], values["username"]


def _port_problem(text: str) -> str:
    if text.isascii() and text.isdecimal() and int(text) <= HIGHEST_PORT:
        return ""
    return f"Expected a port up to {HIGHEST_PORT}, got {text!r}."


def _port(text: str) -> int | None:
    if not text:
        return None
    if problem := _port_problem(text):
        raise UsageError(f"--port: {problem}")
    return int(text)


def _print_created(console: Console, target: Path, files: Collection[str], found: Found | None) -> None:
    """Print what was created and, unless `found` is None, the commands to type next, which suit what was found."""
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
    if found is None:
        return
    console.print()
    if found is Found.OBJECTS:
        console.info("The database has objects, so the project has no sample objects: inv pull brings its own.")
        console.warning("inv complete-build would drop the database.")
    console.print("Next:", "head")
    for command in (f"cd {_from_here(target)}", *_next_commands(config, found)):
        console.print(f"  {command}")


class Found(Enum):
    """The state of the database of a new project, with the actions that go on from there.

    None drops objects that are known to be there; where nothing is known, complete-build asks and refuses to.
    """

    UNKNOWN = ("test-connection", "plan", "complete-build")
    NO_CONNECTION = ("test-connection", "doctor", "plan")
    NOTHING = ("plan", "complete-build", "status")
    EMPTY = ("plan", "deploy", "status")
    OBJECTS = ("pull", "baseline", "plan")


def _next_commands(config: str, found: Found) -> list[str]:
    """Return the commands to go on with; the executable without Python comes without `inv`."""
    if getattr(sys, "frozen", False):
        return [f"ahjo {action} {config}" for action in found.value]
    return [f"inv {action} --config {config}" for action in found.value]


def _from_here(target: Path) -> str:
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    return f'"{shown}"' if " " in str(shown) else str(shown)
