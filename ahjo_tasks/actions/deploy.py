"""Actions that deploy migrations, SQL objects, assemblies and data."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.errors import AhjoError, NotPermittedError, UsageError
from ahjo_tasks.runtime.action import action, multiaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.engine.deployment import Choice, Selection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.saved_plan import Basis, Options, SavedPlan
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext


MOST_LOSSES = 10
"""Losses that a question names."""
SKIP_HELP = {
    "skip-alembic-update": "Leave migrations out.",
    "skip-metadata-update": "Leave object descriptions out.",
    "skip-git-update": "Do not record the git version.",
}


class Skipped(NamedTuple):
    """The parts of a deploy that its flags leave out."""

    migrations: bool = False
    descriptions: bool = False
    git_version: bool = False


def _destroys(_ctx: ActionContext, values: Mapping[str, Any]) -> str:
    prune = values.get("prune") or (values.get("plan") and _saved(values["plan"]).options.prune)
    return "drops the objects of files that were removed from the project" if prune else ""


def _saved(path: str) -> SavedPlan:
    from ahjo_tasks.engine.saved_plan import read_plan

    return read_plan(path)


def _preview(ctx: ActionContext, values: Mapping[str, Any]) -> list[str]:
    """Show the plan of a call of deploy with these flags, before the question."""
    return _show_before(ctx, DeployFlags.of(values))


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files", "select"],
    sql_files=["files"],
    destroys=_destroys,
    preview=_preview,
    help={
        "files": "Deploy this SQL file or folder alone; repeat for more.",
        "all": "Deploy all files, also those that are unchanged.",
        "select": "Deploy these files, objects or folders; name+ with what needs it; changed for all that changed.",
        "prune": "Drop the objects whose files were removed from the project.",
        "plan": "Apply the plan that inv plan --out saved in this file; refuse where it does not fit any more.",
        "on-drift": "With objects that were changed by hand: replace them, or stop; the config's on_drift otherwise.",
        **SKIP_HELP,
    },
)
def deploy(  # noqa: PLR0913, PLR0917 - the flags
    ctx: ActionContext,
    files: list[str] | None = None,
    all: bool = False,  # noqa: A002 - the name of the flag
    select: list[str] | None = None,
    prune: bool = False,
    on_drift: str = "",
    plan: str = "",
    skip_alembic_update: bool = False,
    skip_metadata_update: bool = False,
    skip_git_update: bool = False,
) -> None:
    """Run migrations and deploy SQL objects.

    Migrations go to the head. Then the SQL files of functions, views,
    procedures and the like are run, in the order that their SQL asks for: those
    that changed since the last deploy, or whose objects were changed by hand.
    Descriptions in docs/db_objects are carried over. The git version is
    recorded last. With --dry the plan is shown, and nothing is changed.
    """
    from ahjo_tasks.actions.run_plan import apply_plan

    skipped = Skipped(skip_alembic_update, skip_metadata_update, skip_git_update)
    flags = DeployFlags(tuple(files or ()), all, tuple(select or ()), prune, on_drift, plan, skipped)
    if not ctx.dry_run and flags == DeployFlags() and _is_done(ctx):
        return
    with _agreed(ctx, flags) as (connection, planned):
        apply_plan(ctx, planned.plan, connection, planned.selection)
        if connection is not None and not (planned.plan.steps or ctx.dry_run):
            _remember(ctx, planned, connection)


def _remember(ctx: ActionContext, planned: Planned, connection: Connection) -> None:
    """Keep what a full comparison found that has nothing to do; of a copy the history says where it came from."""
    from ahjo_tasks.actions.run_plan import recording
    from ahjo_tasks.engine.unchanged import keep_state

    if planned.selection is not None and planned.selection.origin:
        with recording(ctx, planned.plan, connection, planned.selection):
            return
    keep_state(connection, ctx.settings, planned.selection)


class DeployFlags(NamedTuple):
    """The flags of a deploy."""

    files: tuple[str, ...] = ()
    all: bool = False
    select: tuple[str, ...] = ()
    prune: bool = False
    on_drift: str = ""
    plan: str = ""
    skipped: Skipped = Skipped()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> DeployFlags:
        """Return the flags among the values of a call."""
        skipped = Skipped(*(bool(values.get(flag.replace("-", "_"))) for flag in SKIP_HELP))
        flags: dict[str, Any] = {name: tuple(values.get(name) or ()) for name in ("files", "select")}
        flags |= {name: values[name] for name in ("all", "prune", "on_drift", "plan") if values.get(name)}
        return cls(**flags, skipped=skipped)

    def make(self, ctx: ActionContext, connection: Connection | None) -> Planned:
        """Plan the deploy. Raises UsageError for flags that go not together, DifferenceError for a stale plan file."""
        from ahjo_tasks.engine.deployment import Choice

        if self.plan and self != DeployFlags(plan=self.plan):
            raise UsageError("--plan applies a saved plan as it is.", hint="Give the other flags to inv plan --out.")
        if self.plan:
            saved = _saved(self.plan)
            planned = plan_with(ctx, connection, saved.options)
            saved.check(planned.basis(ctx, connection), self.plan)
            return planned
        choice = Choice(self.select, self.prune, _drift_rule(self.on_drift))
        inputs = "" if self.files else hash_files(ctx)
        objects = read_named(ctx, self.files) if self.files else read_objects(ctx)
        if inputs and inputs != hash_files(ctx):
            inputs = ""  # somebody saved files while they were read
        made = plan_changes(
            *(ctx, objects, connection, self.skipped, choice),
            everything=self.all,
            inputs=inputs,
            named=bool(self.files),
        )
        return Planned(*made, objects)


def hash_files(ctx: ActionContext) -> str:
    """Return a hash of all that a deploy reads; empty where not all of it is known."""
    from ahjo_tasks.engine.unchanged import hash_inputs

    return hash_inputs(ctx.project.files, ctx.settings, ctx.console.masked)


def _is_done(ctx: ActionContext) -> bool:
    """Look, without the lock, if nothing has changed since the last deploy; then record the git version at most."""
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan, show_server_info
    from ahjo_tasks.engine.stamp import plan_stamp
    from ahjo_tasks.engine.unchanged import is_unchanged

    ctx.print_heading()
    connection, inputs = ctx.database.driver_connection, hash_files(ctx)
    if not is_unchanged(connection, ctx.settings, inputs):
        return False
    ctx.project.shown_plan = None
    show_server_info(ctx, connection)
    plan = plan_stamp(ctx.settings, ctx.project.directory, connection)
    if not plan.steps:
        apply_plan(ctx, plan, connection)
        return True
    with connection_for_plan(ctx) as locked:  # another run may have deployed something in the meantime
        done = locked is not None and is_unchanged(locked, ctx.settings, inputs)
        if done:
            apply_plan(ctx, plan, locked)
    return done


@contextmanager
def _agreed(ctx: ActionContext, flags: DeployFlags) -> Iterator[tuple[Connection | None, Planned]]:
    """Plan a deploy under the lock, and lend both; where the user has seen another plan, ask once more."""
    from ahjo_tasks.actions.run_plan import connection_for_plan

    while True:
        with connection_for_plan(ctx) as connection:
            planned = flags.make(ctx, connection)
            agreed, ctx.project.shown_plan = ctx.project.shown_plan, None
            if ctx.dry_run or agreed in {None, planned.identity}:
                yield connection, planned
                return
            if connection is not None and connection.changed:
                raise NotPermittedError(
                    "The plan differs from the one that was confirmed; nothing of it was done.",
                    hint="Run it again: nobody is asked while a transaction is open.",
                )
        ctx.database.close(keep=False)  # nobody is asked while a lock or a transaction is held
        ctx.confirmation.ask_again(ctx.project, "deploy", _show_before(ctx, flags))


def _show_before(ctx: ActionContext, flags: DeployFlags) -> list[str]:
    """Show the plan of a deploy, and return what it destroys, as warnings. Nothing is held afterwards."""
    from ahjo_tasks.actions.plan_formats import print_tree, report_of, tree_lines
    from ahjo_tasks.actions.run_plan import existing_connection, show_server_info

    connection = existing_connection(ctx)
    show_server_info(ctx, connection)
    planned = flags.make(ctx, connection)
    report = report_of(ctx, planned.plan, planned.changes, connection)
    ctx.database.close(keep=False)
    print_tree(ctx, tree_lines(report))
    ctx.project.shown_plan = planned.identity
    losses = [f"It destroys by {file}: {loss}." for file, loss in report.losses]
    more = [f"It destroys {len(losses) - MOST_LOSSES} more, which the plan above lists."]
    return losses[:MOST_LOSSES] + (more if len(losses) > MOST_LOSSES else [])


class Planned(NamedTuple):
    """A plan of a deploy, and the files that it was chosen from."""

    plan: Plan
    selection: Selection | None
    objects: Plan

    @property
    def changes(self) -> Sequence[FileChange]:
        """The state of every file."""
        return self.selection.changes if self.selection else ()

    @property
    def identity(self) -> str:
        """A hash of the steps and of the texts that they run."""
        from ahjo_tasks.engine.sql_file import FileStep
        from ahjo_tasks.history.store import hash_text

        texts = (step.file.text if isinstance(step, FileStep) else step.note for step in self.plan.steps)
        lines = (
            f"{step.kind} {step.label} {hash_text(text)}" for step, text in zip(self.plan.steps, texts, strict=True)
        )
        return hash_text("\n".join(lines))

    def basis(self, ctx: ActionContext, connection: Connection | None) -> Basis:
        """Return the facts that the plan stands on."""
        from ahjo_tasks.engine.saved_plan import find_basis

        more = {"docs/db_objects": hash_descriptions(ctx)}
        target, conceal = ctx.project.target, ctx.console.masked
        return find_basis(ctx.settings, target, connection, self.objects, self.plan, more, conceal)


def plan_with(ctx: ActionContext, connection: Connection | None, options: Options) -> Planned:
    """Plan a deploy by the flags of `inv plan`."""
    from ahjo_tasks.engine.deployment import Choice

    objects, choice = read_objects(ctx), Choice(options.select, options.prune)
    return Planned(*plan_changes(ctx, objects, connection, Skipped(), choice, everything=options.all), objects)


def _drift_rule(word: str) -> str:
    if word not in {"", "replace", "stop"}:
        raise UsageError(f"--on-drift: {word!r} is neither replace nor stop.")
    return word


def read_objects(ctx: ActionContext) -> Plan:
    """Read the project's files of objects, and plan to run all of them in order."""
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.sql_file import plan_objects

    files = ctx.project.files
    return plan_objects(ctx.project.object_files()) + Plan((), files.ignored(), files.misnamed())


