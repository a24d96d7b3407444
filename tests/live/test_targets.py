from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from targets import Target


def test_a_target_shows_what_is_in_its_databases(target: Target) -> None:
    first, second = target.create_database(), target.create_database()
    target.query("CREATE TABLE one (id INTEGER)", first)
    target.query("INSERT INTO one VALUES (1)", first)
    assert target.query("SELECT id FROM one", first) == [(1,)]
    with pytest.raises(Exception, match="one"):
        target.query("SELECT id FROM one", second)


def test_a_target_drops_a_database_that_is_in_use(target: Target) -> None:
    database = target.create_database()
    with target.connect(database):
        target.drop_all()
    if target.url is None:
        assert list(target.directory.iterdir()) == []
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011 - the driver's own, in its own words
            target.query("SELECT 1", database)


def test_a_target_forgives_a_database_that_was_never_made(target: Target) -> None:
    target.new_database_name()
    target.drop_all()
