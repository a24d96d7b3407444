"""Small files are sent in one call on PostgreSQL, with the same outcome as one by one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from inside import Deployed, deployed

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target


@pytest.fixture
def shop(postgresql_target: Target, tmp_path: Path) -> Deployed:
    return deployed(postgresql_target, tmp_path / "shop")


def views(shop: Deployed, **texts: str) -> None:
    """Files of these names; `{}` in a text is the view's name."""
    for name, text in texts.items():
        shop.write(f"database/views/{name}.sql", text.replace("{}", f"public.{name}"))


def transactions(shop: Deployed, *names: str) -> list[int]:
    """The transactions that created the views, by the order of their names."""
    rows = dict(shop.rows("SELECT relname, xmin::text::int FROM pg_class WHERE relkind = 'v'"))
    return [rows[name] for name in names]


def existing(shop: Deployed) -> set[str]:
    return {row[0] for row in shop.rows("SELECT relname FROM pg_class WHERE relkind = 'v' AND relname ~ '^v[0-9]'")}


PLAIN = "CREATE OR REPLACE VIEW {} AS SELECT 1 AS id;\n"
LATE = "CREATE VIEW {} AS SELECT 1 AS id;\n\nCREATE VIEW public.late AS\n    SELECT * FROM public.nothing;\n"


def test_files_share_a_transaction_and_each_is_reported_in_order(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2=PLAIN, v3=PLAIN)

    done = shop.succeed("deploy")

    assert len(set(transactions(shop, "v1", "v2", "v3"))) == 1
    assert re.findall(r"(\d/3) view database/views/(v\d)\.sql \.+ ok", done.out) == [
        ("1/3", "v1"),
        ("2/3", "v2"),
        ("3/3", "v3"),
    ]
    assert "OK=3" in done.out


