"""The action that writes an existing database into the project."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.console import Console
    from ahjo_tasks.engine.pull import Pull, PulledFile
    from ahjo_tasks.runtime.context import ActionContext
    from ahjo_tasks.runtime.project import Project


@action(
    reads=True,
    auto_shortflags=False,
    iterable=["select", "data"],
    help={
        "select": "Only objects of this name, kind or folder; * stands for anything; repeat for more.",
        "data": "Write the rows of this table to database/data, as CSV; repeat for more.",
        "permissions": "Write roles and grants, too.",
        "definer": "Keep the DEFINER of MySQL in the texts.",
        "overwrite": "Replace files that are there and differ.",
    },
)
def pull(  # noqa: PLR0913, PLR0917 - the flags
    ctx: ActionContext,
    select: list[str] | None = None,
    data: list[str] | None = None,
    permissions: bool = False,
    definer: bool = False,
    overwrite: bool = False,
) -> None:
    """Write the objects of the database into the project.

    A file for each view, routine, trigger and so on, in the server's own words;
    the tables as a first revision, if there is no revision yet. A file that is
    there is kept. With --dry the files are listed. `baseline` then records them
    as deployed.
    """
    ctx.print_heading()
    wanted = Wanted(tuple(select or ()), tuple(data or ()), permissions, definer, overwrite)
    pull_into(ctx.project, wanted, dry=ctx.dry_run)


class Wanted(NamedTuple):
    """The flags of `pull`."""

    select: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    permissions: bool = False
    definer: bool = False
    overwrite: bool = False

    @property
    def whole(self) -> bool:
        """True if the whole database is pulled."""
        return not (self.select or self.data)


def pull_into(project: Project, wanted: Wanted, *, dry: bool) -> None:
    """Write the objects of a project's database into its folder, and print what was written."""
    from ahjo_tasks.engine.pull import Pull, write

    if not project.dialect.script_reader:
        raise UsageError(f"{project.dialect.title} cannot be pulled.")
    reading = Pull(project.files, project.database.connection, project.settings, definer=wanted.definer)
    overwrite = wanted.overwrite
    files: list[PulledFile] = []
    if wanted.whole or wanted.select:
        files += reading.objects(wanted.select, overwrite=overwrite)
    if wanted.permissions:
        files += reading.permissions(overwrite=overwrite)
    files += [file for table in wanted.data for file in reading.rows(table, overwrite=overwrite)]
    if not dry:
        write(files)
    _print_files(project.console, files, dry=dry)
    if wanted.whole:
        _write_revision(project, reading, dry=dry)
    for missing in reading.missing:
        project.console.warning(f"Not pulled: {missing}")
    if wanted.whole and not dry:
        _print_next(project)


def _print_files(console: Console, files: Sequence[PulledFile], *, dry: bool) -> None:
    """Print the files that are written, and count those that are the same."""
    verb = "Plan: write" if dry else "Wrote"
    for file in files:
        if not file.kept:
            console.print(f"  {verb} {file.label}")
        elif not file.same:
            console.warning(f"Kept {file.label}: {file.kept}")
    same = sum(file.same for file in files)
    if same:
        console.print(f"  {pluralize(same, 'file')} had the same text already")


def _write_revision(project: Project, reading: Pull, *, dry: bool) -> None:
    """Write the tables as the first revision; where there are revisions, say that tables are theirs."""
    from ahjo_tasks.engine.pull import write_revision

    tables, migrations = reading.tables, project.migrations
    if not tables.names:
        return
    count = pluralize(len(tables.names), "table")
    if not migrations.present:
        project.console.warning(f"Not pulled: {count}: the project has no alembic.ini, which revisions need.")
    elif migrations.script.get_heads():
        project.console.print(f"  {count} not pulled: the project has revisions already, which create its tables")
    elif dry:
        project.console.print(f"  Plan: write a first revision with {count}")
    else:
        path = write_revision(migrations, tables, Path(project.database_name).stem, project.database.connection)
        project.console.print(f"  Wrote {path.relative_to(project.directory)}: {count}")


def _print_next(project: Project) -> None:
    project.console.print()
    project.console.print("Next:", "head")
    if project.directory != Path.cwd():
        project.console.print(f"  cd {shlex.quote(os.path.relpath(project.directory))}")
    for command in ("baseline", "plan"):
        project.console.print(f"  inv {command} {project.config_flag}".rstrip())
