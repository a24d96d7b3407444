from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import batches, deploys, fleet, floor, latency, peers, project, server
from benchmarks.databases import BenchmarkError, Database, MariadbDatabase, PostgresqlDatabase, SqliteDatabase
from benchmarks.volume import Volume

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc")

SIZES = (20, 77, 500)
BACKEND = {"target_database_name": "shop", "sql_port": 5432, "password": 'a "quoted" secret'}
DIALECTS = ("postgresql", "mysql", "sqlite")


class Login:
    """Where no server is."""

    host, port, username, password = "127.0.0.1", 1, "ahjo", "secret"


def names_in(text: str) -> set[str]:
    """The project's views, functions and procedures that the text names outside of comments."""
    return set(re.findall(r"public\.[vfp]_\w+", re.sub(r"--.*", "", text)))


@pytest.mark.parametrize("size", SIZES)
def test_a_project_has_as_many_files_as_asked_for(size: int) -> None:
    files = project.generate(size).files

    assert len(files) == size
    assert len({file.path for file in files}) == size


def test_the_kinds_are_shared_out_as_promised() -> None:
    assert project.Counts.of(500) == project.Counts(functions=75, views=300, procedures=75, data=25, tests=25)


def test_a_project_too_small_for_every_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        project.generate(19)


def test_the_same_size_gives_the_same_project() -> None:
    assert project.generate(77) == project.generate(77)


@pytest.mark.parametrize("size", SIZES)
def test_every_file_comes_after_what_it_uses(size: int) -> None:
    seen: set[str] = set()

    for file in project.generate(size).files:
        assert seen.issuperset(file.uses)
        seen.add(file.name)


def test_what_a_file_uses_is_what_its_text_names() -> None:
    for file in project.generate(77).files:
        assert names_in(file.text) - {file.name} - names_in(f"'{file.name}'") == set(file.uses)


def test_alphabetical_order_is_wrong_for_every_view_on_a_view() -> None:
    on_views = [file for file in project.generate(500).files if file.kind == "views" and ".v_" in file.uses[0]]

    assert len(on_views) == 270
    assert all(file.uses[0] > file.name for file in on_views)


def test_chains_of_views_are_ten_deep() -> None:
    depth: dict[str, int] = {}
    for file in project.generate(500).files:
        if file.kind == "views":
            depth[file.name] = 1 + max((depth.get(used, 0) for used in file.uses), default=0)

    assert max(depth.values()) == project.DEPTH


def test_no_order_by_kind_is_right() -> None:
    files = project.generate(500).files

    assert any(file.kind == "functions" and ".v_" in name for file in files for name in file.uses)
    assert any(file.kind == "views" and ".f_" in name for file in files for name in file.uses)


def test_an_order_taken_from_comments_would_be_a_cycle() -> None:
    texts = {file.name: file.text for file in project.generate(77).files}
    view = next(file for file in project.generate(77).files if file.kind == "views" and ".v_" in file.uses[0])

    assert view.name in texts[view.uses[0]].splitlines()[0]


def test_the_folder_holds_a_whole_project(tmp_path: Path) -> None:
    project.generate(20).write(tmp_path, BACKEND)

    assert {path.name for path in tmp_path.iterdir()} == {"alembic", "alembic.ini", "database"} | {
        "dev.json",
        "invoke.yaml",
        "tasks.py",
    }
    assert len(list(tmp_path.glob("database/*/*.sql"))) == 20
    assert len(list(tmp_path.glob("alembic/versions/*.py"))) == 1
    for module in tmp_path.rglob("*.py"):
        compile(module.read_text(encoding="utf-8"), module, "exec")


def test_the_config_points_to_the_target(tmp_path: Path) -> None:
    project.generate(20).write(tmp_path, BACKEND)

    backend = json.loads((tmp_path / "dev.json").read_text(encoding="utf-8"))["BACKEND"]
    assert {key: backend[key] for key in BACKEND} == BACKEND


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_changed_view_names_its_number_once(dialect: str) -> None:
    view = next(file for file in project.generate(20, dialect).files if file.kind == "views")

    assert project.changed(view, 77).text.count("77") == view.text.count("77") + 1


def test_the_floor_runs_every_file_in_order(tmp_path: Path) -> None:
    wanted = project.generate(20).files
    floor.write(wanted, tmp_path)

    single = [Path(line) for line in (tmp_path / floor.FILES).read_text(encoding="utf-8").splitlines()]
    together = (tmp_path / floor.ALL).read_text(encoding="utf-8")
    assert len(single) == 20
    assert together == "".join(path.read_text(encoding="utf-8") for path in single)


