"""Actions that check this machine: drivers, programs and versions; and test the connection."""

from __future__ import annotations

import json
from shutil import which
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.database.drivers import DriverState
    from ahjo_tasks.runtime.context import ActionContext

FORMATS = ("table", "json")
HEADERS = ("Database", "Driver", "Version", "State")
DISTRIBUTIONS = ("ahjo-tasks", "invoke", "SQLAlchemy", "alembic")


@action(
    guarded=False,
    auto_shortflags=False,
    help={
        "connect": "Connect to the database of the config, too; a failure exits with 1.",
        "format": "table, or json: an object with versions, programs, databases and config.",
    },
)
def doctor(ctx: ActionContext, connect: bool = False, format: str = "table") -> None:  # noqa: A002 - the flag's name
    """List the drivers, which load, and why others do not.

    For each database its drivers with their versions, and what to run where one
    cannot be used. Needs no config; with one its database comes first, with the
    driver that would be used. Nothing is changed.
    """
    if format not in FORMATS:
        raise UsageError(f"--format: there is no format {format!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    if format == "json":
        ctx.console.machine()
    config = _config(ctx)
    databases = list(_databases(str(config.get("database", ""))))
    report = {
        "format_version": 1,
        "versions": _versions(),
        "programs": _programs(databases),
        "databases": databases,
        "config": config,
    }
    if format == "json":
        ctx.console.raw(json.dumps(report, indent=2))
    else:
        _print_report(ctx, report)
    if connect:
        info = _server_info(ctx)
        ctx.console.table(list(info), [list(info.values())])


@action(reads=True)
def test_connection(ctx: ActionContext) -> None:
    """Connect; show login, database, version.

    Lists the drivers for this database, too, also when the connection fails
    because none is installed.
    """
    from ahjo_tasks.database.drivers import DriverError

    try:
        info = {**_server_info(ctx), "Driver": ctx.database.engine.driver}
        ctx.console.table(list(info), [list(info.values())])
    except DriverError:
        _print_drivers(ctx, [_database(ctx.project.dialect)])
        raise
    _print_drivers(ctx, [_database(ctx.project.dialect)])


def _server_info(ctx: ActionContext) -> dict[str, str]:
    """Connect and ask the server what it is; the names become headings."""
    info, _warnings = ctx.database.dialect.server_info(ctx.database.connection, ctx.settings)
    return {name.capitalize(): value for name, value in info.items()}


def _config(ctx: ActionContext) -> dict[str, str]:
    """The config, its database and the driver that would be used, or why there is none."""
    if not ctx.project.has_config:
        return {}
    result = {"file": str(ctx.project.config_path)}
    try:
        dialect = ctx.project.dialect
        result["database"] = dialect.name
        result["driver"] = dialect.url(ctx.settings, None, None).drivername
        result["note"] = dialect.connection_notice(dialect.url(ctx.settings, None, None), ctx.settings)
    except AhjoError as error:
        result["problem"] = f"{error.message} {error.hint or ''}".strip()
    return result


def _databases(first: str) -> Iterator[dict[str, Any]]:
    """Every database with its drivers, that of the config first."""
    from ahjo_tasks.database.dialects import all_dialects

    dialects = all_dialects()
    for name in sorted(dialects, key=lambda name: name != first):
        dialect = dialects[name]
        if isinstance(dialect, Exception):
            yield {"name": name, "title": name, "drivers": [], "system": [], "programs": [], "problem": str(dialect)}
        else:
            yield _database(dialect)


def _database(dialect: Dialect) -> dict[str, Any]:
    return {
        "name": dialect.name,
        "title": dialect.title,
        "drivers": [_state(dialect.check_driver(driver)) for driver in dialect.drivers],
        "system": [_state(state) for state in dialect.system_drivers()],
        "programs": list(dialect.tools),
        "problem": "",
    }


def _state(state: DriverState) -> dict[str, Any]:
    return {
        "name": state.driver.name,
        "package": state.driver.distribution,
        "version": state.version,
        "loads": state.loads,
        "problem": state.problem,
        "hint": state.hint,
    }


def _versions() -> dict[str, str]:
    import platform
    from importlib import metadata

    versions = {"Python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # in a single-file build
            versions[name] = ""
    return versions


def _programs(databases: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """The path of git and of each database's own programs, None for one that is not on PATH."""
    return {name: which(name) for name in ("git", *(name for database in databases for name in database["programs"]))}


def _print_report(ctx: ActionContext, report: Mapping[str, Any]) -> None:
    ctx.console.info("  " + ", ".join(f"{name} {version}".strip() for name, version in report["versions"].items()))
    ctx.console.info("  " + ", ".join(f"{name}: {path or 'not found'}" for name, path in report["programs"].items()))
    config = report["config"]
    if config:
        ctx.console.info(f"  {config['file']}: {config.get('driver') or config.get('problem')}")
    if config.get("note"):
        ctx.console.info(config["note"])
    _print_drivers(ctx, report["databases"])


def _print_drivers(ctx: ActionContext, databases: Sequence[Mapping[str, Any]]) -> None:
    ctx.console.table(HEADERS, [row for database in databases for row in _rows(database)])


def _rows(database: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    title = database["title"]
    if database["problem"]:
        yield title, "", "", database["problem"]
    for state in database["drivers"]:
        yield title, state["package"], state["version"], _in_words(state)
    for state in database["system"]:
        yield title, f"ODBC: {state['package']}", state["version"], _in_words(state)


def _in_words(state: Mapping[str, Any]) -> str:
    if state["loads"]:
        return "loads"
    return f"{state['problem']}: {state['hint']}" if state["hint"] else str(state["problem"])
