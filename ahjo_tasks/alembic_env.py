"""Run migrations from a project's `alembic/env.py`, with the connection and version table of its config."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import MetaData

from ahjo_tasks.engine.migration_session import MigrationSession
from ahjo_tasks.engine.migrations import dialect_options, ensure_version_schema, version_options
from ahjo_tasks.errors import AhjoError, ConfigError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.runtime.project import Project

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
WRITE_VERSIONS = frozenset({"upgrade", "stamp", "ensure_version"})
"""Alembic's commands that create its version table."""


def run(target_metadata: MetaData | None = None, **options: Any) -> None:
    """Run the migrations of an Alembic command, online or offline.

    `options` go to Alembic's `context.configure`. From Alembic's own command line the project's config is given as
    `-x main_config=FILE` or by AHJO_CONFIG_PATH.
    """
    config = context.config
    metadata = target_metadata if target_metadata is not None else MetaData(naming_convention=NAMING)
    if target_metadata is None:
        options.setdefault("include_name", lambda *_: False)  # nothing to compare with: autogenerate proposes nothing
    connection = config.attributes.get("connection")
    connect = config.attributes.get("connect")
    if connection is not None:
        _run_online(connection, metadata, config.attributes["options"] | options)
    elif connect is not None and not context.is_offline_mode():
        with connect() as connection:
            _run_on(connection, metadata, config.attributes["settings"], options)
    else:
        _run_from_config(config, metadata, options)


def _run_from_config(config: Config, metadata: MetaData, options: dict[str, Any]) -> None:
    """Run for Alembic's own command line, which gives no more than the config's path."""
    if config.config_file_name and config.file_config.has_section("formatters") and "connect" not in config.attributes:
        from logging.config import fileConfig

        fileConfig(config.config_file_name, disable_existing_loggers=False)
    try:
        _run_project(_project(config), metadata, options)
    except AhjoError as error:
        if config.attributes.get("explains_errors") or "connect" in config.attributes:
            raise
        raise CommandError(_sentence(error)) from error


def _run_project(project: Project, metadata: MetaData, options: dict[str, Any]) -> None:
    if context.is_offline_mode():
        _run_offline(project, metadata, version_options(project.settings, project.dialect) | options)
        return
    try:
        _run_on(project.database.connection, metadata, project.settings, options)
    finally:
        project.close(keep=True)


def _run_on(connection: Connection, metadata: MetaData, settings: Settings, options: dict[str, Any]) -> None:
    """Run for a command of Alembic, with the dialect's check after each migration."""
    options = version_options(settings, connection.dialect) | options
    command = getattr(context.config.cmd_opts, "cmd", None)
    if command and command[0].__name__ in WRITE_VERSIONS:
        ensure_version_schema(connection, settings)
    session = MigrationSession(connection, settings)
    with connection.dialect.around_migrations(connection) as check, session.watch() as opened:

        def look(**what: Any) -> None:
            problem = check()
            if problem:
                raise AhjoError(f"{what['step'].up_revision_id}: {problem}")

        _run_online(opened, metadata, dialect_options(connection.dialect) | options, look, session=session)


def _sentence(error: AhjoError) -> str:
    """Return message, problems and hint of the error in one line."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    return " ".join(filter(None, (str(error), "; ".join(problems), error.hint)))


def _run_online(
    connection: SAConnection,
    metadata: MetaData,
    options: dict[str, Any],
    *watchers: Any,
    session: MigrationSession | None = None,
) -> None:
    """Run with a connection; `watchers` are called after each migration, as Alembic's `on_version_apply`.

    `session` is put back after each migration.
    """
    watcher = context.config.attributes.get("on_version_apply")
    callbacks = [*watchers, *([watcher] if watcher is not None else [])]
    if callbacks:
        options["on_version_apply"] = callbacks
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        include_object=include_object,
        compare_type=True,
        **options,
    )
    if session is not None:
        migrations = context.get_context()
        migrations._migrations_fn = session.restoring(migrations._migrations_fn)  # noqa: SLF001 - Alembic has no other place
    with context.begin_transaction():
        context.run_migrations()


def _run_offline(project: Project, metadata: MetaData, options: dict[str, Any]) -> None:
    url = project.dialect.url(project.settings, None, None)
    options = {"dialect_opts": {"paramstyle": "named"}, **options}  # a driver's %s would have each % doubled
    context.configure(url=url, target_metadata=metadata, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def _project(config: Config) -> Project:
    import os

    from ahjo_tasks.runtime.project import Project

    named = context.get_x_argument(as_dictionary=True).get("main_config") or os.environ.get("AHJO_CONFIG_PATH")
    if not named:
        raise ConfigError(
            "Alembic has no config to work on.",
            hint="Name it before the command: alembic -x main_config=dev.jsonc upgrade head",
        )
    directory = Path(str(config.config_file_name or "alembic.ini")).absolute().parent
    return Project(directory, Path(str(named)).absolute(), os.environ)


def include_object(_object: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Return False for a table that no revision of the project creates: autogenerate would propose to drop it."""
    if kind != "table" or not reflected or compare_to is not None:
        return True
    return name in created_tables(Path(context.script.dir))


@cache
def created_tables(directory: Path) -> frozenset[str]:
    """Return the tables that the revisions below `directory` create with `op.create_table`."""
    return frozenset(
        str(call.args[0].value)
        for path in directory.glob("versions/**/*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "create_table"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    )
