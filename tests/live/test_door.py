"""SQL text reaches every server as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

    from ahjo_tasks.door import Door

TRICKY = (
    "%s %(a)s %% :name ::int ? ?? {0} {fn x} {{ \\ \\n $1 $$ $tag$ @x ä € \U0001d518 \u00a0 \t ; -- /* '' \" ` [ ] #"
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def door(live: Deployed) -> Iterator[Door]:
    with live.door() as opened:
        yield opened


def same(door: Door, text: str) -> None:
    assert door.query(f"SELECT {door.dialect.literal(text)}") == [(text,)]


def test_no_character_is_a_parameter(door: Door) -> None:
    same(door, TRICKY.replace("\t", ""))
    same(door, "one line\nand another")
    assert door.query("SELECT 1 /* ? %s :x {fn y} */ -- ? %s :x {") == [(1,)]


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
@given(text=TEXTS)
@QUICK
def test_any_text_in_is_the_text_out(door: Door, text: str) -> None:
    same(door, text)


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
@given(text=TEXTS)
@QUICK
def test_any_name_is_quoted(door: Door, text: str) -> None:
    name = f"n{text[:15]}"
    door.run("DROP TABLE IF EXISTS " + door.dialect.quote(name))
    door.run(f"CREATE TABLE {door.dialect.quote(name)} (id INTEGER)")
    assert door.query(f"SELECT * FROM {door.dialect.quote(name)}") == []
    door.run("DROP TABLE " + door.dialect.quote(name))


def test_a_nul_character_is_refused_or_passed_but_never_the_end_of_the_text(door: Door) -> None:
    try:
        rows = door.query("SELECT 1 -- \0\n + 1")
    except StatementError:
        return
    assert rows == [(2,)]


def test_an_error_after_another_leaves_the_connection_usable(door: Door) -> None:
    for _ in range(2):
        with pytest.raises(StatementError, match="nowhere"):
            door.run("SELECT * FROM nowhere")
    assert door.query("SELECT 1") == [(1,)]
