"""A project on one database, run through the front door in this process: no start of Python for every command."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from invoke.program import Program
from projects import Outcome, RunningProject, _clean_environment, make_project

from ahjo_tasks import namespace
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from targets import Target

    from ahjo_tasks.database.connection import Connection


@dataclass(frozen=True)
class Deployed(RunningProject):
    """A project with the database that its `dev.json` names."""

    target: Target
    backend: dict[str, Any]

    @property
    def database(self) -> str:
        return str(self.backend["target_database_name"])

    def here(self, *arguments: str, config: str = "dev.json", **environ: str) -> Outcome:
        """`inv ARGUMENTS --config dev.json`, confirmed beforehand, in this process."""
        out, err = StringIO(), StringIO()
        program = Program(namespace=namespace(directory=self.directory))
        command = ["inv", *arguments, "--config", str(self.directory / config)]
        variables = {"AHJO_NON_INTERACTIVE": "1", "GIT_CEILING_DIRECTORIES": str(self.directory.parent), **environ}
        with patch.dict(os.environ, variables), redirect_stdout(out), redirect_stderr(err):
            try:
                program.run(command)
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                self._close_log()
        return Outcome(code, out.getvalue(), err.getvalue())

    @contextmanager
    def started(self, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """The same in a process of its own, which does not outlive the block."""
        process = subprocess.Popen(
            [sys.executable, "-m", "invoke", *arguments, "--config", "dev.json"],
            cwd=self.directory,
            env={**_clean_environment(), "AHJO_NON_INTERACTIVE": "1", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _close_log(self) -> None:
        """Elsewhere the end of the process does it."""
        for handler in [found() for found in logging._handlerList]:
            if getattr(handler, "baseFilename", "") == str(self.directory / "ahjo.log"):
                handler.close()

    def succeed(self, *arguments: str, **options: Any) -> Outcome:
        """As `here`, and it must."""
        done = self.here(*arguments, **options)
        assert done.code == 0, done.text
        return done

    def fail(self, *arguments: str, code: int = 1, **options: Any) -> Outcome:
        """As `here`, but it must fail with this code, and with words for a user."""
        done = self.here(*arguments, **options)
        assert done.code == code, done.text
        for unkind in ("Traceback", "run again with --debug"):
            assert unkind not in done.text, done.text
        return done

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection as actions get it, without an action."""
        project = Project(self.directory, self.directory / "dev.json", {})
        try:
            yield project.database.connection
        finally:
            project.close(keep=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the deploy lock, as another run does."""
        project = Project(self.directory, self.directory / "dev.json", {})
        try:
            with project.database.locked_connection():
                yield
        finally:
            project.close(keep=False)

    def reconfigure(self, **extra: object) -> None:
        self.backend.update(extra)
        self.configure(self.backend)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query of this project's database gives, past the code under test."""
        return self.target.query(sql, self.database)

    @property
    def product(self) -> str:
        """The name of a server of MySQL's dialect."""
        return "MariaDB" if "MariaDB" in str(self.rows("SELECT VERSION()")) else "MySQL"

    def by_hand(self, *statements: str) -> None:
        """Do something in the database past this tool."""
        with self.target.connect(self.database) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()

    def refusal(self, *statements: str) -> str:
        """Try statements on SQL Server, of which nothing is left; return the error of one that the server refuses."""
        with self.target.connect(self.database) as connection:
            cursor = connection.cursor()
            try:
                for statement in ("BEGIN TRANSACTION", *statements):
                    cursor.execute(statement)
            except connection_errors(connection) as error:
                return str(error)
            finally:
                cursor.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
        return ""

    def view(self, name: str, query: str, folder: str = "database/views") -> None:
        """Write the file of a view, as the database wants it to be written so that it can run again."""
        heads = {
            "sqlite": "DROP VIEW IF EXISTS {0}; CREATE VIEW {0}",
            "mssql": "DROP VIEW IF EXISTS dbo.{0};\nGO\nCREATE VIEW dbo.{0}",
        }
        head = heads.get(self.target.name, "CREATE OR REPLACE VIEW {0}").format(name)
        self.write(f"{folder}/{name}.sql", f"{head} AS {query};\n")

    def has(self, table: str) -> bool:
        """Whether the table or view can be read."""
        with self.target.connect(self.database) as connection:
            try:
                connection.cursor().execute(f"SELECT 1 FROM {table} WHERE 1 = 0")
            except connection_errors(connection):
                return False
        return True


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for it; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def connection_errors(connection: Any) -> type[Exception]:
    """The base of the driver's errors."""
    module: Any = sys.modules[type(connection).__module__.partition(".")[0]]
    error: type[Exception] = module.Error
    return error


def deployed(target: Target, directory: Path, *, create: bool = True, **extra: object) -> Deployed:
    """A project without a file in it, whose database is there and empty."""
    backend = target.backend(connect_retry_interval=0, connect_retry_count=2, lock_timeout=5, **extra)
    if create:
        backend["target_database_name"] = target.create_database()
    project = make_project(directory, backend)
    return Deployed(project.directory, target, backend)
