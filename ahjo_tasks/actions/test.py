"""Actions that run SQL tests, and create the table and view of their results."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ahjo_tasks.console.console import add_to_step_summary
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.events import FileTested
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.events import Event
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext
    from ahjo_tasks.testing.sql_tests import FileResult

TABLE = "table"


@action(
    auto_shortflags=False,
    help={
        "match": "Run the files whose name matches, as in 'order*'.",
        "jobs": "Number of parallel jobs, each on its own connection.",
        "format": "table, junit, tap, json, github or markdown.",
        "output": "Write the report to this file; without it, it is shown in place of the table.",
    },
)
def test(ctx: ActionContext, match: str = "", jobs: int = 1, format: str = TABLE, output: str = "") -> None:  # noqa: A002 - the flag's name
    """Run database/tests and show what failed.

    A row passes when its column `result` says ok. With `exit_on_test_failure`
    in the config a failed row ends the chain of actions with exit code 1; a
    file that the server refuses always does. A comment `-- transaction:
    rollback` in a file takes back what it changed.
    """
    from ahjo_tasks.actions.run_plan import session_of
    from ahjo_tasks.api.changing import chosen_tests, run_tests

    _check(format, output, jobs)
    shown = format == TABLE or output
    if not shown:
        ctx.console.machine()
    session = session_of(ctx) if shown else session_of(ctx, partial(_count, ctx))
    files = chosen_tests(session, match)
    ctx.print_heading()
    if ctx.dry_run:
        _print_plan(ctx, files)
        return
    started = datetime.now()  # noqa: DTZ005 - the column of the results' table has no zone
    results = run_tests(session, files, jobs)
    _write_report(ctx, results, format, output)
    saved = not ctx.settings.save_test_results_to_db or _save(ctx, results, started)
    _conclude(ctx, results, saved=saved)


@action(
    affects_database=True, auto_shortflags=False, help={"match": "Run the tests whose name matches, as in 'order*'."}
)
def rehearse(ctx: ActionContext, match: str = "") -> None:
    """Deploy and test in a transaction that is rolled back.

    Nothing of it stays, and the history has no run of it. Where a step cannot
    be rolled back (MySQL, files that run outside of a transaction), it is
    refused before anything runs.
    """
    from ahjo_tasks.actions.run_plan import connection_for_plan, session_of, show_plan
    from ahjo_tasks.api import changing
    from ahjo_tasks.api.deploying import Skipped, plan_changes, read_objects
    from ahjo_tasks.engine.rehearsal import refuse_rehearsal

    session = session_of(ctx)
    tests = changing.chosen_tests(session, match)
    with connection_for_plan(ctx) as connection:
        if connection is None:
            raise UsageError("There is no database yet.", hint="inv init deploy creates it.")
        plan, _selection = plan_changes(session, read_objects(session), connection, Skipped())
        refuse_rehearsal(plan, connection)
        show_plan(ctx, plan, connection, _selection)
        if ctx.dry_run:
            _print_plan(ctx, tests)
            return
        results: list[FileResult] = []
        changing.rehearse(session, plan, connection, lambda: results.extend(changing.run_tests(session, tests)))
        ctx.console.print("  All of it was rolled back.")
        _write_report(ctx, results, TABLE, "")
        _conclude(ctx, results, saved=True)


def _count(ctx: ActionContext, event: Event) -> None:
    """Count a file of tests that is not shown."""
    if isinstance(event, FileTested):
        ctx.console.counts.results["FAIL" if event.failed else "OK"] += 1


@action(affects_database=True)
def create_test_table(ctx: ActionContext) -> None:
    """Create the table of test results."""
    from ahjo_tasks.testing.saved_results import create_table

    name = ctx.settings.test_table_name
    if ctx.dry_run:
        ctx.console.print(f"  Plan: create {name} if it is missing (dry run: nothing is changed)")
        return
    created = create_table(ctx.settings, ctx.database.connection)
    ctx.console.print(f"  Created {name}" if created else f"  {name} exists already")


@action(affects_database=True)
def create_test_view(ctx: ActionContext) -> None:
    """Create or replace the view of test results."""
    from ahjo_tasks.testing.saved_results import create_view

    name = ctx.settings.test_view_name
    if ctx.dry_run:
        ctx.console.print(f"  Plan: create {name} (dry run: nothing is changed)")
        return
    create_view(ctx.settings, ctx.database.connection)
    ctx.console.print(f"  Created {name}")


def _check(form: str, output: str, jobs: int) -> None:
    if form != TABLE:
        from ahjo_tasks.testing.reports import REPORTS

        if form not in REPORTS:
            raise UsageError(f"There is no format {form!r}.", hint=f"It is one of: {TABLE}, {', '.join(REPORTS)}.")
    elif output:
        raise UsageError("--output needs a --format.", hint="inv test --format junit --output build/tests.xml")
    if jobs < 1:
        raise UsageError("--jobs must be at least 1.")


def _print_plan(ctx: ActionContext, files: Sequence[SqlFile]) -> None:
    """Print the files that would run."""
    ctx.console.print(f"  Plan: {pluralize(len(files), 'test file')} (dry run: nothing is run)")
    for number, file in enumerate(files, 1):
        ctx.console.print(f"  {number:>{len(str(len(files)))}}. {file.label}")


def _save(ctx: ActionContext, results: Sequence[FileResult], started: datetime) -> bool:
    """Save the rows; print what could not be saved, and return whether all of them were."""
    from ahjo_tasks.testing.saved_results import save

    try:
        with ctx.database.separate_connection() as connection:
            count = save(results, ctx.settings, connection, started)
    except AhjoError as error:
        ctx.console.error(error)
        return False
    ctx.console.print(f"  Saved {pluralize(count, 'row')} to {ctx.settings.test_table_name}")
    return True


def _write_report(ctx: ActionContext, results: Sequence[FileResult], form: str, output: str) -> None:
    from ahjo_tasks.actions.plan_formats import write_output
    from ahjo_tasks.api.reports import folder_in_repository
    from ahjo_tasks.testing.reports import REPORTS, markdown

    if form == TABLE or output:
        _print_failures(ctx, results)
    if results:
        add_to_step_summary(ctx.console.masked(markdown(results)))
    if form == TABLE:
        return
    text = REPORTS[form](results, folder_in_repository(ctx.project.directory)).rstrip("\n")
    if output:
        write_output(ctx, output, text)
    else:
        ctx.console.raw(text)


def _print_failures(ctx: ActionContext, results: Sequence[FileResult]) -> None:
    """Print failures file by file; then the rows of files that do not say which rows are ok."""
    for result in sorted(results, key=lambda result: not result.failed):
        if result.error:
            ctx.console.error(result.error)
        _print_rows(ctx, result)


def _print_rows(ctx: ActionContext, result: FileResult) -> None:
    from ahjo_tasks.testing.sql_tests import shown_columns, shown_value

    rows = [row.values for row in result.rows if not row.passed]
    if not rows:
        return
    columns = shown_columns(result.columns)
    ctx.console.print()
    ctx.console.print(f"  {result.file.label}")
    ctx.console.table(
        [column.replace("_", " ").capitalize() for column in columns],
        [[shown_value(row[column]) if column in row else None for column in columns] for row in rows],
    )


def _conclude(ctx: ActionContext, results: Sequence[FileResult], *, saved: bool) -> None:
    from ahjo_tasks.testing.reports import summary

    broken = [result.file.label for result in results if result.error]
    failed = sum(result.failed for result in results)
    passed = summary(results)
    problems = [f"could not be run: {', '.join(broken)}"] if broken else []
    problems += [] if saved else ["the results were not saved"]
    if problems or (failed and ctx.settings.exit_on_test_failure):
        raise AhjoError("; ".join([passed, *problems]))
    if failed:
        ctx.console.warning(passed)
    elif results:
        ctx.console.print(f"  {passed}")
    else:
        ctx.console.info("There are no tests in database/tests.")
