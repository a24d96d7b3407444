"""Actions that deploy migrations, SQL objects, assemblies and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ahjo_tasks.actions.run_report import FORMAT_HELP, TEXT, check_report_flags, reporting
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.action import action, multiaction
from ahjo_tasks.runtime.confirmation import Preview

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ahjo_tasks.api.deploying import DeployOptions, Planned
    from ahjo_tasks.api.session import Session
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext


MOST_LOSSES = 10
"""Losses that a question names."""
SKIP_HELP = {
    "skip-alembic-update": "Leave migrations out.",
    "skip-metadata-update": "Leave object descriptions out.",
    "skip-git-update": "Do not record the git version.",
}


def _destroys(_ctx: ActionContext, values: Mapping[str, Any]) -> str:
    from ahjo_tasks.engine.saved_plan import read_plan

    prune = values.get("prune") or (values.get("plan") and read_plan(values["plan"]).options.prune)
    return "drops the objects of files that were removed from the project" if prune else ""


def _preview(ctx: ActionContext, values: Mapping[str, Any]) -> Preview:
    """Show the plan of a call of deploy with these flags, before the question."""
    return _PlanConsent(ctx, _options(values), "deploy").show()


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files", "select"],
    sql_files=["files"],
    destroys=_destroys,
    preview=_preview,
    prepare=check_report_flags,
    own_flags=["format", "output"],
    help={
        "files": "Deploy this SQL file or folder alone; repeat for more.",
        "all": "Deploy all files, also those that are unchanged.",
        "select": "Deploy these files, objects or folders; name+ with what needs it; changed for all that changed.",
        "prune": "Drop the objects whose files were removed from the project.",
        "plan": "Apply the plan that inv plan --out saved in this file; refuse where it does not fit any more.",
        "on-drift": "With objects that were changed by hand: replace them, or stop; the config's on_drift otherwise.",
        "format": f"Report of what was done: {FORMAT_HELP}",
        "output": "Write the report to this file; without it, standard output has the report alone.",
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
    format: str = TEXT,  # noqa: A002 - the name of the flag
    output: str = "",
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
    from ahjo_tasks.actions.run_plan import session_of
    from ahjo_tasks.api import deploying

    options = _options(locals())
    if ctx.dry_run:
        _show_dry(ctx, options)
        return
    session = session_of(ctx)
    with reporting(ctx, session, format, output):
        deploying.deploy(session, options, _PlanConsent(ctx, options, "deploy"))
    _show_way_back(ctx, session)


def _show_dry(ctx: ActionContext, options: DeployOptions) -> None:
    """Show the plan of a deploy."""
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan, session_of

    with connection_for_plan(ctx) as connection:
        planned = options.make(session_of(ctx), connection)
        apply_plan(ctx, planned.plan, connection, planned.selection)


def _show_way_back(ctx: ActionContext, session: Session) -> None:
    """Print the id of a run that deployed objects alone, and how to go back before it; tables have no way back."""
    from ahjo_tasks.project.kinds import OBJECTS

    record, kinds = ctx.project.run_record, {event.kind for event in session.steps}
    if record is not None and record.started and kinds & set(OBJECTS) and "migration" not in kinds:
        ctx.console.info(f"  Undo: inv rollback --run {record.run.run_id} {ctx.project.config_flag}".rstrip())


def _options(values: Mapping[str, Any]) -> DeployOptions:
    """Return the options that the flags of a call mean."""
    from ahjo_tasks.api.deploying import DeployOptions, Skipped

    skipped = Skipped(*(bool(values.get(flag.replace("-", "_"))) for flag in SKIP_HELP))
    flags: dict[str, Any] = {name: tuple(values.get(name) or ()) for name in ("files", "select")}
    flags |= {name: values[name] for name in ("all", "prune", "on_drift", "plan") if values.get(name)}
    return DeployOptions(**flags, skipped=skipped)


class _PlanConsent:
    """Consent of the user to the plan of a deploy, which was shown before the question."""

    def __init__(self, ctx: ActionContext, options: DeployOptions, call: str) -> None:
        self._ctx = ctx
        self._options = options
        self._call = call

    def agrees(self, planned: Planned) -> bool:
        """Return whether the user has seen this plan, or no plan."""
        agreed, self._ctx.project.shown_plan = self._ctx.project.shown_plan, None
        return agreed in {None, planned.identity}

    def ask_again(self) -> None:
        """Show the plan as it is now, and ask about it unless there is nothing to do."""
        preview = self.show()
        if not preview.nothing_to_do:
            self._ctx.confirmation.ask_again(self._ctx.project, self._call, preview.warnings)

    def show(self) -> Preview:
        """Show the plan, and return what it destroys, as warnings. Nothing is held afterwards.

        An empty plan of unchanged files is not shown: the deploy itself says that there is nothing to do.
        """
        from ahjo_tasks.actions.plan_formats import print_tree, tree_lines
        from ahjo_tasks.actions.run_plan import session_of
        from ahjo_tasks.api.reports import report_of
        from ahjo_tasks.api.running import describe_once, existing_connection

        session, ctx = session_of(self._ctx), self._ctx
        connection = existing_connection(session)
        describe_once(session, connection)
        planned = self._options.make(session, connection)
        report = report_of(session, planned.plan, planned.changes, connection)
        ctx.database.close(keep=False)
        ctx.project.read_revisions_again()  # a file may change while the user is asked
        nothing_to_do = not planned.plan.steps
        if not nothing_to_do or any(entry.sign != "=" for entry in report.changes):
            print_tree(ctx, tree_lines(report))
        ctx.project.shown_plan = planned.identity
        losses = [f"It destroys data: {loss} in {file}." for file, loss in report.losses]
        more = [f"It destroys {len(losses) - MOST_LOSSES} more: the plan above lists them."]
        return Preview(losses[:MOST_LOSSES] + (more if len(losses) > MOST_LOSSES else []), nothing_to_do)


def _preview_named(ctx: ActionContext, values: Mapping[str, Any]) -> Preview:
    """Show the plan of a call of deploy-files with these flags, before the question."""
    return _PlanConsent(ctx, _named(values), "deploy-files").show()


def _named(values: Mapping[str, Any]) -> DeployOptions:
    """Return the options that the flags of deploy-files mean. Raises UsageError where no file is named."""
    options = _options(values)
    if not options.files:
        raise UsageError("deploy-files needs files.", hint="inv deploy-files --files database/views/dbo.vwOrders.sql")
    return options._replace(skipped=options.skipped._replace(descriptions=True))


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    preview=_preview_named,
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
    from ahjo_tasks.actions.run_plan import session_of
    from ahjo_tasks.api import deploying

    options = _named(locals())
    if ctx.dry_run:
        _show_dry(ctx, options)
        return
    session = session_of(ctx)
    deploying.deploy(session, options, _PlanConsent(ctx, options, "deploy-files"))
    _show_way_back(ctx, session)


@action(affects_database=True)
def structure(ctx: ActionContext) -> None:
    """Deploy schemas, tables and constraints.

    The types, sequences, functions and assemblies that they need are deployed
    with them, assemblies only where they are missing. Without any file in those
    folders, database/create_db_structure.sql is run.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan, session_of
    from ahjo_tasks.api.running import data_progress
    from ahjo_tasks.engine.if_not_exists import refuse_changed_tables
    from ahjo_tasks.engine.object_progress import going_on
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.refresh import plan_refresh
    from ahjo_tasks.engine.sql_file import without_deployed
    from ahjo_tasks.history.store import HistoryStore
    from ahjo_tasks.project.kinds import CLR

    project, variables = ctx.project.files, ctx.settings.scripting_variables
    files = _structure_files(ctx)
    plan = _plan_structure(project, files, variables)
    plan += plan_refresh(ctx.project.object_files, project.dialect)
    plan += Plan((), project.ignored(), project.misnamed())
    with connection_for_plan(ctx) as connection:
        progress = data_progress(session_of(ctx), "table", connection)
        tables = [file for file in files if file.kind == "table"]
        if connection is not None:
            last_text = HistoryStore(connection, ctx.settings).last_text
            changed = filter(progress.has_changed, tables)
            plan = without_deployed(plan, CLR, connection)
            plan += Plan((), (), tuple(refuse_changed_tables(changed, connection, last_text)))
        apply_plan(ctx, going_on(plan, progress), connection)
        if not ctx.dry_run:
            for file in tables:
                progress.file_done(file)
            progress.finish()


