"""Plan a deploy: what of the project the database does not have yet; and deploy it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ahjo_tasks.api.running import apply_plan, applying, begin, describe_once, going_on, locked_connection, recording
from ahjo_tasks.errors import NotPermittedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.api.session import Session
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.engine.deployment import Choice, Deployment, Selection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.saved_plan import Basis, Options
    from ahjo_tasks.project.sql_file import FileText


class Skipped(NamedTuple):
    """The parts of a deploy that its flags leave out."""

    migrations: bool = False
    descriptions: bool = False
    git_version: bool = False


class DeployOptions(NamedTuple):
    """Options of a deploy.

    `files` are deployed alone, `select` names files, objects or folders, `all` runs unchanged files, too, and `prune`
    drops the objects of removed files. `on_drift` is replace or stop, `plan` the path of a saved plan.
    """

    files: tuple[str, ...] = ()
    all: bool = False
    select: tuple[str, ...] = ()
    prune: bool = False
    on_drift: str = ""
    plan: str = ""
    skipped: Skipped = Skipped()

    def make(self, session: Session, connection: Connection | None, inputs: str = "") -> Planned:
        """Plan the deploy. Raises UsageError for flags that go not together, DifferenceError for a stale plan file.

        `inputs` is a hash of all that a deploy reads, where it was made already.
        """
        from ahjo_tasks.engine.deployment import Choice

        if self.plan and self != DeployOptions(plan=self.plan):
            raise UsageError("--plan applies a saved plan as it is.", hint="Give the other flags to inv plan --out.")
        if self.plan:
            from ahjo_tasks.engine.saved_plan import read_plan

            saved = read_plan(self.plan)
            planned = plan_with(session, connection, saved.options)
            saved.check(planned.basis(session, connection), self.plan)
            return planned
        choice = Choice(self.select, self.prune, _drift_rule(self.on_drift))
        inputs = "" if self.files else inputs or hash_files(session)
        objects = None
        if self.files:
            objects = read_named(session, self.files)
        elif self.all or self.select or session.project.shares_objects:
            objects = read_objects(session)
        made = plan_changes(
            *(session, objects, connection, self.skipped, choice),
            everything=self.all,
            inputs=inputs,
            named=bool(self.files),
        )
        return Planned(*made)


class Planned(NamedTuple):
    """A plan of a deploy, and the files that it was chosen from."""

    plan: Plan
    selection: Selection | None
    objects: Plan | None = None
    """All files of the project, where they were read."""

    @property
    def changes(self) -> Sequence[FileChange]:
        """The state of every file."""
        return self.selection.changes if self.selection else ()

    @property
    def identity(self) -> str:
        """A hash of the steps and of the texts that they run."""
        from ahjo_tasks.history.store import hash_text

        return hash_text("\n".join(f"{step.kind} {step.label} {hash_text(step.text)}" for step in self.plan.steps))

    def basis(self, session: Session, connection: Connection | None) -> Basis:
        """Return the facts that the plan stands on."""
        from ahjo_tasks.engine.saved_plan import find_basis

        more = {"docs/db_objects": hash_descriptions(session)}
        target, conceal = session.project.target, session.conceal
        objects = read_objects(session) if self.objects is None else self.objects
        return find_basis(session.settings, target, connection, objects, self.plan, more, conceal)


def plan_with(session: Session, connection: Connection | None, options: Options) -> Planned:
    """Plan a deploy by the flags of `inv plan`."""
    from ahjo_tasks.engine.deployment import Choice

    objects, choice = read_objects(session), Choice(options.select, options.prune)
    return Planned(*plan_changes(session, objects, connection, Skipped(), choice, everything=options.all), objects)


def _drift_rule(word: str) -> str:
    if word not in {"", "replace", "stop"}:
        raise UsageError(f"--on-drift: {word!r} is neither replace nor stop.")
    return word


def read_objects(session: Session) -> Plan:
    """Read the project's files of objects, and plan to run all of them in order."""
    from ahjo_tasks.engine.sql_file import plan_objects

    project = session.project

    def plan() -> Plan:
        return plan_objects(project.object_files()) + _notes(session)

    return project.once("plan", plan) if project.shares_objects else plan()


