from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.console import logs
from ahjo_tasks.console.logs import FileLog

if TYPE_CHECKING:
    from pathlib import Path


def test_every_line_has_time_and_level(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "ahjo.log")

    log("info", "one\ntwo å")
    log("warning", "three")
    log("info", "")

    written = (tmp_path / "ahjo.log").read_text(encoding="utf-8")
    time_ = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]"
    assert re.fullmatch(
        rf"{time_} \[ahjo\] INFO one\n{time_} \[ahjo\] INFO two å\n{time_} \[ahjo\] WARNING three\n", written
    )


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: Windows has no such modes")
def test_a_log_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileLog(tmp_path / "ahjo.log")("info", "one")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "ahjo.log").stat().st_mode) == 0o600


def test_nothing_is_written_before_the_first_line(tmp_path: Path) -> None:
    FileLog(tmp_path / "ahjo.log")

    assert not (tmp_path / "ahjo.log").exists()


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    FileLog(tmp_path / "ahjo.log")("info", "one")
    log = FileLog(tmp_path / "ahjo.log")
    log("info", "two")
    log.close()
    log("info", "three")

    assert (tmp_path / "ahjo.log").read_text(encoding="utf-8").split()[4::5] == ["one", "two", "three"]


def test_a_full_log_becomes_the_one_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_SIZE", 100)
    log = FileLog(tmp_path / "ahjo.log")

    for number in range(6):
        log("info", f"{number} {'x' * 20}")

    assert {path.name for path in tmp_path.iterdir()} == {"ahjo.log", "ahjo.log.1"}
    assert "4 xxx" in (tmp_path / "ahjo.log.1").read_text(encoding="utf-8") + (tmp_path / "ahjo.log").read_text(
        encoding="utf-8"
    )
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())


def test_a_log_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    FileLog(tmp_path / "missing" / "ahjo.log")("error", "one")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_killed_process_has_lost_no_line(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from ahjo_tasks.console.logs import FileLog\n"
        "log = FileLog(Path(sys.argv[1])); log('info', 'one'); log('info', 'two'); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "ahjo.log")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.kill()

    assert (tmp_path / "ahjo.log").read_text(encoding="utf-8").endswith("INFO two\n")


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: a file that others have open can be renamed")
def test_processes_that_share_a_log_rotate_it_once_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_SIZE", 5000)
    log_files = [FileLog(tmp_path / "ahjo.log") for _ in range(4)]
    for number in range(1000):
        log_files[number % 4]("info", f"line {number:04}")
    files = [tmp_path / "ahjo.log.1", tmp_path / "ahjo.log"]
    assert all(path.stat().st_size <= 5000 for path in files)
    kept = "".join(path.read_text("utf-8") for path in files).splitlines()
    assert [line.rsplit(" ", 1)[1] for line in kept] == [f"{number:04}" for number in range(1000 - len(kept), 1000)]
    assert len(kept) > 5000 // len(kept[-1])
