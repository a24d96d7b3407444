"""The git version of a project: read it, and record it in the database, in a table of one row."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.database.catalog import read_table
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import ConfigError, NotPermittedError, StatementError
from ahjo_tasks.git import Git, GitError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect


INFO_FILE = "git_version.json"
LONGEST_ADDRESS = 200
LONGEST_COMMIT = 50
"""Characters of the column for the commit in the git table."""
CI_BRANCHES = (
    ("GITHUB_HEAD_REF", "GITHUB_SHA"),  # the branch of a pull request, whose GITHUB_REF_NAME is 12/merge
    ("GITHUB_REF_NAME", "GITHUB_SHA"),
    ("CI_COMMIT_REF_NAME", "CI_COMMIT_SHA"),
    ("BUILD_SOURCEBRANCH", "BUILD_SOURCEVERSION"),
    ("BUILD_SOURCEBRANCHNAME", "BUILD_SOURCEVERSION"),
    ("BITBUCKET_BRANCH", "BITBUCKET_COMMIT"),
    ("CIRCLE_BRANCH", "CIRCLE_SHA1"),
    ("BUILDKITE_BRANCH", "BUILDKITE_COMMIT"),
    ("BRANCH_NAME", "GIT_COMMIT"),
)
"""Variables with the branch and the commit that a build service has checked out, which it does without a branch."""


class GitVersion(NamedTuple):
    """The version that is recorded in the database."""

    repository: str
    branch: str
    commit: str


def project_version(directory: Path, *, repository: str | None = None, info_path: str | None = None) -> GitVersion:
    """Return the version of the project in `directory`.

    From the JSON file at `info_path`, else from `git_version.json` in the folder, else from git: the tag or hash that
    `git describe` gives (the full hash where that is longer than the column), the branch (of a detached checkout that
    of the build service, else HEAD), and `repository`, the URL of origin, or the name of the repository's folder, which
    all its worktrees share. Raises GitError when there is no repository with a commit, ConfigError for an unreadable
    file.
    """
    if file := _info_file(directory, info_path):
        return _from_file(file)
    git = Git(directory)
    branch = git.text("rev-parse", "--abbrev-ref", "HEAD")
    if branch == "HEAD":
        branch = ci_branch(os.environ, git.text("rev-parse", "HEAD")) or branch
    commit = git.text("describe", "--tags", "--always")
    if len(commit) > LONGEST_COMMIT:
        commit = git.text("rev-parse", "HEAD")
    return GitVersion(without_secret(repository or _origin(git)), branch, commit)


def ci_branch(environ: Mapping[str, str], commit: str) -> str:
    """Return the branch that a build service says it has checked out at this commit; empty where none says so."""
    for branch, checked_out in CI_BRANCHES:
        if environ.get(branch) and environ.get(checked_out, commit) == commit:
            return environ[branch].removeprefix("refs/heads/").removeprefix("refs/tags/")
    return ""


def has_uncommitted_changes(directory: Path, info_path: str | None = None) -> bool:
    """Tell whether tracked files of the project differ from the commit; False where a file has the version."""
    if _info_file(directory, info_path):
        return False
    return bool(Git(directory).run("status", "--porcelain", "-z", "--untracked-files=no", "--", "."))


def without_secret(url: str) -> str:
    """Remove the user name, password or token that a clone over HTTP may have left in a URL."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", url)


def _origin(git: Git) -> str:
    url = git.attempt("config", "--get", "remote.origin.url")
    if url is not None:
        return url.decode("utf-8", "replace").strip()
    common = (git.directory / git.text("rev-parse", "--git-common-dir")).resolve()
    return common.parent.name if common.name == ".git" else common.name.removesuffix(".git")


class Checkout:
    """The version of a project's folder, as git or a file with the version has it; each part is asked once."""

    def __init__(self, directory: Path, repository: str | None = None, info_path: str | None = None) -> None:
        self._directory = directory
        self._repository = repository
        self._info_path = info_path
        self._git = Git(directory)

    @classmethod
    def of(cls, settings: Settings, directory: Path) -> Checkout:
        """Return that of a project, as its config wants it."""
        return cls(directory, settings.url_of_remote_git_repository, settings.git_version_info_path)

    @property
    def version(self) -> GitVersion:
        """The version, as project_version() finds it, and with its errors."""
        if isinstance(self._version, GitError):
            raise GitError(self._version.message, hint=self._version.hint)
        return self._version

    @cached_property
    def _version(self) -> GitVersion | GitError:
        try:
            return project_version(self._directory, repository=self._repository, info_path=self._info_path)
        except GitError as error:
            return error

    @cached_property
    def uncommitted(self) -> bool:
        """True if tracked files differ from the commit. Raises GitError."""
        return has_uncommitted_changes(self._directory, self._info_path)

    @cached_property
    def address(self) -> str:
        """The address of the repository; empty where it is not known."""
        file = _info_file(self._directory, self._info_path)
        try:
            url = _from_file(file).repository if file else self._repository or _origin(self._git)
        except GitError:
            return ""
        return _address(url)

    @cached_property
    def first_commit(self) -> str:
        """The hash of the first commit; empty where there is no git, or not the whole history."""
        return _first_commit(self._git)


def check_repository(recorded: str, project: str, checkout: Checkout) -> str:
    """Return the repository of a project, to be recorded in a database; empty where it is not known.

    It is its address and its first commit; `recorded` stays while one of both is the same. Raises NotPermittedError
    where both differ: then another project has the same name.
    """
    address = checkout.address
    known, _, first = recorded.partition(" ")
    if not address or known == address:
        return recorded
    now = checkout.first_commit
    if recorded and not (first and first == now):
        name = f"The project {project}" if project else "The project without a name"
        raise NotPermittedError(
            f"{name} in this database is that of the repository {known}, and this is {address}.",
            hint="Give this project a name of its own: the key `project` in its configs. A repository that has moved is"
            " known by its first commit: deploy once from a full clone; or record it by inv baseline.",
        )
    return f"{address} {now}".rstrip()