def _read_concerned(session: Session, deployment: Deployment, everything: str) -> tuple[Plan, list[FileText]]:
    """Plan to run the files that may have to run, in order; return the texts of the other ones, too.

    `everything` is the reason why all of them do.
    """
    from ahjo_tasks.engine.sql_file import plan_objects
    from ahjo_tasks.project.sql_file import split

    if everything:
        return read_objects(session), []
    texts = session.project.object_texts()
    files = deployment.read_concerned(texts)
    objects = plan_objects([*files.values()], lambda: [split(text) for text in texts]) + _notes(session)
    return objects, [text for number, text in enumerate(texts) if number not in files]


def _notes(session: Session) -> Plan:
    """Return notes of what no action reads, and warnings, as a plan without steps."""
    from ahjo_tasks.engine.plan import Plan

    files = session.project.files
    return Plan((), files.ignored(), files.misnamed())


def read_named(session: Session, files: Sequence[str]) -> Plan:
    """Read the files that the user names, and plan to run all of them."""
    from ahjo_tasks.engine.sql_file import plan_named

    return plan_named(session.project.files.read_named(files, session.settings.scripting_variables))


def plan_changes(  # noqa: PLR0913 - what of the deploy is wanted
    session: Session,
    objects: Plan | None,
    connection: Connection | None,
    skipped: Skipped,
    choice: Choice | None = None,
    *,
    everything: bool = False,
    inputs: str = "",
    named: bool = False,
) -> tuple[Plan, Selection | None]:
    """Plan a deploy of what changed since the last one; return the state of every file, too.

    Without `objects` only the files are read that may have to run. `inputs` is a hash of all that a deploy reads. With
    `named` the files are those that the user names: they are deployed whatever their state is.
    """
    from ahjo_tasks.engine.deployment import Choice, Deployment
    from ahjo_tasks.engine.plan import Plan

    descriptions = Plan(()) if skipped.descriptions else _descriptions(session)
    revision_files = "" if skipped.migrations else session.project.hash_revisions(session.conceal)
    before, after = _around(session, connection, skipped, revision_files)
    if named and objects is not None:
        return before + going_on(session, objects, connection) + descriptions + after, None
    reason = "--all" if everything else "a migration runs before it" if before.steps else ""
    deployment = Deployment(session.settings, connection, session.conceal)
    objects, untouched = (objects, []) if objects else _read_concerned(session, deployment, reason)
    if inputs and inputs != hash_files(session):
        inputs = ""  # somebody saved files while they were read
    session.project.files.contents.forget()
    choice = Choice() if choice is None else choice
    selection = deployment.select(objects, choice, everything=reason, inputs=inputs, untouched=untouched)
    selection = _with_state(session, selection, skipped, revision_files)
    if descriptions.steps and connection is not None and not (before.steps or selection.plan.steps):
        from ahjo_tasks.descriptions.plan import leave_out_equal

        descriptions = leave_out_equal(descriptions, connection)
    objects = going_on(session, selection.plan, connection, everything=everything)
    return before + objects + descriptions + after, selection


def _with_state(session: Session, selection: Selection, skipped: Skipped, revision_files: str) -> Selection:
    """Complete the state after the deploy; a part of a deploy leaves none. Raises NotPermittedError."""
    from ahjo_tasks.engine.stamp import check_repository

    repository = check_repository(selection.repository, session.settings.project, session.project.checkout)
    state = selection.state if not (skipped.descriptions or skipped.migrations) else None
    return replace(selection, state=state and replace(state, repository=repository, revision_files=revision_files))


def _descriptions(session: Session) -> Plan:
    from ahjo_tasks.descriptions.plan import plan_descriptions

    return plan_descriptions(
        session.project.files.directory, session.project.dialect, session.settings.metadata_allowed_schemas
    )


def hash_descriptions(session: Session) -> str:
    """Return a hash of the files of descriptions, which a deploy carries over."""
    from ahjo_tasks.history.store import hash_text
    from ahjo_tasks.project.kinds import DESCRIPTIONS

    folder = session.project.files.directory / DESCRIPTIONS
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return hash_text("\n".join(f"{path.relative_to(folder).as_posix()} {path.read_bytes().hex()}" for path in files))


