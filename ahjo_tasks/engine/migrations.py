"""Find Alembic's pending revisions, and run them on our own connection."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from threading import RLock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.migration_errors import MigrationProgress, error_position, error_text
from ahjo_tasks.engine.migration_session import MigrationSession
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.engine.recreate_dependents import DeployedFiles
from ahjo_tasks.errors import AhjoError, DeployError, SourceError
from ahjo_tasks.history.store import HistoryStore
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.files import alembic_toml
from ahjo_tasks.sql.definitions import Definition, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy.engine import URL
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect, Identity
    from ahjo_tasks.errors import StatementError
    from ahjo_tasks.history.store import Run
    from ahjo_tasks.project.sql_file import SqlFile

USE_OUR_ENV = "Have env.py run on the config's connection: from ahjo_tasks import alembic_env; alembic_env.run()."
CHECKOUT = "Deploy from a checkout that has it: switch to its branch, or merge that."
OTHER_PROJECT = "It is of the project {}, in the same database: give this one an alembic_version_table of its own."
BASE = "base"
HEADS = "heads"
ALEMBIC = RLock()
"""Held while Alembic runs an env.py or reads revision files.

Its `op` and `context` are proxies of the whole process: of two threads that migrate at once, one would work on the
database of the other.
"""
LEAVES_TRANSACTION = re.compile(r"\bADD\s+VALUE\b|\bCONCURRENTLY\b|\bCOMMIT\b", re.IGNORECASE)
"""SQL of revisions that are not run in one transaction with others; to find too much does no harm."""
LEAVING_CALLS = {
    "autocommit_block": "autocommit_block",
    "commit": "commit()",
    "executescript": "executescript()",
    "rollback": "rollback()",
}
"""Methods that end a transaction, and how they are named; sqlite3's executescript commits before it runs."""


@contextmanager
def exclusive_alembic() -> Iterator[None]:
    """Hold ALEMBIC, without Alembic's warning of a missing revision: our error says it, with the file.

    Two files of one revision raise UserWarning: Alembic would go on with one of them.
    """
    with ALEMBIC, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Revision .* is not present")
        warnings.filterwarnings("error", "Revision .* is present more than once")
        yield


PACKAGE = re.compile(r"[A-Za-z_][\w.]+:[^:]+")
"""A `script_location` in a package: `package:folder`."""


