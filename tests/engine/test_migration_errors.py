"""Which of several errors of a migration is the one to report."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cli_runner import sqlite
from projects import make_project
from revisions import revision
from sqlalchemy.exc import OperationalError

from ahjo_tasks.engine.migration_errors import original_error

if TYPE_CHECKING:
    from pathlib import Path

    from projects import RunningProject


class DriverError(Exception):
    """What a driver raises."""


def last_of(*errors: Exception) -> Exception:
    """The last of the errors, each raised while the one before it was handled."""
    for before, after in pairwise(errors):
        after.__context__ = before
    return errors[-1]


REFUSED = DriverError("ROLLBACK can only be used in transaction blocks")


def first() -> OperationalError:
    return OperationalError("CREATE TABLE alembic_version (x int)", None, DriverError("no permission"))


def test_a_rollback_that_fails_does_not_hide_why_it_was_done(tmp_path: Path) -> None:
    """Also where no line of the project is involved, as when Alembic creates its own table."""
    created = first()
    assert original_error(last_of(created, REFUSED, OperationalError(None, None, REFUSED)), tmp_path) is created


def test_an_error_that_was_handled_before_is_not_taken_for_the_one_that_counts(tmp_path: Path) -> None:
    last = last_of(first(), REFUSED, OperationalError("SELECT 1", None, REFUSED))
    assert original_error(last, tmp_path) is last


def test_a_down_revision_that_no_file_has_is_named_with_its_line(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite())
    revision(project, "one", None)
    revision(project, "two", "deadbeef")
    (tmp_path / "shop.db").touch()
    for words in (("deploy",), ("alembic", "--", "upgrade", "head")):
        done = project.inv(*words[:1], "--config", "dev.json", *words[1:], config=None)
        assert done.code == 2, done.text
        place = "alembic/versions/two.py:5: no revision is called 'deadbeef', its down_revision"
        assert place in done.err
        assert "Warning" not in done.err


def test_what_is_wrong_among_the_files_is_told_with_their_names(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite())
    (tmp_path / "shop.db").touch()
    revision(project, "one", None)
    project.write("alembic/versions/copy.py", (tmp_path / "alembic/versions/one.py").read_text(encoding="utf-8"))
    assert "alembic/versions/one.py: revision one is that of copy.py, too" in refused(project)
    (tmp_path / "alembic/versions/copy.py").unlink()
    revision(project, "two", "three")
    revision(project, "three", "two")
    circle = refused(project)
    assert "circular dependency: " in circle
    assert "two (two.py)" in circle
    assert "three (three.py)" in circle
    (tmp_path / "alembic").rename(tmp_path / "elsewhere")
    assert "alembic.ini: script_location: there is no folder alembic" in refused(project)


def refused(project: RunningProject) -> str:
    """What is said of revisions that cannot be read, by deploy and by Alembic's command alike."""
    texts = []
    for words in (("deploy",), ("alembic", "--", "upgrade", "head")):
        done = project.inv(*words[:1], "--config", "dev.json", *words[1:], config=None)
        assert done.code == 2, done.text
        assert "Warning" not in done.err
        texts.append(done.err)
    assert texts[0].splitlines()[0] == texts[1].splitlines()[0]
    return texts[0]