def read_named(ctx: ActionContext, files: Sequence[str]) -> Plan:
    """Read the files that the user names, and plan to run all of them."""
    from ahjo_tasks.engine.sql_file import plan_named

    return plan_named(ctx.project.files.read_named(files, ctx.settings.scripting_variables))


def plan_changes(  # noqa: PLR0913 - what of the deploy is wanted
    ctx: ActionContext,
    objects: Plan,
    connection: Connection | None,
    skipped: Skipped,
    choice: Choice | None = None,
    *,
    everything: bool = False,
    inputs: str = "",
    named: bool = False,
) -> tuple[Plan, Selection | None]:
    """Plan a deploy of what changed since the last one; return the state of every file, too.

    `inputs` is a hash of all that a deploy reads. With `named` the files are those that the user names: they are
    deployed whatever their state is.
    """
    from ahjo_tasks.engine.deployment import Choice, Deployment
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.stamp import check_repository

    descriptions = Plan(()) if skipped.descriptions else _descriptions(ctx)
    before, after = _around(ctx, connection, skipped)
    if named:
        return before + objects + descriptions + after, None
    reason = "--all" if everything else "a migration runs before it" if before.steps else ""
    selection = Deployment(ctx.settings, connection, ctx.console.masked).select(
        objects, Choice() if choice is None else choice, everything=reason, inputs=inputs
    )
    repository = check_repository(selection.repository, ctx.settings, ctx.project.directory)
    state = selection.state if not (skipped.descriptions or skipped.migrations) else None
    selection = replace(selection, state=state and replace(state, repository=repository))
    return before + selection.plan + descriptions + after, selection


