"""Files that drop an object on which others depend, and recreate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed

pytestmark = pytest.mark.parametrize("target", ["postgresql", "mssql"], indirect=True)


def view(live: Deployed, name: str, query: str, *, drops: bool = True) -> None:
    schema = "dbo" if live.target.name == "mssql" else "public"
    drop = f"DROP VIEW IF EXISTS {schema}.{name};\n" if drops else ""
    apart = "GO\n" if drops and live.target.name == "mssql" else ""
    bound = " WITH SCHEMABINDING" if live.target.name == "mssql" else ""
    text = f"{drop}{apart}CREATE VIEW {schema}.{name}{bound} AS {query.replace('FROM ', f'FROM {schema}.')};\n"
    live.write(f"database/views/{schema}.{name}.sql", text)


def chain(live: Deployed, one: str = "1") -> None:
    """Three views that each use the one before, their names in the opposite order; one that uses none."""
    view(live, "c", f"SELECT {one} AS x")
    view(live, "b", "SELECT x FROM c")
    view(live, "a", "SELECT x + 1 AS y FROM b")
    view(live, "alone", "SELECT 5 AS z")


def test_a_view_is_recreated_with_its_dependents(live: Deployed) -> None:
    chain(live)
    live.succeed("deploy")
    chain(live, "41")
    done = live.succeed("deploy", "--all")
    assert live.rows("SELECT y FROM a") == [(42,)]
    assert "OK=4 FAIL=0" in done.out
    assert "alone" not in "".join(line for line in done.out.splitlines() if "recreated with" in line)


def test_nothing_changes_if_a_dependent_cannot_be_recreated(live: Deployed) -> None:
    chain(live)
    live.succeed("deploy")
    chain(live, "41")
    view(live, "a", "SELECT nothing FROM b")
    done = live.fail("deploy")
    assert ".a.sql:" in done.err
    assert "nothing" in done.err
    assert live.rows("SELECT y FROM a") == [(2,)]


def test_a_dependent_in_no_file_is_not_dropped(live: Deployed) -> None:
    chain(live)
    view(live, "kept", "SELECT x FROM c", drops=False)
    live.succeed("deploy")
    for path in (live.directory / "database" / "views").glob("*.kept.sql"):
        path.unlink()
    done = live.fail("deploy", "--all")
    assert ".c.sql" in done.err
    assert live.rows("SELECT x FROM kept") == live.rows("SELECT x FROM b") == [(1,)]


def test_a_plain_create_is_enough_for_a_dependent(live: Deployed) -> None:
    chain(live)
    view(live, "kept", "SELECT x FROM c", drops=False)
    live.succeed("deploy")
    chain(live, "41")
    live.succeed("deploy")
    assert live.rows("SELECT x FROM kept") == [(41,)]
    assert "nothing to do" in live.succeed("deploy").text
