"""Figures of the benchmarks: what is compared, and how it is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import measure, report, suite, timer
from benchmarks.databases import BenchmarkError
from benchmarks.measure import Contestant, Row, compare

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc")
WHERE = {"date": "2026-01-31", "machine": "x86_64"}


def shell(name: str, script: str, folder: Path, *, is_peer: bool = False) -> Contestant:
    """A program of one line."""
    return Contestant(name, ("/bin/sh", "-c", script), folder, is_peer=is_peer)


@on_linux
def test_programs_run_by_turns_and_each_turn_begins_with_another(tmp_path: Path) -> None:
    programs = [shell(name, f"echo {name} >> order", tmp_path) for name in ("a", "b")]

    rows = list(compare("work", "SQLite", programs, 3))

    assert (tmp_path / "order").read_text(encoding="utf-8").split() == ["a", "b", "b", "a", "a", "b"]
    assert [(row.way, row.runs) for row in rows] == [("a", 3), ("b", 3)]
    assert rows[0].ratio == 1


@on_linux
def test_a_ratio_is_the_median_of_the_pairs() -> None:
    floor = [measure.Sample(1, 1, 0, 9), measure.Sample(2, 1, 0, 9), measure.Sample(4, 1, 0, 9)]
    own = [measure.Sample(3, 1, 1, 9), measure.Sample(2, 2, 1, 9), measure.Sample(8, 3, 1, 9)]

    row = measure.medians(Row("work", "", "own"), floor, own)

    assert (row.ratio, row.cpu_ratio, row.wall, row.cpu) == (2, 3, 3, 3)


@on_linux
def test_a_peer_that_fails_is_named_with_the_reason(tmp_path: Path) -> None:
    programs = [shell("floor", "true", tmp_path), shell("peer", "echo why >&2; exit 7", tmp_path, is_peer=True)]

    _, row = compare("work", "", programs, 2)

    assert (row.way, row.runs, row.note) == ("peer", 0, "peer exited with 7: why")
    assert "| peer | | | | | | left out: peer exited with 7: why |" in list(report.table([row]))


@on_linux
def test_a_program_of_ours_that_fails_ends_the_benchmarks(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"ahjo exited with 7:\nwhy"):
        list(compare("work", "", [shell("ahjo", "echo why >&2; exit 7", tmp_path)], 1))


@on_linux
def test_a_peer_that_does_not_end_is_left_out_with_all_that_it_started(tmp_path: Path) -> None:
    programs = [shell("floor", "true", tmp_path), shell("peer", "sleep 60 & sleep 60", tmp_path, is_peer=True)]

    _, row = compare("work", "", programs, 2, patience=0.1)

    assert (row.runs, row.note) == (0, "took longer than 0 s")


@on_linux
def test_work_that_was_not_done_is_no_result(tmp_path: Path) -> None:
    def check() -> None:
        raise BenchmarkError("a view is missing")

    lazy = Contestant("peer", ("/bin/true",), tmp_path, check=check, is_peer=True)

    _, row = compare("work", "", [shell("floor", "true", tmp_path), lazy], 1)

    assert (row.runs, row.note) == (0, "peer: a view is missing")


@on_linux
def test_the_timer_reports_the_commands_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code = timer.main([sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"])

    assert code == 3
    assert set(json.loads(capsys.readouterr().out)) == {"wall", "cpu", "peak"}


def test_a_table_has_ratios_to_the_floor() -> None:
    rows = [Row("deploy", "SQLite", "sqlite3", 3, 1, 1, 2, 1, 10), Row("deploy", "SQLite", "ahjo", 2, 1.5, 3, 3, 3, 60)]

    title, _, *lines = report.table(rows)

    assert title == "**deploy**, SQLite; runs: 3"
    assert lines[3] == "| ahjo | 1.50 | 3.00 | 3.000 | 3.000 | 60 | runs: 2 |"


def test_figures_as_json_say_where_and_what_was_missing() -> None:
    found = json.loads(report.as_json([Row("deploy", "SQLite", "ahjo", 1)], WHERE, {"sqitch": "no program"}))

    assert (found["date"], found["missing"]) == ("2026-01-31", {"sqitch": "no program"})
    assert found["rows"][0]["way"] == "ahjo"


def test_a_picture_has_a_bar_for_every_figure() -> None:
    rows = [Row("a <b>", "SQLite", "sqlite3", 1, 1), Row("a <b>", "SQLite", "ahjo", 1, 2.5), Row("a <b>", "", "peer")]

    drawn = report.picture(rows, WHERE)

    assert drawn.count("<rect") == 2
    assert "a &lt;b&gt;, SQLite" in drawn
    assert "2026-01-31" in drawn


def test_sizes_are_given_by_name() -> None:
    sizes = suite.sizes("objects=20 objects=40 runs=2 file=0.5")

    assert (sizes.objects, sizes.runs, sizes.file, sizes.rows) == ((20, 40), 2, 0.5, 1_000_000)
    with pytest.raises(BenchmarkError, match="no such size: turns; there are objects"):
        suite.sizes("turns=2")
