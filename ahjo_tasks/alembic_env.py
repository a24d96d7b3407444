"""What a project's `alembic/env.py` calls: the connection, the version table and what autogenerate may propose."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import MetaData

from ahjo_tasks.engine.migrations import dialect_options, version_options
from ahjo_tasks.errors import AhjoError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.runtime.project import Project

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def run(target_metadata: MetaData | None = None, **options: Any) -> None:
    """Run the migrations that Alembic was asked for, online or offline.

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
        _online(connection, metadata, config.attributes["options"] | options)
    elif connect is not None and not context.is_offline_mode():
        with connect() as connection:
            _through(connection, metadata, version_options(config.attributes["settings"], connection.dialect) | options)
    else:
        _alone(config, metadata, options)


def _alone(config: Config, metadata: MetaData, options: dict[str, Any]) -> None:
    """Run from a command line, with nothing but the config's path to go by."""
    if config.config_file_name and config.file_config.has_section("formatters") and "connect" not in config.attributes:
        from logging.config import fileConfig

        fileConfig(config.config_file_name, disable_existing_loggers=False)
    try:
        _by_config(_project(config), metadata, options)
    except AhjoError as error:
        if config.attributes.get("explains_errors") or "connect" in config.attributes:
            raise
        raise CommandError(_sentence(error)) from error


def _by_config(project: Project, metadata: MetaData, options: dict[str, Any]) -> None:
    options = version_options(project.settings, project.dialect) | options
    if context.is_offline_mode():
        _offline(project, metadata, options)
        return
    try:
        _through(project.database.connection, metadata, options)
    finally:
        project.close(keep=True)


def _through(connection: Connection, metadata: MetaData, options: dict[str, Any]) -> None:
    """Run by Alembic's own commands: what the database wants at the end of each migration is looked at here."""
    with connection.dialect.around_migrations(connection) as check, connection.sqlalchemy_connection() as opened:

        def look(**what: Any) -> None:
            problem = check()
            if problem:
                raise AhjoError(f"{what['step'].up_revision_id}: {problem}")

        _online(opened, metadata, dialect_options(connection.dialect) | options, look)


def _sentence(error: AhjoError) -> str:
    """All that the error says, for a program that shows one line of it."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    return " ".join(filter(None, (str(error), "; ".join(problems), error.hint)))


def _online(connection: SAConnection, metadata: MetaData, options: dict[str, Any], *look: Callable[..., None]) -> None:
    told = context.config.attributes.get("on_version_apply")
    watchers = [*look, *([told] if told is not None else [])]
    if watchers:
        options["on_version_apply"] = watchers
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        include_object=include_object,
        compare_type=True,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


def _offline(project: Project, metadata: MetaData, options: dict[str, Any]) -> None:
    url = project.dialect.url(project.settings, None, None)
    context.configure(url=url, target_metadata=metadata, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def _project(config: Config) -> Project:
    import os

    from ahjo_tasks.runtime.project import Project

    named = context.get_x_argument(as_dictionary=True).get("main_config") or os.environ.get("AHJO_CONFIG_PATH")
    if not named:
        raise ConfigError(
            "Alembic was not told which database to work on.",
            hint="Say it in front of the command: alembic -x main_config=dev.jsonc upgrade head",
        )
    directory = Path(str(config.config_file_name or "alembic.ini")).absolute().parent
    return Project(directory, Path(str(named)).absolute(), os.environ)


def include_object(_object: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Keep autogenerate from proposing to drop a table that no revision of the project creates."""
    if kind != "table" or not reflected or compare_to is not None:
        return True
    return name in created_tables(Path(context.script.dir))


@cache
def created_tables(directory: Path) -> frozenset[str]:
    """The tables that the revisions below `directory` create with `op.create_table`."""
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