def test_the_durable_server_keeps_the_other_settings() -> None:
    command = ["postgres", "-D", "data", "-c", "fsync=off", "-c", "port=5", "-c", "wal_level=minimal"]

    assert server.without(command, server.NOT_DURABLE) == ["postgres", "-D", "data", "-c", "port=5"]


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database of each kind, in a server of the tests."""
    if request.param == "sqlite":
        return SqliteDatabase(tmp_path / "files")
    if request.param == "mysql":
        return MariadbDatabase(request.getfixturevalue("mariadb_server"))
    return PostgresqlDatabase(request.getfixturevalue("postgres_server"))


@on_linux
def test_each_tool_does_the_whole_work_and_half_of_it_is_no_result(database: Database, tmp_path: Path) -> None:
    measured = deploys.Deploys(sys.executable, database, 20, tmp_path / "work")

    rows = list(measured.rows([], 1))

    works = {row.work.partition(",")[0]: {each.way for each in rows if each.work == row.work} for row in rows}
    assert list(works) == ["fresh deploy", "nothing changed", "one view changed"]
    assert {deploys.CLIENTS[database.dialect], "ahjo"} <= works["fresh deploy"]
    assert all(row.wall > 0 for row in rows)
    with pytest.raises(BenchmarkError, match="objects are missing"):
        database.named("bench").check(project.generate(60, database.dialect))


@on_linux
def test_every_generated_test_passes(database: Database, tmp_path: Path) -> None:
    wanted = project.with_tests(project.generate(60, database.dialect), 5, database.dialect)
    client = deploys.Deploys(sys.executable, database, 60, tmp_path).ways([])[0]
    client.database.renew()
    subprocess.run(client.contestant.command, env={**os.environ, **client.contestant.environ}, check=True)

    found = [client.database.query(file.text)[0] for file in wanted.files if file.kind == "tests"]

    assert [row[2] for row in found] == ["OK"] * 5


@on_linux
def test_a_far_server_is_asked_as_often_as_is_counted(postgres_server: Any) -> None:
    import psycopg

    with latency.slow_proxy(postgres_server, 0.01) as proxy:
        login = {"user": postgres_server.username, "password": postgres_server.password, "dbname": "postgres"}
        with psycopg.connect(host="127.0.0.1", port=proxy.port, autocommit=True, **login) as connection:
            before = proxy.round_trips
            for number in range(5):
                connection.execute(f"SELECT {number}".encode())
            one_by_one = proxy.round_trips - before
            with connection.pipeline():
                for number in range(5):
                    connection.execute(f"SELECT {number}".encode())
        pipelined = proxy.round_trips - before - one_by_one

    assert one_by_one == 5
    assert pipelined <= 3


@pytest.mark.parametrize(
    "peer", [peer for peer in peers.every() if peer.name != "the predecessor"], ids=lambda p: p.name
)
def test_a_peers_layout_has_a_migration_for_every_file_and_one_for_a_change(peer: peers.Peer, tmp_path: Path) -> None:
    files = project.generate(20).deployed
    database = PostgresqlDatabase(Login())
    peer.prepare(tmp_path, files, database)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    texts = [path.read_text(encoding="utf-8") for path in before]

    view = next(file for file in files if file.kind == "views")
    peer.change(tmp_path, len(files) + 2, project.changed(view, 77))

    (added,) = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert "source.id <> 77" in added.read_text(encoding="utf-8")
    for kind, number in (("CREATE OR REPLACE VIEW", 12), ("ON CONFLICT", 1), ("CREATE TABLE", 1)):
        assert sum(kind in text for text in texts) == number


@on_linux
def test_amounts_are_loaded_written_and_tested(tmp_path: Path) -> None:
    volume = Volume(sys.executable, SqliteDatabase(tmp_path / "files"), tmp_path / "work")
    volume.prepare(3)

    rows = [*volume.tests(3, 1), *volume.csv(50, 1), *volume.file(0.01, 1)]

    assert [(row.work, row.way) for row in rows] == [
        (work, way)
        for work in ("3 SQL tests", "50 rows of CSV, in", "50 rows of CSV, out", "a SQL file of 0.01 MB")
        for way in ("sqlite3", "ahjo")
    ]


@on_linux
def test_a_fleet_is_compared_with_the_client_one_by_one(tmp_path: Path) -> None:
    small = fleet.Fleet(sys.executable, SqliteDatabase(tmp_path / "files"), 2, tmp_path / "work")

    rows = list(small.rows((1,), [], 1))

    assert [row.work for row in rows if row.way == "fleet, 1 worker"] == [
        f"{work}, 2 databases" for work in ("fresh deploy", "status", "nothing changed")
    ]


@on_linux
def test_batches_are_cut_at_a_speed() -> None:
    ways = dict.fromkeys(list(batches.WAYS)[:3], sys.executable)

    rows = list(batches.rows(ways, ["procedures"], 0.01, 1))

    assert [row.way for row in rows] == list(ways)
    assert all(row.note.endswith("MB/s") for row in rows)
