"""What the databases' own programs write is taken as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import make_project

from ahjo_tasks.sql.mysql_comments import Server, without_skipped

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

PG_DUMP = r"""\restrict gftJL6cQ6FWU69EnQgRR
SET client_encoding = 'UTF8';
COPY public.area (id, name) FROM stdin;
1	Ann's; \\ $$ /* FROM nothing
2	\N
\.

SELECT pg_catalog.set_config('a.b', 'c', true);
\unrestrict gftJL6cQ6FWU69EnQgRR
"""


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("head", ["", "-- transaction: off\n"])
def test_rows_that_pg_dump_wrote_are_loaded(target: Target, tmp_path: Path, head: str) -> None:
    backend = target.backend()
    project = make_project(tmp_path / "dump", backend)
    project.write("database/tables/area.sql", "CREATE TABLE area (id INTEGER PRIMARY KEY, name TEXT)")
    project.write("database/data/area.sql", head + PG_DUMP)
    done = project.inv("init", "structure", "data")
    assert done.code == 0, done.text
    rows = target.query("SELECT id, name FROM area ORDER BY id", backend["target_database_name"])
    assert rows == [(1, "Ann's; \\ $$ /* FROM nothing"), (2, None)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_row_that_the_server_refuses_is_named_by_its_line(target: Target, tmp_path: Path) -> None:
    backend = target.backend()
    project = make_project(tmp_path / "dump", backend)
    project.write("database/tables/area.sql", "CREATE TABLE area (id INTEGER PRIMARY KEY, name TEXT)")
    project.write("database/data/area.sql", "SELECT 1;\n\nCOPY area\nFROM stdin;\n1\ta\nx\tb\n\\.\n")
    done = project.inv("init", "structure", "data")
    assert done.code == 1
    assert "database/data/area.sql:6: 22P02" in done.err
    assert target.query("SELECT count(*) FROM area", backend["target_database_name"]) == [(0,)]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_rows_that_mariadb_dump_wrote_are_loaded(target: Target, tmp_path: Path) -> None:
    backend = target.backend()
    project = make_project(tmp_path / "dump", backend)
    project.write("database/tables/area.sql", "CREATE TABLE area (id INTEGER PRIMARY KEY)")
    project.write(
        "database/data/area.sql", "/*M!999999\\- enable the sandbox mode */ \nINSERT INTO `area` VALUES (1),(2);\n"
    )
    done = project.inv("init", "structure", "data")
    assert done.code == 0, done.text
    assert target.query("SELECT count(*) FROM area", backend["target_database_name"]) == [(2,)]


BLOBS = (
    b"/*!40101 SET NAMES utf8mb4 */;\n"
    b"INSERT INTO `area` VALUES (1,'\xc3\xa4;','\\0\xff\\'\\\\'),(2,NULL,_binary '\x80');\n"
)


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_bytes_that_a_dump_holds_are_loaded_as_they_are(target: Target, tmp_path: Path) -> None:
    backend = target.backend()
    project = make_project(tmp_path / "dump", backend)
    project.write("database/tables/area.sql", "CREATE TABLE area (id INTEGER PRIMARY KEY, name TEXT, photo BLOB)")
    project.write("database/data/area.sql", "").write_bytes(BLOBS)
    done = project.inv("init", "structure", "data")
    assert done.code == 0, done.text
    rows = target.query("SELECT name, HEX(photo) FROM area ORDER BY id", backend["target_database_name"])
    assert rows == [("ä;", "00FF275C"), (None, "80")]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_compact_dump_with_bytes_is_refused_with_the_option_that_it_lacks(target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path / "dump", target.backend())
    dump = b"/*M!999999\\- enable the sandbox mode */ \nINSERT INTO `area` VALUES\n(1,'\xff\\0');\n"
    project.write("database/data/area.sql", "").write_bytes(dump)
    refused = project.inv("init", "data")
    assert "area.sql:3:5: is not UTF-8" in refused.err
    assert "--hex-blob" in refused.err


COMMENTS = [
    *("/*!", "/*!50699", "/*!50700", "/*!80016", "/*!99999", "/*!100000", "/*!101100", "/*!120000", "/*!999999"),
    *("/*M!", "/*M!50700", "/*M!99999", "/*M!100000", "/*M!120000", "/*M!999999"),
]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_comments_with_code_are_read_as_the_server_reads_them(target: Target) -> None:
    version = target.query("SELECT VERSION()")[0][0]
    server = Server.parse(version)
    read = {opening: "+" in without_skipped(f"SELECT 1 {opening} +1 */", server) for opening in COMMENTS}
    assert read == {opening: target.query(f"SELECT 1 {opening} +1 */") == [(2,)] for opening in COMMENTS}


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_no_view_needs_what_the_server_skips(target: Target, tmp_path: Path) -> None:
    skipped = "/*!99999 , (SELECT max(x) FROM z) AS y */ /*!120000 , (SELECT max(x) FROM z) AS y */"
    project = make_project(tmp_path / "comments", target.backend())
    project.write("database/views/a.sql", f"CREATE OR REPLACE VIEW a AS SELECT 1 AS x {skipped}")
    project.write("database/views/z.sql", "CREATE OR REPLACE VIEW z AS SELECT x FROM a")
    done = project.inv("init", "deploy")
    assert done.code == 0, done.text
    assert "nothing to do" in project.inv("deploy").out