def _structure_files(ctx: ActionContext) -> list[SqlFile]:
    """Read the files of the structure, and those of what they need."""
    from ahjo_tasks.project.dependencies import needed_by
    from ahjo_tasks.project.kinds import CLR, STRUCTURE

    project, variables = ctx.project.files, ctx.settings.scripting_variables
    files = project.read(STRUCTURE, variables)
    if not files:
        return []
    clr = project.read((kind for kind in CLR if kind not in project.dialect.unsupported_kinds), variables)
    return [*needed_by(files, [*ctx.project.object_files(), *clr]), *files]


def _plan_structure(project: ProjectFiles, files: Sequence[SqlFile], variables: Mapping[str, object]) -> Plan:
    """Plan files, or the script of the whole structure where there are none. Raises AhjoError without that, too."""
    from ahjo_tasks.engine.sql_file import plan_named, plan_objects
    from ahjo_tasks.project.files import WHOLE_STRUCTURE

    if files:
        return plan_objects(files)
    if not (project.directory / WHOLE_STRUCTURE).is_file():
        raise AhjoError(
            "There is no structure to deploy.",
            hint=f"Put files into database/schemas, tables, constraints, or {WHOLE_STRUCTURE}.",
        )
    return plan_named([project.read_script(WHOLE_STRUCTURE, variables, directives=True)])


@action(affects_database=True, dialects=["mssql"])
def assembly(ctx: ActionContext) -> None:
    """Drop and deploy assemblies and CLR procedures.

    The procedures of database/clr-procedures are dropped, then the assemblies
    of database/assemblies; then both are deployed in the opposite order.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.drop import plan_drop
    from ahjo_tasks.engine.sql_file import plan_objects
    from ahjo_tasks.project.kinds import CLR

    ctx.project.require_support("assembly" not in ctx.project.dialect.unsupported_kinds, "assembly")
    files = ctx.project.files.read(CLR, ctx.settings.scripting_variables)
    plan = plan_drop(files) + plan_objects(files)
    run_plan(ctx, plan)


complete_build = multiaction(
    "complete-build",
    "init",
    "deploy",
    "data",
    "testdata",
    "test",
    doc="Run init, deploy, data, testdata, test.\n\n`init` drops the database and creates it again.",
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
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan, session_of
    from ahjo_tasks.api.changing import DataFiles

    files = DataFiles(session_of(ctx), kind, record_version=record_version, everything=everything)
    if not ctx.dry_run:
        files.load()
        return
    with connection_for_plan(ctx) as connection:
        apply_plan(ctx, files.plan(connection)[0], connection)