class Migrations:
    """The Alembic revisions of a project. Methods raise SourceError for unreadable scripts and for several heads."""

    def __init__(
        self, ini: Path, settings: Settings, config_path: Path | None, scripts: list[ScriptDirectory] | None = None
    ) -> None:
        """`scripts` holds the revisions that were read for another target, or takes them for the next one."""
        self.ini = ini
        self.settings = settings
        self.config_path = config_path
        self._scripts = scripts if scripts is not None else []

    @property
    def present(self) -> bool:
        """True if the project has an alembic.ini, or Alembic's table in its pyproject.toml."""
        return self.ini.is_file() or alembic_toml(self.ini.parent) is not None

    @cached_property
    def config(self) -> Config:
        """Alembic's config, with the project's config as its `-x main_config`."""
        from alembic.config import Config

        options = Namespace(x=[f"main_config={self.config_path}"])
        config = Config(str(self.ini), toml_file=alembic_toml(self.ini.parent), cmd_opts=options)
        config.set_main_option("here", str(self.ini.parent).replace("%", "%%"))
        location = str(config.get_alembic_option("script_location") or "alembic")
        if PACKAGE.fullmatch(location):
            entries: Any = config.get_alembic_option("prepend_sys_path") or ""
            self._extend_path(entries if isinstance(entries, list) else re.split(r"[\s,:;]+", entries))
        else:
            config.set_main_option("script_location", str(self.ini.parent / location).replace("%", "%%"))
        return config

    def _extend_path(self, entries: Sequence[str]) -> None:
        """Have Python find the package of the scripts, as Alembic does where it is run beside alembic.ini."""
        folder = str(self.ini.parent)
        if not {".", folder}.isdisjoint(entries) and folder not in sys.path:
            sys.path.insert(0, folder)

    @cached_property
    def script(self) -> ScriptDirectory:
        """Alembic's view of the revision files."""
        from alembic.script import ScriptDirectory

        with self._source_errors():
            if not self._scripts:
                self.refuse_missing_folder()
                self._scripts.append(ScriptDirectory.from_config(self.config))
            return self._scripts[0]

    def refuse_missing_folder(self) -> None:
        """Raise SourceError where `script_location` is no folder; of a package Alembic's own error tells."""
        location = str(self.config.get_alembic_option("script_location"))
        if not PACKAGE.fullmatch(location) and not Path(location).is_dir():
            raise SourceError(
                f"script_location: there is no folder {Path(location).name}",
                path=self.ini,
                hint="Correct script_location, restore the folder, or remove alembic.ini if there are no migrations.",
            )

    @cached_property
    def uses_connection(self) -> bool:
        """True if env.py runs on the connection that it is given, as far as its text tells."""
        return takes_connection(source_of(self.script.env_py_location))

    def current(self, connection: Connection | None) -> tuple[str, ...]:
        """The revisions recorded in the database; empty for none, and without a connection."""
        if connection is None:
            return ()
        from alembic.runtime.migration import MigrationContext

        options = version_options(self.settings, connection.dialect)
        with connection.sqlalchemy_connection() as sa_connection:
            return tuple(MigrationContext.configure(sa_connection, opts=options).get_current_heads())

    def stamp(self, connection: Connection) -> None:
        """Record all revisions as applied, without running them. Raises SourceError."""
        from alembic.runtime.migration import MigrationContext

        ensure_version_schema(connection, self.settings)
        with self._source_errors(), connection.sqlalchemy_transaction() as sa_connection:
            options = version_options(self.settings, connection.dialect)
            MigrationContext.configure(sa_connection, opts=options).stamp(self.script, HEADS)

    def pending(self, current: tuple[str, ...]) -> list[Script]:
        """The revisions after `current`, oldest first."""
        with self._source_errors():
            self._refuse_diverged_heads()
            find: Any = self.script._upgrade_revs  # noqa: SLF001 - as Alembic's commands
            return [step.revision for step in find(HEADS, current)]

    def texts(self) -> list[str]:
        """Return the texts of all revisions."""
        if not self.present:
            return []
        with self._source_errors():
            return [source_of(script.path) for script in self.script.walk_revisions()]

    def refuse_unknown(self, current: tuple[str, ...], connection: Connection | None) -> None:
        """Raise SourceError where the database is at a revision that no file has; say who brought it there."""
        with self._source_errors():
            known = {script.revision for script in self.script.walk_revisions()} if current else set()
        unknown = [revision for revision in current if revision not in known]
        if connection is None or not unknown:
            return
        name = unknown[0]
        store = HistoryStore(connection, self.settings)
        story = store.story(name, of_all=True) if store.exists() else []
        run = next((run for run, step in story if (step.kind, step.status) == ("migration", "ok")), None)
        raise SourceError(
            f"the database is at revision {name}, which no file of this checkout has. {_who_brought(run)}",
            path=self.ini,
            hint=CHECKOUT if run is None or run.project == store.project else OTHER_PROJECT.format(run.project),
        )

    def _refuse_diverged_heads(self) -> None:
        """Raise SourceError for heads that no label of a branch tells apart."""
        heads = self.script.get_revisions(HEADS)
        labels = [label for head in heads for label in (head.branch_labels or {""})]
        if len(heads) > 1 and len(labels) != len(set(labels)):
            names = [head.revision for head in heads]
            raise SourceError(
                f"there are {len(heads)} heads: {', '.join(names)}",
                path=self.ini,
                hint=f"Join them: alembic merge -m 'merge' {' '.join(names)}. Separate branches need branch_labels.",
            )

    def applied(self, current: tuple[str, ...]) -> list[Script]:
        """The revisions up to `current`, newest first."""
        with self._source_errors():
            return list(self.script.iterate_revisions(current, BASE)) if current else []

    def run(
        self,
        connection: Connection,
        destination: str,
        *,
        down: bool = False,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """Migrate to `destination` on the connection, by the project's own env.py. Raises DeployError.

        `prepare` is called before it, in its transaction where there is one around all migrations.
        """

        def revisions(current: Any, context: MigrationContext) -> Any:
            self._refuse_other_target(context, connection, own)
            find = self.script._downgrade_revs if down else self.script._upgrade_revs  # noqa: SLF001 - as Alembic's commands
            return find(destination, current)

        ensure_version_schema(connection, self.settings)
        own = None if self.uses_connection else connection.dialect.database_identity(connection)
        with connection.dialect.around_migrations(connection) as check, connection.undone_on_error():
            session = MigrationSession(connection, self.settings)
            progress = MigrationProgress(self.ini.parent, connection, session, check, down=down)
            prepare()
            with session.watch() as sa_connection, progress:
                self.set_url(sa_connection.engine.url)
                options = version_options(self.settings, connection.dialect) | dialect_options(connection.dialect)
                given = {"connection": sa_connection, "options": options, "on_version_apply": progress.on_version_apply}
                self._run_env(given, session.restoring(revisions), destination)
        if not progress.applied:
            self.check_arrived(connection, down=down)

    def _run_env(self, given: dict[str, Any], find_steps: Callable[..., Any], destination: str) -> None:
        """Run env.py, which finds what it is given in the attributes of Alembic's config."""
        from alembic.runtime.environment import EnvironmentContext

        self.config.attributes |= given
        with ALEMBIC, EnvironmentContext(self.config, self.script, fn=find_steps, destination_rev=destination):
            self.script.run_env()

    def set_url(self, url: URL) -> None:
        """Have an env.py that connects by itself, as `alembic init` writes it, go to the config's database."""
        self.config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False).replace("%", "%%"))

    def check_arrived(self, connection: Connection, *, down: bool = False) -> None:
        """Raise DeployError if revisions are still to be applied, or undone: env.py migrated another database."""
        current = self.current(connection)
        if current if down else self.pending(current):
            raise self.not_arrived(connection)

    def not_arrived(self, connection: Connection) -> DeployError:
        """Return the error for an env.py that migrated another database."""
        current = self.current(connection)
        return DeployError(
            f"It did not bring {connection.database_name}, the database of the config, to the revision: that is at"
            f" {', '.join(current) or 'none'}. If env.py connects by itself, it migrated the database of its own URL.",
            path=self._env_py,
            hint=USE_OUR_ENV,
        )

    @property
    def _env_py(self) -> Path:
        return Path(self.script.env_py_location)

    def _refuse_other_target(self, context: MigrationContext, connection: Connection, own: Identity | None) -> None:
        """Raise DeployError where env.py is about to migrate another database, or records revisions elsewhere.

        `own` is the identity of the config's database, where env.py connects by itself.
        """
        sa_connection = context.connection
        if own is not None and sa_connection is not None and _identity(sa_connection, connection.dialect) != own:
            raise DeployError(
                f"It connects to {sa_connection.engine.url.render_as_string()}, not to {connection.database_name},"
                " the database of the config.",
                path=self._env_py,
                hint=USE_OUR_ENV,
            )
        used = _version_table(context.version_table, context.version_table_schema, connection)
        options = version_options(self.settings, connection.dialect)
        wanted = _version_table(options["version_table"], options["version_table_schema"], connection)
        if used != wanted:
            schema = f" and alembic_version_table_schema: {used.schema}" if used.schema != wanted.schema else ""
            raise DeployError(
                f"It records revisions in the table {used}, and the config has {wanted}.",
                path=self._env_py,
                hint=f"Set alembic_version_table: {used.name}{schema} in the config. Or let the config decide: leave"
                " version_table out of env.py, and run it by ahjo_tasks.alembic_env.run().",
            )

    def duplicate_revision(self) -> SourceError | None:
        """Return the error for two files of one revision, of which Alembic only warns."""
        paths: dict[str, Path] = {}
        for script in self._files():
            path = Path(script.path)
            other = paths.setdefault(script.revision, path)
            if other != path:
                return SourceError(
                    f"revision {script.revision} is that of {other.name}, too",
                    path=path,
                    hint="Give one of them another id, and correct down_revision where it is meant.",
                )
        return None

    def circular_revisions(self, error: Exception) -> SourceError | None:
        """Return the error for revisions that follow each other in a circle."""
        cause: Any = error.__cause__
        if "Cycle" not in str(getattr(cause, "kind", "")):
            return None
        paths = {script.revision: Path(script.path) for script in self._files()}
        names = [f"{name} ({paths[name].name})" for name in cause.revisions]
        hint = "Correct down_revision or depends_on of one of them."
        return SourceError(f"circular dependency: {', '.join(names)}", path=paths[cause.revisions[0]], hint=hint)

    def _files(self) -> Iterable[Script]:
        return self.script._load_revisions()  # noqa: SLF001 - the files alone, without what they refer to

    def unknown_revision(self) -> SourceError | None:
        """Return the error for a `down_revision` that no file has, of which Alembic raises a KeyError."""
        scripts = list(self._files())
        known = {script.revision for script in scripts}
        for script in scripts:
            for missing in script._versioned_down_revisions:  # noqa: SLF001 - one or several, as a tuple
                if missing not in known:
                    path = Path(script.path)
                    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
                    line = next(
                        (number for number, text in enumerate(lines, 1) if missing in text and "=" in text), None
                    )
                    hint = "Restore the file of that revision, or correct down_revision."
                    return SourceError(
                        f"no revision is called {missing!r}, its down_revision", path=path, line=line, hint=hint
                    )
        return None

    @contextmanager
    def _source_errors(self) -> Iterator[None]:
        """Turn errors of Alembic and of the revision files into SourceError."""
        from alembic.util import CommandError

        try:
            with exclusive_alembic():
                yield
        except AhjoError:
            raise
        except KeyError as error:
            raise self.unknown_revision() or error from error
        except UserWarning as error:
            raise self.duplicate_revision() or error from error
        except CommandError as error:
            raise self.circular_revisions(error) or SourceError(str(error), path=self.ini) from error
        except Exception as error:
            raise SourceError(error_text(error), **error_position(error, self.ini.parent)) from error


