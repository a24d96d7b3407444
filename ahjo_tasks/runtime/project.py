"""A project with one config: its files, database, console and logs, each loaded at first use."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from pathlib import Path

    from alembic.script import ScriptDirectory

    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console, RunCounts
    from ahjo_tasks.console.logs import LogSinks
    from ahjo_tasks.console.reporter import Reporter
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.credentials import Credentials
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.engine.migrations import Migrations
    from ahjo_tasks.engine.recorder import RunRecord
    from ahjo_tasks.engine.stamp import Checkout, GitVersion
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.sql_file import FileText, SqlFile


T = TypeVar("T")


class Backend(Mapping[str, Any]):
    """The BACKEND section of the config, unknown keys included: a mapping whose keys are attributes, too.

    `backend["sqlalchemy.url"]`, `backend.my_key`, `backend.get("my_key", 1)`. A key that is called like a method of
    mappings is read by `[]` alone.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python looks for in any object, also before there are values
            raise AttributeError(name)
        if name not in self._values:
            suggestion = did_you_mean(name, map(str, self._values), inline=True)
            raise AttributeError(f"BACKEND has no key {name!r}{suggestion}")
        return self._values[name]

    def __repr__(self) -> str:
        """Return the keys: values may be secret."""
        return f"<BACKEND: {', '.join(map(str, self._values))}>"


