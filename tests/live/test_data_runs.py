"""Data files are run each time, once or on change, and a run that did not end goes on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kills import before_record, before_step, killed

if TYPE_CHECKING:
    from inside import Deployed

INSERT = "INSERT INTO item VALUES ({});\n"


@pytest.fixture
def shop(live: Deployed) -> Deployed:
    """A table, and nothing that fills it yet."""
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    return live


def ids(live: Deployed) -> list[int]:
    return sorted(row[0] for row in live.rows("SELECT id FROM item"))


def script(live: Deployed, name: str, *numbers: int, head: str = "") -> None:
    live.write(f"database/data/{name}.sql", head + "".join(map(INSERT.format, numbers)))


def test_a_script_runs_each_time_unless_its_header_says_otherwise(shop: Deployed) -> None:
    script(shop, "a", 1)
    script(shop, "b", 2, head="-- run: once\n")
    script(shop, "c", 3, head="-- run: on change\n")
    shop.succeed("data")
    shop.succeed("data")
    assert ids(shop) == [1, 1, 2, 3]
    script(shop, "b", 20, head="-- run: once\n")
    script(shop, "c", 30, head="-- run: on change\n")
    shop.succeed("data")
    assert ids(shop) == [1, 1, 1, 2, 3, 30]
    shop.succeed("data", "--all")
    assert ids(shop) == [1, 1, 1, 1, 2, 3, 20, 30, 30]


def test_a_table_file_runs_as_its_options_say(shop: Deployed) -> None:
    shop.write("database/data/item.csv", "id\n7\n")
    shop.write("database/data/item.load.yaml", "run: on change\n")
    shop.succeed("data")
    assert "unchanged since it was run" in shop.succeed("data").text
    assert ids(shop) == [7]
    shop.write("database/data/item.csv", "id\n8\n")
    shop.succeed("data")
    assert ids(shop) == [7, 8]


def test_a_rule_with_a_typo_is_named_and_runs_each_time(shop: Deployed) -> None:
    script(shop, "a", 1, head="-- run: onse\n")
    assert "a.sql:1:1: run: expected always, once, on change, got 'onse'" in shop.succeed("data").text


def test_a_failed_run_goes_on_behind_the_files_that_are_done(shop: Deployed) -> None:
    script(shop, "a", 1)
    shop.write("database/data/b.sql", "INSERT INTO nowhere VALUES (1);\n")
    shop.fail("data")
    script(shop, "b", 2)
    assert "a.sql: done by the run before" in shop.succeed("data").text
    assert ids(shop) == [1, 2]
    shop.succeed("data")
    assert ids(shop) == [1, 1, 2, 2]


def test_a_killed_run_goes_on_behind_the_files_that_are_done(shop: Deployed) -> None:
    shop.reconfigure(lock_timeout=20)
    for number, name in enumerate("abcd", 1):
        script(shop, name, number)
    killed(shop, "data", kill=before_step(2))
    assert ids(shop) == [1, 2]
    shop.succeed("data")
    assert ids(shop) == [1, 2, 3, 4]


def test_a_failed_script_goes_on_behind_the_statements_that_were_committed(shop: Deployed) -> None:
    head = "-- transaction: off\n"
    if shop.target.name == "mssql":
        pytest.skip("a file is one batch")
    script(shop, "a", 1, 2, head=head)
    with (shop.directory / "database/data/a.sql").open("a") as file:
        file.write("INSERT INTO nowhere VALUES (3);\n")
    shop.fail("data")
    script(shop, "a", 1, 2, 3, head=head)
    done = shop.succeed("data")
    assert "is not known" not in done.text
    assert ids(shop) == [1, 2, 3]


def test_the_one_statement_that_may_be_done_is_named_after_a_kill(shop: Deployed) -> None:
    if shop.target.name == "mssql":
        pytest.skip("a file is one batch")
    shop.reconfigure(lock_timeout=20)
    script(shop, "a", 1, 2, 3, head="-- transaction: off\n")
    killed(shop, "data", kill=before_record(2))
    assert ids(shop) == [1, 2]
    done = shop.succeed("data")
    assert "a.sql:3: the run before was ended here: whether this statement was done is not known" in done.text
    assert ids(shop) == [1, 2, 2, 3]
