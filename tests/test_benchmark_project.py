from __future__ import annotations

import json
import re
import sqlite3
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import again, floor, measure, project, server, timer

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc")

SIZES = (20, 77, 500)
TARGET = project.Target("127.0.0.1", 5432, "shop", "ahjo", 'a "quoted" secret')


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
    project.generate(20).write(tmp_path, TARGET)

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
    project.write_config(tmp_path, TARGET)

    backend = json.loads((tmp_path / "dev.json").read_text(encoding="utf-8"))["BACKEND"]
    assert (backend["target_database_name"], backend["sql_port"], backend["password"]) == (
        "shop",
        5432,
        TARGET.password,
    )


def test_the_floor_runs_every_file_in_order(tmp_path: Path) -> None:
    wanted = project.generate(20)
    wanted.write(tmp_path / "own", TARGET)
    floor.write_floor(wanted, tmp_path / "own", tmp_path / "floor", project.migration_sql())

    single = [Path(line) for line in (tmp_path / "floor" / floor.FILES).read_text(encoding="utf-8").splitlines()]
    together = (tmp_path / "floor" / floor.ALL).read_text(encoding="utf-8")
    assert len(single) == 21
    assert together == "".join(path.read_text(encoding="utf-8") for path in single)


def test_the_durable_server_keeps_the_other_settings() -> None:
    command = ["postgres", "-D", "data", "-c", "fsync=off", "-c", "port=5", "-c", "wal_level=minimal"]

    assert server.without(command, server.NOT_DURABLE) == ["postgres", "-D", "data", "-c", "port=5"]


def test_a_median_takes_each_measure_by_itself() -> None:
    samples = [measure.Sample(1, 5, 9, 30), measure.Sample(2, 4, 7, 10), measure.Sample(3, 6, 8, 20)]

    assert measure.median(samples) == measure.Sample(2, 5, 8, 20)


def test_the_report_states_ratios_to_psql() -> None:
    lines = list(measure.table(500, 3, {"psql": measure.Sample(2, 1, 1, 10), "ahjo": measure.Sample(3, 4, 2, 60)}))

    assert lines[3].split() == ["ahjo", "1.50", "3.000", "6.000", "4.000", "2.000", "60", "3.00"]


def test_growth_of_one_is_linear() -> None:
    small, large = measure.Sample(1, 0, 0, 0), measure.Sample(10, 0, 0, 0)

    assert list(measure.growth({500: {"psql": small}, 5000: {"psql": large}}))[1].split() == ["psql", "1.00"]


@on_linux
def test_the_timer_reports_the_commands_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code = timer.main([sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"])

    assert code == 3
    assert set(json.loads(capsys.readouterr().out)) == {"wall", "cpu", "peak"}


@on_linux
@pytest.mark.parametrize("way", ["loop", "groups"])
def test_the_floor_and_a_bare_program_do_the_whole_work(
    postgres_server: measure.Server, tmp_path: Path, way: str
) -> None:
    wanted = project.generate(60)
    bench = measure.Bench(postgres_server)
    contestants = measure.prepare(wanted, tmp_path, bench.target, [way])

    samples = bench.compare(contestants, 1, measure.Content.expected(wanted))

    assert list(samples) == ["psql", way]
    assert all(sample.wall > 0 for runs in samples.values() for sample in runs)


@on_linux
def test_deploys_again_are_measured_beside_the_databases_client_and_a_bare_list(tmp_path: Path) -> None:
    head, *rows = again.report(sys.executable, [again.sqlite_place(tmp_path)], [20], 1)

    assert "ratio" in head
    assert [row[18:34].strip() for row in rows] == ["fresh", "nothing changed", "one changed"]
    with sqlite3.connect(tmp_path / "bench.db") as connection:
        views = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'view'").fetchone()
        assert views == (20,)
        assert connection.execute("SELECT id > 1 FROM v_00019").fetchone() == (1,)  # the one that was changed


@on_linux
def test_every_generated_test_passes(postgres_server: measure.Server, tmp_path: Path) -> None:
    wanted = project.generate(60)
    bench = measure.Bench(postgres_server)
    bench.run(measure.prepare(wanted, tmp_path, bench.target, [])[0], measure.Content.expected(wanted))

    with bench.connect(measure.DATABASE) as connection:
        found = [connection.execute(file.text.encode()).fetchone() for file in wanted.files if file.kind == "tests"]

    assert [row[2] for row in found if row] == ["OK"] * 3


@on_linux
def test_half_a_deployment_is_no_result(postgres_server: measure.Server, tmp_path: Path) -> None:
    wanted = project.generate(20)
    bench = measure.Bench(postgres_server)
    contestant = measure.prepare(wanted, tmp_path, bench.target, [])[0]

    with pytest.raises(measure.BenchmarkError, match="psql deployed"):
        bench.run(contestant, measure.Content.expected(project.generate(60)))


@on_linux
def test_a_failing_contestant_is_no_result(postgres_server: measure.Server, tmp_path: Path) -> None:
    contestant = measure.Contestant("broken", ("/bin/sh", "-c", "echo why >&2; exit 7"), tmp_path)

    with pytest.raises(measure.BenchmarkError, match=r"broken exited with 7:\nwhy"):
        measure.Bench(postgres_server).run(contestant, measure.Content(0, 0, 0))