def _who_brought(run: Run | None) -> str:
    """Say which run brought the database to a revision."""
    if run is None:
        return "The history does not say how it came there."
    commit = (
        run.git_commit and f", from commit {run.git_commit}{' with uncommitted changes' if run.uncommitted else ''}"
    )
    branch = run.git_branch and f" of branch {run.git_branch}"
    return f"Run {run.run_id} brought it there: {run.login or run.os_user} from {run.host}{commit}{branch}."


def _identity(sa_connection: SAConnection, dialect: Dialect) -> Identity | None:
    """Ask a connection of env.py's own which database it is connected to; None where the question fails there."""
    from sqlalchemy.exc import SQLAlchemyError

    asked: Any = SimpleNamespace(
        database_name=sa_connection.engine.url.database or "",
        query=lambda sql: sa_connection.exec_driver_sql(sql).fetchall(),
    )
    try:
        return dialect.database_identity(asked)
    except SQLAlchemyError:
        return None


def _version_table(name: str | None, schema: str | None, connection: Connection) -> Name:
    """Return the name of a version table, with the schema that it has if none is said."""
    dialect = connection.dialect
    usual = dialect.default_schema or connection.database_name
    return Name(None if (schema or usual) == usual else schema, str(name))


def version_options(settings: Settings, dialect: Dialect) -> dict[str, str | None]:
    """Name and schema of Alembic's version table, as arguments of Alembic's `configure`."""
    return {
        "version_table": settings.alembic_version_table,
        "version_table_schema": settings.alembic_version_table_schema or dialect.bookkeeping_schema,
    }


