"""Render pending revisions as SQL, by the project's env.py in Alembic's offline mode, and find what they destroy."""

from __future__ import annotations

import ast
from contextlib import contextmanager, redirect_stdout
from functools import partial, wraps
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.migrations import HEADS, exclusive_alembic
from ahjo_tasks.errors import AhjoError, SourceError
from ahjo_tasks.sql.losses import find_losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from alembic.runtime.migration import RevisionStep
    from alembic.script import Script

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.engine.migrations import Migrations

OPERATIONS = {"drop_table": "DROP TABLE", "drop_column": "DROP COLUMN", "drop_index": "DROP INDEX"}
"""Alembic's operations that destroy something."""


class OfflineSql:
    """The SQL of pending revisions, without a connection.

    `texts` are what each revision's `upgrade` does; `scripts` have what Alembic writes around it as well, such as its
    version table. A revision that reads the database, or an env.py without an offline mode, has neither.
    """

    def __init__(self, migrations: Migrations, current: Sequence[str], dialect: Dialect) -> None:
        self._migrations = migrations
        self._heads = set(current)
        self.texts: dict[str, str] = {}
        self.scripts: dict[str, str] = {}
        if self._has_offline_mode():
            migrations.set_url(dialect.url(migrations.settings, None, None))  # nobody connects
            while self._render_more():
                pass

    def _has_offline_mode(self) -> bool:
        """Test by its text that env.py does not connect: what has no offline mode would migrate."""
        try:
            text = Path(self._migrations.script.env_py_location).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return "alembic_env" in text or "is_offline_mode" in text

    def _render_more(self) -> bool:
        """Render up to the first revision that cannot be; return whether others follow after it."""
        refused: list[Script] = []
        try:
            self._render(refused)
        except Exception:  # noqa: BLE001 - whatever a revision raises without a database, its source is shown
            if not refused:
                return False
            down = refused[0]._versioned_down_revisions  # noqa: SLF001 - one or several, as a tuple
            self._heads = self._heads - set(down) | {refused[0].revision}
            return True
        return False

    def _render(self, running: list[Script]) -> None:
        from alembic.runtime.environment import EnvironmentContext

        migrations, buffer = self._migrations, StringIO()

        def steps(heads: Any, _context: Any) -> Iterator[RevisionStep]:
            for step in migrations.script._upgrade_revs(HEADS, heads):  # noqa: SLF001 - as Alembic's commands
                start = buffer.tell()
                running[:] = [step.revision]
                step.migration_fn = self._noting(step, buffer)
                yield step
                self.scripts[step.revision.revision] = buffer.getvalue()[start:].strip()
                self._heads = self._heads - set(step.revision._versioned_down_revisions)  # noqa: SLF001 - as above
                self._heads |= {step.revision.revision}
                running.clear()

        start = tuple(sorted(self._heads)) or None
        with self._configured(buffer), redirect_stdout(StringIO()):
            config = migrations.config
            values: dict[str, Any] = {"starting_rev": start, "destination_rev": HEADS}
            environment = EnvironmentContext(config, migrations.script, fn=steps, as_sql=True, **values)
            vars(environment)["configure"] = partial(_configure, environment.configure)
            with environment:
                migrations.script.run_env()

    def _noting(self, step: RevisionStep, buffer: StringIO) -> Callable[..., None]:
        """Return the function of a revision, which notes what it writes."""
        function, name = step.migration_fn, step.revision.revision

        @wraps(function)
        def noting(**values: Any) -> None:
            start = buffer.tell()
            function(**values)
            self.texts[name] = buffer.getvalue()[start:].strip()

        return noting

    @contextmanager
    def _configured(self, buffer: StringIO) -> Iterator[None]:
        """Have Alembic's config write to the buffer, and have env.py find no connection."""
        config = self._migrations.config
        attributes, output = dict(config.attributes), config.output_buffer
        config.attributes.clear()
        config.attributes["connect"] = _refuse
        config.output_buffer = buffer
        try:
            with exclusive_alembic():
                yield
        finally:
            config.attributes.clear()
            config.attributes.update(attributes)
            config.output_buffer = output


def _configure(configure: Callable[..., None], *values: Any, **options: Any) -> None:
    """Have a % of the SQL be one: where a driver's parameters are %s, it would be doubled."""
    given = options.pop("dialect_opts", None) or {}
    configure(*values, dialect_opts={"paramstyle": "named", **given}, **options)


def _refuse() -> None:
    """Refuse to connect while a plan is made."""
    raise AhjoError("A plan renders revisions without a connection.")


def losses_of_sql(text: str, dialect: Dialect) -> list[str]:
    """Return what a script of SQL destroys; a text that cannot be split is read as one statement."""
    splitter = dialect.statement_splitter or dialect.splitter
    try:
        statements = [batch.text for batch in splitter.split(text)]
    except SourceError:
        statements = [text]
    return find_losses(statements, dialect.syntax)


def losses_of_source(source: str, direction: str, dialect: Dialect) -> list[str]:
    """Return what `upgrade` or `downgrade` of a revision destroys, as far as its calls with plain strings tell."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == direction]
    calls = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Call)]
    found: list[str] = []
    for call in calls:
        operation = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        names = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if operation in OPERATIONS:
            found.append(f"{OPERATIONS[operation]} {'.'.join(names) or 'by an expression'}")
        elif names:  # op.execute("..."), also through sa.text("...")
            found += losses_of_sql(names[0], dialect)
    return list(dict.fromkeys(found))