def _address(url: str) -> str:
    """Return a URL as `host/path`, the same for all protocols, users and ports; a path or a name as it is."""
    remote = re.fullmatch(r"(?:[a-z+]+://)?(?:[^@/]*@)?([^/:@]+\.[^/:@]+|localhost)(?::\d+)?[:/]+(.+?)", url)
    address = f"{remote[1].lower()}/{remote[2]}" if remote else url
    return address.rstrip("/").removesuffix(".git").replace(" ", "%20")[:LONGEST_ADDRESS]


def _first_commit(git: Git) -> str:
    shallow = git.attempt("rev-parse", "--is-shallow-repository")
    commits = git.attempt("rev-list", "--max-parents=0", "HEAD") if shallow and shallow.strip() == b"false" else None
    return commits.split()[-1].decode()[:12] if commits else ""


def _info_file(directory: Path, configured: str | None) -> Path | None:
    """Return the file with the version: the configured one, or one of the usual name where it exists."""
    path = directory / (configured or INFO_FILE)
    return path if configured or path.is_file() else None


def _from_file(path: Path) -> GitVersion:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        return GitVersion(str(content["repository"]), str(content["branch"]), str(content["commit"]))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: expected an object with repository, branch and commit ({error})") from None


TIMESTAMP_COLUMN = "Timestamp"


@dataclass(frozen=True)
class StampStep(Step):
    """Record the version, in place of the previous one."""

    git: GitVersion
    settings: Settings
    uncommitted: bool = False

    kind = "git version"
    transactional = False
    alone = ""

    @property
    def label(self) -> str:
        """`main v2.1-4-gabc`."""
        return f"{self.git.branch} {self.git.commit}"

    def run(self, connection: Connection) -> int:
        """Create the table if it is missing or lacks a column, and write the row."""
        table = git_table(self.settings, connection.dialect)
        row = {"Repository": self.git.repository, "Branch": self.git.branch, "Commit": self.git.commit}
        try:
            with connection.sqlalchemy_transaction() as sa_connection:
                _ensure_table(sa_connection, table, connection.dialect)
                sa_connection.execute(table.delete())
                connection.dialect.widen_texts(sa_connection, table, [row])
                sa_connection.execute(table.insert().values(row))
        except StatementError as error:
            raise StatementError(error.server, outcome="the git version was not recorded.") from error
        return 1


def plan_stamp(
    settings: Settings, checkout: Checkout, connection: Connection | None = None, *, required: bool = False
) -> Plan:
    """Plan to record the version of git or of the info file, unless the database at `connection` has that version.

    Without either the plan is a note; with `required`, GitError is raised.
    """
    try:
        git, changed = checkout.version, checkout.uncommitted
    except GitError as error:
        if required:
            raise
        return Plan((), (f"No git version recorded: {error.message}",))
    warnings = (f"uncommitted changes: deployed files differ from {git.commit}",) if changed else ()
    recorded = read_stamp(settings, connection) if connection is not None else None
    return Plan((StampStep(git, settings, changed),) if recorded != git else (), warnings=warnings)


def version_of(plan: Plan, checkout: Checkout) -> tuple[GitVersion, bool]:
    """Return the version that a plan records, else that of the project, and whether files differ from it.

    All is empty where the version is not known.
    """
    for step in plan.steps:
        if isinstance(step, StampStep):
            return step.git, step.uncommitted
    try:
        return checkout.version, checkout.uncommitted
    except (GitError, ConfigError):
        return GitVersion("", "", ""), False


def read_stamp(settings: Settings, connection: Connection) -> GitVersion | None:
    """Return the version recorded in the database, or None."""
    name, schema = settings.git_table, settings.git_table_schema or connection.dialect.bookkeeping_schema
    table = read_table(connection, name, schema)
    if table is None:
        return None
    columns, rows = table
    spelling = {column.lower(): index for index, column in enumerate(columns)}
    indexes = [spelling.get("repository"), spelling.get("branch"), spelling.get("commit", spelling.get("commit_hash"))]
    if not rows or None in indexes:
        return None
    return GitVersion(*(rows[0][index] for index in indexes if index is not None))


def git_table(settings: Settings, dialect: Dialect) -> Table:
    """Return the SQLAlchemy table with the columns Repository, Branch, Commit and Timestamp."""
    from sqlalchemy import Column, DateTime, MetaData, PrimaryKeyConstraint, Table, Unicode, func

    return Table(
        settings.git_table,
        MetaData(),
        Column("Repository", Unicode(255)),
        Column("Branch", Unicode(255)),
        Column("Commit", Unicode(50)),
        Column(TIMESTAMP_COLUMN, DateTime, server_default=func.now()),
        PrimaryKeyConstraint("Repository", "Branch", mssql_clustered=False),  # a clustered one has fewer bytes
        schema=settings.git_table_schema or dialect.bookkeeping_schema,
    )


def _ensure_table(sa_connection: SAConnection, table: Table, dialect: Dialect) -> None:
    """Create the table, and recreate one that lacks the commit or the timestamp."""
    columns = {name.lower() for name in dialect.column_names(sa_connection, table.name, table.schema)}
    if {TIMESTAMP_COLUMN.lower(), "commit"} <= columns:
        return
    if columns:
        table.drop(sa_connection)
    dialect.ensure_schema(sa_connection, table.schema)
    table.create(sa_connection)
