"""One project with one config: what an action works in."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.console import Console, Tally
from ahjo_tasks.database.database import Database
from ahjo_tasks.errors import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import SimpleNamespace

    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console.logs import LogSinks
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.credentials import Credentials
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.engine.migrations import Migrations
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.git import GitVersion


class MissingDatabase(Database):
    """Knows the database's name and login, and says of the database that it does not exist."""

    @property
    def connection(self) -> Connection:
        """Raise ConnectionFailedError, as for a database that is missing."""
        raise ConnectionFailedError(f"{self.name}: the dry run did not create it.", missing_database=True)


class Project:
    """Loads the config when it is first asked for, connects when it is first needed, and closes both."""

    def __init__(
        self, directory: Path, config_path: Path | None, environ: Mapping[str, str], tally: Tally | None = None
    ) -> None:
        self.directory = directory
        self.config_path = config_path
        self.environ = environ
        self.informed = False
        self.tally = tally or Tally()
        self.unborn = False
        """Whether the database would be a new one: a dry run has come past `init`."""

    @property
    def has_config(self) -> bool:
        """Whether a config was named, by flag, namespace or environment."""
        return self.config_path is not None

    @property
    def config_name(self) -> str:
        """The config as the user knows it."""
        return self.config_path.name if self.config_path else "the config"

    @cached_property
    def loaded(self) -> LoadedConfig:
        """The config with its origins. Raises ConfigError with all its mistakes."""
        from ahjo_tasks.config.loader import load, secrets_of

        loaded = load(self.config_path, environ=self.environ)
        if not loaded.settings.color_console_logging:
            self.console.colored = False
        for secret in secrets_of(loaded):
            self.console.hide(secret)
        for warning in loaded.warnings:
            self.console.warning(warning)
        self._logs.configure(loaded.settings, lambda: self.database, self._git_version)
        return loaded

    @property
    def settings(self) -> Settings:
        """The validated config."""
        return self.loaded.settings

    @cached_property
    def backend(self) -> SimpleNamespace:
        """The BACKEND section with unknown keys, as attributes."""
        from types import SimpleNamespace

        return SimpleNamespace(**self.loaded.backend)

    @cached_property
    def console(self) -> Console:
        """The console; it logs to `ahjo.log` in the project's folder once a config is named."""
        return Console(self._logs, tally=self.tally) if self.has_config else Console(tally=self.tally)

    @cached_property
    def _logs(self) -> LogSinks:
        from ahjo_tasks.console.logs import LogSinks

        return LogSinks(self.directory, self._complain)

    def _git_version(self) -> GitVersion:
        from ahjo_tasks.project.git import version

        return version(self.directory, repository=self.settings.url_of_remote_git_repository)

    def _complain(self, text: str) -> None:
        self.console.warning(text)

    @cached_property
    def migrations(self) -> Migrations:
        """The project's Alembic revisions."""
        from ahjo_tasks.engine.migrations import Migrations

        return Migrations(self.files.alembic_ini, self.settings, self.config_path)

    @cached_property
    def files(self) -> ProjectFiles:
        """The project's folder, read as files."""
        from ahjo_tasks.project.files import ProjectFiles

        return ProjectFiles(self.directory, self.dialect, self.settings.sqlcmd_directives)

    @cached_property
    def dialect(self) -> Dialect:
        """The database's dialect, by the config's `sql_dialect` or URL."""
        from ahjo_tasks.database.dialects import dialect_for

        return dialect_for(self.settings)

    def require_support(self, supported: object, feature: str) -> None:
        """Raise UsageError for an action or setting of which the dialect says that its database has nothing like it."""
        from ahjo_tasks.errors import UsageError

        if not supported:
            raise UsageError(f"{feature} is not supported on {self.dialect.title}.")

    @cached_property
    def credentials(self) -> Credentials:
        """User name and password, asked for once in a run."""
        from ahjo_tasks.database.credentials import Credentials

        return Credentials(self.settings, self.directory, self.console, needs_login=self.dialect.needs_login)

    @cached_property
    def database(self) -> Database:
        """The way to the database; connects when it is first used."""
        from ahjo_tasks.database.database import Database

        kind = MissingDatabase if self.unborn else Database
        return kind(self.settings, self.dialect, self.credentials, self.directory, self.console)

    @property
    def database_name(self) -> str:
        """The name of the target database."""
        return self.dialect.database_name(self.settings)

    @property
    def target(self) -> str:
        """Server and database, as shown to the user and compared for consent."""
        return self.dialect.display_target(self.settings)

    def expect_new_database(self) -> None:
        """Have the rest of a dry run plan for the empty database that `init` would leave."""
        self.close(keep=False)
        self.unborn = True

    @property
    def opened(self) -> Database | None:
        """The session, when there is one already."""
        return self.__dict__.get("database")

    def flush_logs(self) -> None:
        """Write what the logs have kept back; said and tried once when they cannot."""
        if self.has_config:
            self._logs.flush()

    def close(self, *, keep: bool) -> None:
        """Close the connection; `keep` commits a transaction that the whole action shares, else it is rolled back."""
        database = self.__dict__.pop("database", None)
        if database is not None:
            database.close(keep=keep)