def ensure_version_schema(connection: Connection, settings: Settings) -> None:
    """Create the schema that the config names for Alembic's table, where it is missing."""
    schema = settings.alembic_version_table_schema
    if schema:
        with connection.sqlalchemy_transaction() as sa_connection:
            connection.dialect.ensure_schema(sa_connection, schema)


def dialect_options(dialect: Dialect) -> dict[str, bool]:
    """Options of Alembic's `configure` that follow from the database; used where migrations run, not in --sql."""
    return {"transactional_ddl": dialect.transactional_ddl, "render_as_batch": dialect.render_as_batch}


@cache
def leaves_transaction(source: str) -> str:
    """Name what in the source of a revision leaves the transaction that it runs in; empty for nothing.

    Calls and the texts that it passes on count, not comments and docstrings.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return "it cannot be read"
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in LEAVING_CALLS:
            return LEAVING_CALLS[node.attr]
        if isinstance(node, ast.keyword) and node.arg == "postgresql_concurrently":
            return node.arg
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            match = LEAVES_TRANSACTION.search(node.value)
            if match is not None:
                return " ".join(match[0].upper().split())
    return ""


@cache
def takes_connection(source: str) -> bool:
    """Return whether an env.py runs on the connection that it is given, as far as its source tells."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    read = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Subscript | ast.Call | ast.ImportFrom)}
    given = (text for text in read if re.search(r"attributes(\.get\(|\[)'connection'", text))
    return "alembic_env" in names or any("alembic_env" in text for text in read) or any(given)