def test_a_failing_file_leaves_what_came_before_it_and_nothing_else(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2=PLAIN, v3=LATE, v4=PLAIN)
    shop.reconfigure(deploy_transaction="file")

    done = shop.fail("deploy")

    assert existing(shop) == {"v1", "v2"}
    assert "v3.sql:4:19: 42P01" in done.err
    assert '"public.nothing"' in done.err
    assert "2 of 4 steps committed; database/views/v3.sql was rolled back." in done.err
    assert [done.out.count(f"v{number}.sql") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert "OK=2 FAIL=1 SKIP=1" in done.out


def test_a_syntax_error_is_placed_in_its_file(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2="CREATE VIEW {} AS\n    SELECT 1 AS FROM x;\n", v3=PLAIN)
    shop.reconfigure(deploy_transaction="file")

    done = shop.fail("deploy")

    assert "v2.sql:2:22: 42601" in done.err
    assert existing(shop) == {"v1"}


def test_what_failed_can_be_deployed_after_its_repair(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2=LATE)
    shop.fail("deploy")
    views(shop, v2=PLAIN)

    shop.succeed("deploy")

    assert existing(shop) == {"v1", "v2"}


@pytest.mark.parametrize("last", [PLAIN, LATE])
def test_the_server_is_quoted_once(shop: Deployed, last: str) -> None:
    views(
        shop,
        v1="DROP VIEW IF EXISTS public.missing1;\n" + PLAIN,
        v2="DROP VIEW IF EXISTS public.missing2;\n" + PLAIN,
        v3=last,
    )

    done = shop.here("deploy")

    assert done.text.count('"missing1"') == 1
    assert done.text.count('"missing2"') == 1


@pytest.mark.parametrize(
    "control",
    [
        "COMMIT",
        "BEGIN;\nCOMMIT",
        "SET LOCAL search_path TO pg_catalog",
        "/* then */ SET lock_timeout = 0",
        "DO $$ BEGIN COMMIT; END $$",
    ],
)
def test_a_file_that_controls_transactions_goes_alone(shop: Deployed, control: str) -> None:
    views(shop, v1=PLAIN, v2=f"{PLAIN}{control};\n", v3=PLAIN, v4=PLAIN)

    shop.here("deploy")

    first, second, third, fourth = transactions(shop, "v1", "v2", "v3", "v4") if "DO" not in control else (1, 2, 3, 3)
    assert first != second != third == fourth


def test_what_a_file_begins_it_may_leave_open_for_nobody(shop: Deployed) -> None:
    views(shop, v1=f"SET LOCAL search_path TO pg_catalog;\n{PLAIN}", v2="CREATE VIEW v2 AS SELECT 1 AS id;\n")

    shop.succeed("deploy")

    assert shop.rows("SELECT schemaname FROM pg_views WHERE viewname = 'v2'") == [("public",)]


def test_bodies_comments_and_missing_semicolons_do_not_touch_the_next_file(shop: Deployed) -> None:
    body = "AS $body$ BEGIN COMMIT; PERFORM 'it''s; -- $$'; END $body$"
    shop.write("database/functions/f1.sql", f"CREATE FUNCTION f1() RETURNS void LANGUAGE plpgsql {body}")
    shop.write(
        "database/functions/f2.sql", "CREATE FUNCTION f2() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$; -- the end"
    )
    shop.write("database/functions/f3.sql", "CREATE FUNCTION f3() RETURNS int RETURN 3 -- the end;")
    atomic = "BEGIN ATOMIC\n SELECT 1;\n SELECT CASE WHEN true THEN 4 END;\nEND"
    shop.write("database/functions/f4.sql", f"CREATE FUNCTION f4() RETURNS int {atomic}")
    shop.write("database/functions/f5.sql", "CREATE FUNCTION f5() RETURNS int RETURN 5;")

    shop.succeed("deploy")

    assert shop.rows("SELECT f2(), f3(), f4(), f5()") == [(1, 3, 4, 5)]


def test_a_file_that_may_not_be_in_a_transaction_goes_alone(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2=f"-- transaction: off\n{PLAIN}", v3=PLAIN)

    shop.succeed("deploy")

    first, second, third = transactions(shop, "v1", "v2", "v3")
    assert first != second != third


def test_hundreds_of_files_go_in_several_calls(shop: Deployed) -> None:
    names = [f"v{number:03}" for number in range(205)]
    views(shop, **dict.fromkeys(names, PLAIN))

    shop.succeed("deploy")

    found = transactions(shop, *names)
    assert [found.count(transaction) for transaction in dict.fromkeys(found)] == [100, 100, 5]


def test_a_large_file_leaves_its_call_to_few(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2=PLAIN + "-- " + "x" * 262_144, v3=PLAIN, v4=PLAIN)

    shop.succeed("deploy")

    first, second, third, fourth = transactions(shop, "v1", "v2", "v3", "v4")
    assert first != second != third == fourth


def test_a_file_that_waits_for_a_lock_keeps_nobody_else_waiting(shop: Deployed) -> None:
    views(shop, v1=PLAIN, v2=PLAIN, v3=PLAIN)
    shop.succeed("deploy")
    before = transactions(shop, "v1", "v2", "v3")
    shop.reconfigure(lock_timeout=2, deploy_transaction="file")

    with shop.target.connect(shop.database) as reader:
        reader.autocommit = False
        reader.execute("SELECT * FROM v2")
        done = shop.fail("deploy", "--all")
        reader.rollback()

    assert "v2.sql" in done.err
    assert "lock timeout" in done.err
    after = transactions(shop, "v1", "v2", "v3")
    assert [was == now for was, now in zip(before, after, strict=True)] == [False, True, True]


def test_one_transaction_of_the_whole_action_is_still_one(shop: Deployed) -> None:
    shop.reconfigure(context_connectable_type="connection", transaction_mode="begin_once")
    views(shop, v1=PLAIN, v2=LATE)

    done = shop.fail("deploy")

    assert "v2.sql:4:19" in done.err
    assert existing(shop) == set()