def only_config(directory: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the config that is meant where none is named: the only one of the folder.

    An AHJO_CONFIG_PATH that is set and empty is a mistake of a script, which must not reach another database.
    """
    from ahjo_tasks.config.document import configs_in

    if "AHJO_CONFIG_PATH" in environ or not directory.is_dir():
        return None
    configs = configs_in(directory)
    return configs[0] if len(configs) == 1 else None


class SharedReading:
    """Files, their order and revisions, each read once for runs on many targets, which may be in several threads.

    A later change of the files is not seen.
    """

    def __init__(self) -> None:
        self.scripts: list[ScriptDirectory] = []
        self._kept: dict[Hashable, Any] = {}
        self._lock = RLock()

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made for the key, or make it."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            value: T = self._kept[key]
        return value


class Project:
    """The folder of a project and one config; `close` ends what it has opened."""

    def __init__(  # noqa: PLR0913 - the sources of a config, and who is told
        self,
        directory: Path,
        config_path: Path | None,
        environ: Mapping[str, str],
        counts: RunCounts | None = None,
        *,
        reporter: Reporter | None = None,
        overrides: Mapping[str, Any] | None = None,
        shared: SharedReading | None = None,
    ) -> None:
        """`reporter` is told in place of the terminal and the logs; `overrides` are keys of the config.

        `shared` is what runs on other targets have read already.
        """
        self.directory = directory
        self.config_path = config_path
        self.environ = environ
        self.config_is_implied = False
        """True if nothing names the config: it is the only one in the folder."""
        self.database_described = False
        """True if the facts of server and database are printed."""
        self.run_record: RunRecord | None = None
        """The record of this command line in the history of the database, once it has changed something."""
        self.shown_plan: str | None = None
        """The identity of the plan that the user has agreed to, until it is applied."""
        self.prepared_upgrade: Any = None
        """The upgrade that was planned last, a PreparedUpgrade, so that a question may name what it destroys."""
        self._counts = counts
        self._reporter = reporter
        self._overrides = overrides
        self._shared = shared
        self.is_stopped: Callable[[], bool] = lambda: False
        """Returns whether the caller has asked the run to stop."""
        self.expects_new_database = False
        """True if the database would be a new one: a dry run has planned `init`."""

    @property
    def has_config(self) -> bool:
        """True if a config is named, by flag, namespace or environment."""
        return self.config_path is not None

    @property
    def config_name(self) -> str:
        """The name of the config file, for messages."""
        return self.config_path.name if self.config_path else "the config"

    @property
    def config_flag(self) -> str:
        """The flag that names the config in a command, by its path from the project's folder; empty without one."""
        path, folder = self.config_path, self.directory
        if path is None:
            return ""
        return f"--config {shlex.quote(str(path.relative_to(folder) if path.is_relative_to(folder) else path))}"

    @cached_property
    def effective_config(self) -> LoadedConfig:
        """The config, of which nothing is shown yet. Raises ConfigError with all its problems."""
        from ahjo_tasks.config.loader import load
        from ahjo_tasks.database.dialects import is_file_based

        return load(
            self.config_path,
            environ=self.environ,
            is_file_based=is_file_based,
            folder=self.directory,
            overrides=self._overrides,
        )

    @cached_property
    def loaded(self) -> LoadedConfig:
        """The config with the origin of each value, its warnings shown. Raises ConfigError with all its problems."""
        from ahjo_tasks.config.loader import secrets_of

        loaded = self.effective_config
        if self._reporter is None and not loaded.settings.color_console_logging:
            self.console.colored = False
        if self.config_is_implied:
            self.reporter.aside(f"Config: {self.config_name}, the only one in {self.directory}")
        for secret in secrets_of(loaded):
            self.reporter.hide(secret)
        self.reporter.keep(loaded.origins)
        for warning in loaded.warnings:
            self.reporter.warning(warning)
        if self._reporter is None:
            self._logs.configure(loaded.settings, lambda: self.database, self._git_version, self.console.masked)
        return loaded

    @property
    def settings(self) -> Settings:
        """The validated config."""
        return self.loaded.settings

    @cached_property
    def backend(self) -> Backend:
        """The BACKEND section, unknown keys included."""
        return Backend(self.loaded.backend)

    @cached_property
    def console(self) -> Console:
        """The console; it logs to `ahjo.log` in the project's folder once a config is named."""
        from ahjo_tasks.console import Console

        return Console(self._logs, counts=self._counts) if self.has_config else Console(counts=self._counts)

    @property
    def reporter(self) -> Reporter | Console:
        """The receiver of notes and warnings: the console, unless another one was given."""
        return self._reporter or self.console

    @cached_property
    def _logs(self) -> LogSinks:
        from ahjo_tasks.console.logs import LogSinks

        return LogSinks(self.directory, self._warn)

    def _warn(self, problem: str) -> None:
        self.console.warning(problem)  # the console needs the logs first

    def _git_version(self) -> GitVersion:
        from ahjo_tasks.engine.stamp import project_version

        return project_version(self.directory, repository=self.settings.url_of_remote_git_repository)

    @cached_property
    def checkout(self) -> Checkout:
        """The version of the project's folder."""
        from ahjo_tasks.engine.stamp import Checkout

        settings = self.settings
        key = ("checkout", settings.url_of_remote_git_repository, settings.git_version_info_path)
        return self.once(key, lambda: Checkout.of(settings, self.directory))

    @cached_property
    def migrations(self) -> Migrations:
        """The project's Alembic revisions."""
        from ahjo_tasks.engine.migrations import Migrations

        scripts = self._shared.scripts if self._shared is not None else None
        return Migrations(self.files.alembic_ini, self.settings, self.config_path, scripts)

    def read_revisions_again(self) -> None:
        """Forget the revisions that were read, for their files may have changed."""
        self.__dict__.pop("migrations", None)

    @cached_property
    def files(self) -> ProjectFiles:
        """The project's folder, read as files."""
        return self._files(self.dialect.file_database(self.settings))

    def files_in(self, directory: Path) -> ProjectFiles:
        """Return the files of another state of the project, in a folder of its own."""
        return self._files(self.dialect.file_database(self.settings), directory)

    def _files(self, database: str | None, directory: Path | None = None) -> ProjectFiles:
        from ahjo_tasks.project.files import ProjectFiles

        return ProjectFiles(directory or self.directory, self.dialect, self.settings.sqlcmd_directives, database)

    def object_files(self) -> list[SqlFile]:
        """Read the SQL files that create objects, with the variables of the config."""
        if self._shared is None:
            return self._read_objects(self.files)
        files = self.once("objects", lambda: self._read_objects(self._files(None)))
        return self._read_objects(self.files) if self._is_named_in(files) else files

    def object_texts(self) -> list[FileText]:
        """Read the texts of these files alone."""
        from ahjo_tasks.project.kinds import OBJECTS

        return self.files.read_texts(OBJECTS, self.settings.scripting_variables)

    def _read_objects(self, files: ProjectFiles) -> list[SqlFile]:
        from ahjo_tasks.project.kinds import OBJECTS

        if self._shared is not None:
            self._hash_when_read()
        return files.read(OBJECTS, self.settings.scripting_variables)

    def _is_named_in(self, files: Sequence[SqlFile]) -> bool:
        """Test whether a text may name this target's database, by which names in it mean something else."""
        texts = self.once("texts", lambda: "\n".join(file.text.lower() for file in files))
        return (self.dialect.file_database(self.settings) or "\n\n").lower() in texts

    @property
    def shares_objects(self) -> bool:
        """True if the files of objects are those of other targets, too."""
        return self._shared is not None and not self._is_named_in(self.object_files())

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made for the key on this or another target with equal settings for files, or make it."""
        if self._shared is None:
            return make()
        from ahjo_tasks.engine.unchanged import SETTINGS

        settings = self.settings
        read = (self.dialect.name, settings.scripting_variables, *(getattr(settings, name) for name in SETTINGS))
        return self._shared.once((repr(read), key), make)

    def hash_inputs(self, conceal: Callable[[str], str]) -> str:
        """Return a hash of all that a deploy reads; empty where not all of it is known, or it has changed since."""
        from ahjo_tasks.engine.unchanged import hash_inputs

        if self._shared is None:
            return hash_inputs(self.files, self.settings, conceal)
        read = self._hash_when_read()

        def checked() -> str:
            found = hash_inputs(self.files, self.settings, conceal)
            return found if hash_inputs(self.files, self.settings, str) == read else ""

        return self.once(("inputs", self.reporter.secrets), checked)

    def hash_revisions(self, conceal: Callable[[str], str]) -> str:
        """Return a hash of the files of all revisions; empty where not all of it is known, or a secret is in one."""
        from ahjo_tasks.engine.unchanged import hash_revisions

        return self.once(("revisions", self.reporter.secrets), lambda: hash_revisions(self.files, conceal))

    def _hash_when_read(self) -> str:
        """Return a hash of all that runs on many targets share, made before the first of it was read."""
        from ahjo_tasks.engine.unchanged import hash_inputs

        return self.once("read", lambda: hash_inputs(self.files, self.settings, str))

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

        return Credentials(
            self.settings,
            self.directory,
            self.reporter,
            needs_login=self.dialect.needs_login,
            driver_password=self.dialect.driver_password(self.environ),
        )

    @cached_property
    def database(self) -> Database:
        """The target database; it connects when it is first used."""
        from ahjo_tasks.database.database import Database

        database = Database(
            self.settings,
            self.dialect,
            self.credentials,
            self.directory,
            self.reporter,
            missing=self.expects_new_database,
        )
        database.cover = self.reporter.covered
        database.describe_run = self._describe_run
        database.stop_when(self.is_stopped)
        return database

    def _describe_run(self, connection: Connection) -> str:
        from ahjo_tasks.errors import StatementError
        from ahjo_tasks.history.store import run_with_lock

        try:
            holder = connection.dialect.lock_holder(connection, self.database.lock_purpose)
            run = run_with_lock(connection, self.settings, holder)
        except StatementError:
            return ""
        return f" Its run {run.run_id} began at {run.started:%Y-%m-%d %H:%M:%S} UTC." if run is not None else ""

    @property
    def database_name(self) -> str:
        """The name of the target database."""
        return self.dialect.database_name(self.settings)

    @property
    def target(self) -> str:
        """Server and database, as shown to the user and compared for confirmation."""
        return self.dialect.display_target(self.settings)

    def expect_new_database(self) -> None:
        """Have the rest of a dry run plan for the empty database that `init` would create."""
        self.close(keep=False)
        self.expects_new_database = True

    @property
    def opened(self) -> Database | None:
        """The database, when it has been used already."""
        return self.__dict__.get("database")

    def flush_logs(self) -> None:
        """Write the records that the logs have collected."""
        if self.has_config and self._reporter is None:
            self._logs.flush()

    def close(self, *, keep: bool) -> None:
        """Close the connection; `keep` commits a transaction that the whole action shares, else it is rolled back."""
        database = self.__dict__.pop("database", None)
        if database is not None:
            database.close(keep=keep)
