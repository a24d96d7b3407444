"""Running SQL tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.action import action
from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from ahjo_tasks.context import ActionContext
    from ahjo_tasks.testing import FileResult


@action
def test(ctx: ActionContext) -> None:
    """Run database/tests and show what failed.

    A row passes when its column `result` says ok. With `exit_on_test_failure` in the config a failed row ends the
    chain of actions with exit code 1; a file that the server refuses always does.
    """
    from ahjo_tasks.testing import run_tests

    files = ctx.workspace.project.read(["test"], ctx.settings.test_variables)
    ctx.announce(ctx.stack[0])
    if ctx.dry:
        ctx.console.line(f"  Plan: {len(files)} test files (dry run: nothing is run)")
        return
    results = []
    for number, result in enumerate(run_tests(files, ctx.session.door), 1):
        _show(ctx, number, len(files), result)
        results.append(result)
    _conclude(ctx, results)


def _show(ctx: ActionContext, number: int, total: int, result: FileResult) -> None:
    checked = result.passed + result.failed
    status = "FAIL" if result.failed else "ok"
    detail = f"{result.seconds:.2f}s, {result.passed}/{checked} passed"
    ctx.console.result(ctx.console.count(number, total), result.file.label, status, detail)
    for message in result.messages:
        ctx.console.line(f"      {message}")
    if result.error:
        ctx.console.error(result.error)
    _show_rows(ctx, result)


def _show_rows(ctx: ActionContext, result: FileResult) -> None:
    """The failed rows, or all of them where nothing says what is ok."""
    from ahjo_tasks.testing import shown_columns

    rows = [check.row for check in result.checks if not check.passed]
    if rows:
        columns = shown_columns(result.columns)
        ctx.console.table(
            [column.replace("_", " ").capitalize() for column in columns],
            [[row.get(column) for column in columns] for row in rows],
        )


def _conclude(ctx: ActionContext, results: list[FileResult]) -> None:
    broken = [result.file.label for result in results if result.error]
    passed, failed = (sum(getattr(result, what) for result in results) for what in ("passed", "failed"))
    if not results:
        ctx.console.note("There are no tests in database/tests.")
        return
    said = f"{passed}/{passed + failed} checks passed in {len(results)} files"
    if broken:
        raise AhjoError(f"{said}; could not be run: {', '.join(broken)}")
    if failed and ctx.settings.exit_on_test_failure:
        raise AhjoError(said)
    (ctx.console.warn if failed else ctx.console.line)(f"  {said}" if not failed else said)
