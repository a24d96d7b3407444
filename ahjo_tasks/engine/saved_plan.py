"""A plan in a file: what it stands on, what it does, and how to tell that it is stale."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.catalog import read_version
from ahjo_tasks.engine.changes import file_hash
from ahjo_tasks.engine.migrations import MigrationStep
from ahjo_tasks.engine.plan_report import PlanReport  # noqa: TC001 - msgspec reads the annotation
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import DifferenceError, UsageError
from ahjo_tasks.history.store import HistoryStore, hash_text
from ahjo_tasks.utils import join_names, pluralize
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.project.sql_file import SqlFile

FORMAT = "ahjo-tasks plan"
FORMAT_VERSION = 1
"""Version of the file; a later one may have more keys."""
LONGEST = 64 * 1024 * 1024
"""Bytes of a file up to which it is read."""
SHOWN_FILES = 5


@dataclass(frozen=True)
class Options:
    """The flags of `inv plan` that say what to deploy."""

    all: bool = False
    select: tuple[str, ...] = ()
    prune: bool = False


@dataclass(frozen=True)
class Basis:
    """Facts that a plan stands on: the database and its state, the project's files, and the steps that follow."""

    target: str
    server: str = ""
    database_name: str = ""
    exists: bool = False
    project: str = ""
    last_run: str = ""
    recorded_version: str = ""
    catalog_version: str = ""
    files: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()

    @property
    def _identity(self) -> tuple[str, ...]:
        return (self.target, self.server, self.database_name, self.project)

    def differences(self, now: Basis) -> Iterator[str]:
        """Yield what has changed since, in sentences without a full stop."""
        if self.exists != now.exists and (self.target, self.project) == (now.target, now.project):
            yield f"identity: the database {'is gone' if self.exists else 'did not exist then'}"
            return
        if self._identity != now._identity:
            yield f"identity: it is for {_named(self)}, and this is {_named(now)}"
            return
        if deployed := (self.last_run, self.recorded_version) != (now.last_run, now.recorded_version):
            yield f"state: the last deploy is {now.last_run or 'none'} now, and was {self.last_run or 'none'}"
        if self.catalog_version != now.catalog_version:
            yield "version: objects in the database were changed since"
        gone = self.files.keys() - now.files.keys() if deployed else set()  # as revisions that were run since
        changed = sorted(_changed({label: self.files[label] for label in self.files.keys() - gone}, now.files))
        if changed:
            yield f"files: {join_names(changed, SHOWN_FILES)}"
        elif self.steps != now.steps and not deployed:
            yield f"steps: {pluralize(len(now.steps), 'step')} would run now, {len(self.steps)} were planned"


def _named(basis: Basis) -> str:
    parts = (basis.target, basis.server and f"server {basis.server}", basis.project and f"project {basis.project}")
    return ", ".join(part for part in parts if part)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for label in before.keys() | now.keys():
        if before.get(label) != now.get(label):
            word = "is new in it" if label not in before else "is not in it now" if label not in now else "has changed"
            yield f"{label} {word}"


@dataclass(frozen=True)
class SavedPlan:
    """A plan as `inv plan --out` writes it."""

    basis: Basis
    report: PlanReport
    options: Options = Options()
    made: str = ""
    tool_version: str = __version__
    format: str = FORMAT
    format_version: int = FORMAT_VERSION

    def check(self, now: Basis, path: str) -> None:
        """Raise DifferenceError unless the plan still stands on the same facts."""
        differences = list(self.basis.differences(now))
        if differences:
            raise DifferenceError(
                f"{path} does not fit any more; nothing was changed: {'; '.join(differences)}.",
                hint=f"Make it again with inv plan --out {path}; inv plan --show {path} shows what it was.",
            )


def find_basis(  # noqa: PLR0913, PLR0917 - what a plan is made of
    settings: Settings,
    target: str,
    connection: Connection | None,
    objects: Plan,
    plan: Plan,
    more: dict[str, str],
    conceal: Callable[[str], str],
) -> Basis:
    """Return the facts that a plan stands on; `more` are hashes of other files that it reads."""
    files = {step.file.label: _covered_hash(step.file, conceal) for step in objects.steps if isinstance(step, FileStep)}
    for step in plan.steps:
        if isinstance(step, MigrationStep):
            paths = [Path(script.path) for script in step.revisions]
            paths.append(Path(step.migrations.script.env_py_location))
            files |= {_label(path, step.migrations.ini.parent): _text_hash(path, conceal) for path in paths}
    facts: dict[str, Any] = {"files": files | more, "steps": tuple(f"{step.kind} {step.label}" for step in plan.steps)}
    if connection is None:
        return Basis(target, project=settings.project, **facts)
    store = HistoryStore(connection, settings)
    last = store.state() if store.exists() else None
    server, name, _release = connection.dialect.database_identity(connection)
    return Basis(
        target,
        server,
        name,
        exists=True,
        project=settings.project,
        last_run=last.run_id if last else "",
        recorded_version=last.catalog_version if last else "",
        catalog_version=read_version(connection, last.schemas.splitlines() if last else ()),
        **facts,
    )


def _covered_hash(file: SqlFile, conceal: Callable[[str], str]) -> str:
    """Return the hash of a file; of one with a secret in it, that of the text without the secret."""
    return file_hash(file, conceal) or hash_text(conceal(file.text))


def _text_hash(path: Path, conceal: Callable[[str], str]) -> str:
    try:
        return hash_text(conceal(path.read_text(encoding="utf-8", errors="surrogateescape")))
    except OSError:
        return ""


def _label(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.name


def plan_text(basis: Basis, report: PlanReport, options: Options) -> str:
    """Return the content of a plan file."""
    import json

    made = datetime.now(UTC).isoformat(timespec="seconds")
    values = asdict(SavedPlan(basis, report, options, made))
    order = ("format", "format_version", "made", "tool_version", "options", "basis", "report")
    return json.dumps({name: values[name] for name in order}, indent=2)


def read_plan(name: str) -> SavedPlan:
    """Read a plan file, which may come from anywhere. Raises UsageError for one that is not a valid plan."""
    import msgspec

    path, hint = Path(name), "inv plan --out FILE writes one."
    try:
        if path.stat().st_size > LONGEST:
            raise UsageError(f"{name} is larger than any plan.", hint=hint)
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.", hint=hint) from None
    try:
        head = msgspec.json.decode(raw, type=dict[str, Any])
        if head.get("format") != FORMAT:
            raise UsageError(f"{name} is not a plan.", hint=hint)
        if head.get("format_version") != FORMAT_VERSION:
            raise UsageError(
                f"{name} has format_version {head.get('format_version')!r}; this release reads {FORMAT_VERSION}.",
                hint="Make the plan again with this release, or use the one that made it.",
            )
        return msgspec.convert(head, SavedPlan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name} is not a valid plan: {error}", hint=hint) from None
