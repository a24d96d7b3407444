"""Files that drop and create their objects: what else stood on these is given back, or named."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

VIEW = "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT {} AS one;\n"
MATVIEW = "DROP MATERIALIZED VIEW IF EXISTS m;\nCREATE MATERIALIZED VIEW m AS SELECT {} AS one;\n"
FUNCTION = "DROP FUNCTION IF EXISTS f;\nCREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT {}';\n"
PROCEDURE = "DROP PROCEDURE IF EXISTS p;\nCREATE PROCEDURE p() SELECT {};\n"
GIVEN = "given back to the new object: "
RIGHTS = "SELECT COALESCE(array_to_string(relacl, ' '), '') FROM pg_class WHERE relname = 'v'"


@contextmanager
def role(live: Deployed) -> Iterator[str]:
    """Have a role on the server, which may do nothing."""
    name = f"{live.database}_r"
    live.by_hand(f"CREATE ROLE {name}")
    try:
        yield name
    finally:
        live.by_hand(*([f"DROP OWNED BY {name}"] * (live.target.name == "postgresql")), f"DROP ROLE {name}")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_rights_comments_and_indexes_made_by_hand_are_given_back_and_said(live: Deployed) -> None:
    live.write("database/views/v.sql", VIEW.format(1))
    live.write("database/views/m.sql", MATVIEW.format(1))
    live.write("database/functions/f.sql", FUNCTION.format(1))
    live.succeed("deploy")
    with role(live) as name:
        live.by_hand(
            f"GRANT SELECT ON v TO {name} WITH GRANT OPTION",
            "COMMENT ON VIEW v IS 'about v'",
            "CREATE INDEX by_hand ON m (one)",
            "REVOKE ALL ON FUNCTION f FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION f TO {name}",
        )
        for file, text in (("views/v", VIEW), ("views/m", MATVIEW), ("functions/f", FUNCTION)):
            live.write(f"database/{file}.sql", text.format(2))
        done = live.succeed("deploy").text
        assert sorted(line.partition(GIVEN)[2] for line in done.splitlines() if GIVEN in line) == [
            "COMMENT ON VIEW public.v IS 'about v'",
            "CREATE INDEX by_hand ON public.m USING btree (one)",
            f"GRANT EXECUTE ON ROUTINE public.f(integer) TO {name}",
            f"GRANT SELECT ON public.v TO {name} WITH GRANT OPTION",
            "REVOKE ALL ON ROUTINE public.f(integer) FROM PUBLIC",
        ]
        assert live.rows(f"SELECT has_table_privilege('{name}', 'v', 'SELECT WITH GRANT OPTION')") == [(True,)]
        assert live.rows("SELECT count(*) FROM pg_class WHERE relname = 'by_hand'") == [(1,)]
        assert live.rows("SELECT one FROM v UNION ALL SELECT f(1)") == [(2,), (2,)]
        assert "nothing to do" in live.succeed("deploy").out
        assert "No differences" in live.succeed("drift").out


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_a_file_gave_and_gives_no_more_is_not_given_back(live: Deployed) -> None:
    with role(live) as name:
        live.write("database/views/v.sql", f"{VIEW.format(1)}GRANT SELECT ON v TO {name};\n")
        live.write("database/views/m.sql", f"{MATVIEW.format(1)}CREATE INDEX own ON m (one);\n")
        live.write("database/views/other.sql", "DROP INDEX IF EXISTS other;\nCREATE INDEX other ON m (one);\n")
        live.succeed("deploy")
        live.by_hand(f"GRANT UPDATE ON v TO {name}")
        live.write("database/views/v.sql", VIEW.format(2))
        live.write("database/views/m.sql", MATVIEW.format(2))
        done = live.succeed("deploy").text
        lost = "Warning: lost with its object, whose file says who has rights"
        assert f"{lost}: GRANT SELECT ON public.v TO {name}" in done
        assert f"{lost}: GRANT UPDATE ON public.v TO {name}" in done
        assert GIVEN not in done
        assert live.rows(RIGHTS) == [("",)]
        assert live.rows("SELECT count(*) FROM pg_class WHERE relname IN ('own', 'other')") == [(1,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_the_new_object_cannot_have_is_named_and_the_file_runs(live: Deployed) -> None:
    live.write("database/views/m.sql", MATVIEW.format(1))
    live.succeed("deploy")
    live.by_hand("CREATE INDEX by_hand ON m (one)")
    live.write("database/views/m.sql", MATVIEW.format(1).replace("AS one", "AS two"))
    assert "Warning: lost with its object, and not given back: CREATE INDEX by_hand" in live.succeed("deploy").text
    assert live.rows("SELECT two FROM m") == [(1,)]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_rights_on_a_routine_are_given_back_or_named_where_its_file_fails(live: Deployed) -> None:
    live.write("database/procedures/p.sql", PROCEDURE.format(1))
    live.succeed("deploy")
    with role(live) as name:
        live.by_hand(f"GRANT EXECUTE ON PROCEDURE p TO {name}")
        live.write("database/procedures/p.sql", PROCEDURE.format(2))
        assert f"{GIVEN}GRANT EXECUTE ON PROCEDURE `p` TO '{name}'" in live.succeed("deploy").text
        live.write("database/procedures/p.sql", PROCEDURE.format("FROM"))
        lost = f"Warning: lost with its object, which was dropped: GRANT EXECUTE ON PROCEDURE `p` TO '{name}'"
        assert lost in live.fail("deploy").text


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_trigger_of_a_view_is_given_back_unless_a_file_creates_it(live: Deployed) -> None:
    trigger = "CREATE TRIGGER {0} INSTEAD OF {0} ON v BEGIN SELECT 1; END"
    live.write("database/views/v.sql", VIEW.format(1))
    live.write("database/triggers/insert.sql", trigger.format("'insert'").replace("OF 'insert'", "OF INSERT") + ";\n")
    live.succeed("deploy")
    live.by_hand("CREATE TRIGGER by_hand INSTEAD OF DELETE ON v BEGIN SELECT 1; END")
    live.write("database/views/v.sql", VIEW.format(2))
    done = live.succeed("deploy").text
    assert [line.partition(GIVEN)[2] for line in done.splitlines() if GIVEN in line] == [
        "CREATE TRIGGER by_hand INSTEAD OF DELETE ON v BEGIN SELECT 1; END"
    ]
    assert live.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1") == [("by_hand",), ("insert",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_file_that_gives_rights_decides_for_its_own_objects_alone(live: Deployed) -> None:
    with role(live) as name:
        live.write("database/views/v.sql", VIEW.format(1))
        live.write("database/views/w.sql", f"{VIEW.replace(' v', ' w').format(1)}GRANT SELECT ON w TO {name};\n")
        live.succeed("deploy")
        live.by_hand(f"GRANT SELECT ON v TO {name}", f"GRANT UPDATE ON w TO {name}")

        done = live.succeed("deploy", "--all").text

        assert f"{GIVEN}GRANT SELECT ON public.v TO {name}" in done
        assert f"whose file says who has rights: GRANT UPDATE ON public.w TO {name}" in done
        assert live.rows(f"SELECT has_table_privilege('{name}', 'v', 'SELECT')") == [(True,)]


PARTS = {
    "trigger": "CREATE TRIGGER one BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION put();",
    "rule": "CREATE RULE one AS ON DELETE TO t WHERE old.n = 1 DO ALSO DELETE FROM u WHERE n = old.n;",
    "policy": "CREATE POLICY one ON t USING (n = 1);",
}
FOLDERS = {"trigger": "triggers", "rule": "rules", "policy": "policies"}


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kind", PARTS)
def test_a_comment_on_what_belongs_to_a_table_outlives_its_file_and_a_migration(live: Deployed, kind: str) -> None:
    tables = 'op.execute("CREATE TABLE t (n int)")\n    op.execute("CREATE TABLE u (n int)")'
    revision(live, "a1", None, tables)
    live.write(
        "database/functions/put.sql",
        "CREATE OR REPLACE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n",
    )
    text = f"DROP {kind.upper()} IF EXISTS one ON public.t;\n{PARTS[kind]}\n"
    live.write(f"database/{FOLDERS[kind]}/one.sql", text)
    live.succeed("deploy")
    live.by_hand(f"COMMENT ON {kind} one ON t IS 'by hand'")
    comments = "SELECT description FROM pg_description WHERE objoid >= 16384 AND description = 'by hand'"

    live.succeed("deploy", "--all")
    assert live.rows(comments) == [("by hand",)]

    revision(live, "b2", "a1", 'op.execute("ALTER TABLE t ALTER COLUMN n TYPE bigint")')
    live.succeed("deploy")
    assert live.rows(comments) == [("by hand",)]