def source_of(path: str) -> str:
    """Read a Python file; what cannot be read is left to Alembic's error."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


@dataclass(frozen=True)
class MigrationStep(Step):
    """All pending revisions, up to the head or down to the base."""

    migrations: Migrations
    revisions: tuple[Script, ...]
    down: bool = False
    files: Callable[[], Sequence[SqlFile]] = field(default=tuple, repr=False, compare=False)
    """Reads the files that create what may be in the way of a revision."""

    kind = "migration"
    transactional = False

    @property
    def label(self) -> str:
        """`a1b2 add orders`, or the number of revisions."""
        arrow = "down to base" if self.down else f"up to {self.revisions[-1].revision}"
        if len(self.revisions) == 1:
            return f"{self.revisions[0].revision} {self.revisions[0].doc}{' (down)' if self.down else ''}"
        return f"{len(self.revisions)} revisions {arrow}"

    @property
    def note(self) -> str:
        """The revisions, if there are several."""
        if len(self.revisions) == 1:
            return ""
        return ", ".join(f"{script.revision} {script.doc}" for script in self.revisions)

    @property
    def text(self) -> str:
        """The source of env.py and of the revisions."""
        return "\n".join(
            map(source_of, (self.migrations.script.env_py_location, *(script.path for script in self.revisions)))
        )

    @cached_property
    def alone(self) -> str:
        """The revision that leaves its transaction; nothing where env.py migrates on our connection and none does."""
        if not self.migrations.uses_connection:
            return "env.py connects by itself"
        reasons = ((script.revision, leaves_transaction(source_of(script.path))) for script in self.revisions)
        return next((f"{reason} in revision {name}" for name, reason in reasons if reason), "")

    def around_transaction(self, connection: Connection) -> AbstractContextManager[Callable[[], str]]:
        """Surround the transaction with what migrations need of the session."""
        return connection.dialect.around_migrations(connection)

    def run(self, connection: Connection) -> int:
        """Run the revisions, each in a transaction where the database allows it."""
        if connection.in_shared_transaction:
            self._refuse_blocks()
        with self._naming_lost_triggers(connection):
            self.migrations.run(connection, BASE if self.down else HEADS, down=self.down)
        return 0

    def _refuse_blocks(self) -> None:
        """Raise DeployError for a revision that Alembic would have to take out of the one transaction."""
        for script in self.revisions:
            if leaves_transaction(source_of(script.path)) == LEAVING_CALLS["autocommit_block"]:
                raise DeployError(
                    "It runs a block outside of a transaction, but transaction_mode begin_once makes one transaction of"
                    " the action.",
                    path=Path(script.path),
                    hint="Deploy this revision with context_connectable_type: engine.",
                )

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step that drops what uses the column or table and creates it again, where the server names it."""
        if self.down or error.server is None:
            return None
        from ahjo_tasks.engine.migrate_with_dependents import MigrateWithDependents

        deployed = DeployedFiles(lambda: ordered(self.files()))
        return MigrateWithDependents(self.label, self._migrate, deployed).fallback(error, connection, later)

    def _migrate(self, connection: Connection, prepare: Callable[[], None]) -> None:
        with self._naming_lost_triggers(connection):
            self.migrations.run(connection, HEADS, prepare=prepare)

    @contextmanager
    def _naming_lost_triggers(self, connection: Connection) -> Iterator[None]:
        """Warn of triggers that no file creates and that went with their table, of which there is a new one."""
        query = connection.dialect.table_triggers_sql
        before = connection.query(query) if query and not self.down else ()
        yield
        left = {row[0] for row in connection.query(query)} if before else set()
        lost = [row for row in before if row[0] not in left]
        created = {made.name.name.lower() for file in self.files() for made in file.definitions} if lost else set()
        for name, table, text in lost:
            if name.lower() not in created and connection.dialect.object_exists(
                connection, Definition("table", Name(None, table))
            ):
                connection.report(f"Warning: lost with its table, which was dropped, and created by no file: {text}")


def plan_upgrade(
    migrations: Migrations, connection: Connection | None, files: Callable[[], Sequence[SqlFile]] = tuple
) -> Plan:
    """Plan the pending revisions, up to the head. `files` reads the files whose views may be in their way."""
    if not migrations.present:
        return Plan((), ("No alembic.ini: the project has no migrations.",))
    current = migrations.current(connection)
    migrations.refuse_unknown(current, connection)
    pending = migrations.pending(current)
    return Plan((MigrationStep(migrations, tuple(pending), files=files),) if pending else ())


def plan_downgrade(migrations: Migrations, connection: Connection | None) -> Plan:
    """Plan to undo all revisions, down to the base."""
    if not migrations.present:
        return Plan((), ("No alembic.ini: the project has no migrations.",))
    current = migrations.current(connection)
    migrations.refuse_unknown(current, connection)
    applied = migrations.applied(current)
    return Plan((MigrationStep(migrations, tuple(applied), down=True),) if applied else ())