def _around(
    session: Session, connection: Connection | None, skipped: Skipped, revision_files: str
) -> tuple[Plan, Plan]:
    """Plan what runs before the files, the migrations, and after them: refreshing modules, recording the version.

    `revision_files` is a hash of the files of the revisions.
    """
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.refresh import is_refresh_due, plan_refresh
    from ahjo_tasks.engine.stamp import plan_stamp

    project = session.project
    before = Plan(()) if skipped.migrations else _migrations(session, connection, revision_files)
    after = Plan(())
    if before.steps or is_refresh_due(connection, session.settings):
        after += plan_refresh(project.object_files, project.dialect)
    if not skipped.git_version:
        after += plan_stamp(session.settings, session.project.checkout, connection)
    return before, after


def _migrations(session: Session, connection: Connection | None, revision_files: str) -> Plan:
    """Plan the pending revisions, without Alembic where the history tells that there are none."""
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.unchanged import has_all_revisions

    project = session.project
    known = revision_files if project.files.alembic_ini.is_file() else ""
    if connection is not None and has_all_revisions(connection, session.settings, known):
        return Plan(())
    from ahjo_tasks.engine.migrations import plan_upgrade

    return plan_upgrade(project.migrations, connection, project.object_files)


def hash_files(session: Session) -> str:
    """Return a hash of all that a deploy reads; empty where not all of it is known."""
    return session.project.hash_inputs(session.conceal)


class Consent(Protocol):
    """The answer of somebody who may have to agree to a plan."""

    def agrees(self, planned: Planned) -> bool:
        """Return whether this is the plan that was agreed to."""

    def ask_again(self) -> None:
        """Ask about the plan as it is now. Nothing is held meanwhile. Raises NotPermittedError."""


class CallersConsent:
    """The consent of a program, which agrees by its call."""

    def agrees(self, _planned: Planned) -> bool:
        """Return True."""
        return True

    def ask_again(self) -> None:
        """Ask nobody."""


def deploy(session: Session, options: DeployOptions, consent: Consent) -> None:
    """Deploy what has changed. Raises DeployError when a step fails."""
    inputs = ""
    if options == DeployOptions():
        begin(session)
        inputs = hash_files(session)
        if _is_done(session, inputs):
            return
    with (
        _agreed(session, options, consent, inputs) as (connection, planned),
        applying(session, planned.plan, connection, planned.selection) as apply,
    ):
        apply()


@contextmanager
def _agreed(
    session: Session, options: DeployOptions, consent: Consent, inputs: str
) -> Iterator[tuple[Connection, Planned]]:
    """Plan a deploy under the lock, and lend both; where another plan was agreed to, ask once more.

    `inputs` is a hash of all that a deploy reads, where it was made already.
    """
    while True:
        with locked_connection(session) as connection:
            planned = options.make(session, connection, inputs)
            if consent.agrees(planned):
                yield connection, planned
                if not planned.plan.steps:
                    _remember(session, planned, connection)
                return
            if connection.changed:
                raise NotPermittedError(
                    "The plan differs from the one that was confirmed; nothing of it was done.",
                    hint="Run it again: nobody is asked while a transaction is open.",
                )
        inputs = ""
        session.database.close(keep=False)  # nobody is asked while a lock or a transaction is held
        consent.ask_again()


def _remember(session: Session, planned: Planned, connection: Connection) -> None:
    """Keep what a full comparison found that has nothing to do; of a copy the history says where it came from."""
    from ahjo_tasks.engine.unchanged import keep_state

    if planned.selection is not None and planned.selection.origin:
        with recording(session, planned.plan, connection, planned.selection):
            return
    keep_state(connection, session.settings, planned.selection)


def _is_done(session: Session, inputs: str) -> bool:
    """Look, without the lock, if nothing has changed since the last deploy; then record the git version at most.

    `inputs` is a hash of all that a deploy reads.
    """
    from ahjo_tasks.engine.stamp import plan_stamp
    from ahjo_tasks.engine.unchanged import is_unchanged

    connection = session.database.connection
    if not is_unchanged(connection, session.settings, inputs):
        return False
    session.project.shown_plan = None
    describe_once(session, connection)
    plan = plan_stamp(session.settings, session.project.checkout, connection) + _notes(session)
    if not plan.steps:
        apply_plan(session, plan, connection)
        return True
    with locked_connection(session) as locked:  # another run may have deployed something in the meantime
        done = is_unchanged(locked, session.settings, inputs)
        if done:
            apply_plan(session, plan, locked)
    return done