def _descriptions(ctx: ActionContext) -> Plan:
    from ahjo_tasks.descriptions.plan import plan_descriptions

    return plan_descriptions(ctx.project.files.directory, ctx.project.dialect, ctx.settings.metadata_allowed_schemas)


def hash_descriptions(ctx: ActionContext) -> str:
    """Return a hash of the files of descriptions, which a deploy carries over."""
    from ahjo_tasks.history.store import hash_text
    from ahjo_tasks.project.kinds import DESCRIPTIONS

    folder = ctx.project.files.directory / DESCRIPTIONS
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return hash_text("\n".join(f"{path.relative_to(folder).as_posix()} {path.read_bytes().hex()}" for path in files))


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={
        "files": "A SQL file or folder; repeat for more.",
        **{flag: text for flag, text in SKIP_HELP.items() if "metadata" not in flag},
    },
)
def deploy_files(
    ctx: ActionContext,
    files: list[str] | None = None,
    skip_alembic_update: bool = False,
    skip_git_update: bool = False,
) -> None:
    """Run migrations, deploy the named files.

    Objects are run in the order that their SQL asks for, all other files in the
    order of the flags.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan

    if not files:
        raise UsageError("deploy-files needs files.", hint="inv deploy-files --files database/views/dbo.vwOrders.sql")
    read, skipped = read_named(ctx, files), Skipped(skip_alembic_update, descriptions=True, git_version=skip_git_update)
    with connection_for_plan(ctx) as connection:
        plan, selection = plan_changes(ctx, read, connection, skipped, named=True)
        apply_plan(ctx, plan, connection, selection)


def _around(ctx: ActionContext, connection: Connection | None, skipped: Skipped) -> tuple[Plan, Plan]:
    """Plan what runs before the files, the migrations, and after them: refreshing modules, recording the version."""
    from ahjo_tasks.engine.migrations import plan_upgrade
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.refresh import plan_refresh
    from ahjo_tasks.engine.stamp import plan_stamp

    project = ctx.project
    before = plan_upgrade(project.migrations, connection, project.object_files) if not skipped.migrations else Plan(())
    after = Plan(())
    if before.steps:
        after += plan_refresh(project.object_files, project.dialect)
    if not skipped.git_version:
        after += plan_stamp(ctx.settings, ctx.project.directory, connection)
    return before, after


WHOLE = "database/create_db_structure.sql"


@action(affects_database=True)
def structure(ctx: ActionContext) -> None:
    """Deploy schemas, tables and constraints.

    The types, sequences and functions that they need are deployed with them.
    Without any file in those folders, database/create_db_structure.sql is run.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.refresh import plan_refresh
    from ahjo_tasks.engine.sql_file import plan_named, plan_objects
    from ahjo_tasks.project.dependencies import needed_by
    from ahjo_tasks.project.kinds import STRUCTURE

    project, variables = ctx.project.files, ctx.settings.scripting_variables
    files = project.read(STRUCTURE, variables)
    if not files and not (project.directory / WHOLE).is_file():
        raise AhjoError(
            "There is no structure to deploy.",
            hint=f"Put files into database/schemas, tables, constraints, or {WHOLE}.",
        )
    files = [*needed_by(files, ctx.project.object_files() if files else []), *files]
    plan = plan_objects(files) if files else plan_named([project.read_script(WHOLE, variables, directives=True)])
    plan += plan_refresh(ctx.project.object_files, project.dialect)
    run_plan(ctx, plan + Plan((), project.ignored(), project.misnamed()))


KINDS = ("assembly", "clr-procedure")


@action(affects_database=True, dialects=["mssql"])
def assembly(ctx: ActionContext) -> None:
    """Drop and deploy assemblies and CLR procedures.

    The procedures of database/clr-procedures are dropped, then the assemblies
    of database/assemblies; then both are deployed in the opposite order.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.drop import plan_drop
    from ahjo_tasks.engine.sql_file import plan_objects

    ctx.project.require_support("assembly" not in ctx.project.dialect.unsupported_kinds, "assembly")
    files = ctx.project.files.read(KINDS, ctx.settings.scripting_variables)
    plan = plan_drop(files) + plan_objects(files)
    run_plan(ctx, plan)


complete_build = multiaction(
    "complete-build",
    "init",
    "deploy",
    "data",
    "testdata",
    "test",
    doc="Run init, deploy, data, testdata, test.",
    affects_database=True,
    auto_shortflags=False,
)


EVERYTHING = "Run all files, also those to be run once and those that an unfinished run has done."


@action(
    affects_database=True,
    auto_shortflags=False,
    help={"skip-git-update": "Do not record the git version.", "all": EVERYTHING},
)
def data(ctx: ActionContext, skip_git_update: bool = False, all: bool = False) -> None:  # noqa: A002 - the flag's name
    """Load database/data, parents first.

    SQL scripts are run, CSV and Parquet files called schema.table.csv are
    loaded into their table. The order is that of the foreign keys; a comment
    `-- depends: name` in a script says otherwise. The git version is recorded
    last.
    """
    _load(ctx, "data", record_version=not skip_git_update, everything=all)


@action(affects_database=True, auto_shortflags=False, help={"all": EVERYTHING})
def testdata(ctx: ActionContext, all: bool = False) -> None:  # noqa: A002, PT028 - the flag's name; it is no test
    """Load database/data/testdata."""
    _load(ctx, "testdata", record_version=False, everything=all)


def _load(ctx: ActionContext, kind: str, *, record_version: bool, everything: bool) -> None:
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan, data_progress
    from ahjo_tasks.data.table_file import read_table_files
    from ahjo_tasks.engine.data import plan_data
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.stamp import plan_stamp

    project = ctx.project.files
    scripts = project.read([kind], ctx.settings.scripting_variables)
    files: list[SqlFile | TableFile] = [*scripts, *read_table_files(project, kind, ctx.settings.data_loading)]
    after = plan_stamp(ctx.settings, ctx.project.directory) if record_version else Plan(())
    with connection_for_plan(ctx) as connection:
        progress = data_progress(ctx, kind, connection, everything=everything)
        apply_plan(ctx, plan_data(files, project.dialect, connection, progress) + after, connection)
        if not ctx.dry_run:
            progress.finish()
