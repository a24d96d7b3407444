from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from cli_runner import sqlite
from projects import make_project

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.utils import atomic_write, make_folder


def write(path: Path, text: str = "new", *, overwrite: bool = True) -> None:
    with atomic_write(path, overwrite=overwrite) as part:
        part.write_text(text, encoding="utf-8")


def fail(path: Path) -> None:
    with suppress(RuntimeError), atomic_write(path, overwrite=True) as part:
        part.write_text("half", encoding="utf-8")
        raise RuntimeError


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    fail(path)
    assert path.read_text(encoding="utf-8") == "old"
    write(path)
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_of_a_link_the_file_that_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.txt", tmp_path / "link.txt"
    link.symlink_to("there/real.txt")
    for text in ("first", "second"):  # it dangles before the first
        write(link, text)
        assert link.is_symlink()
        assert real.read_text(encoding="utf-8") == text


def test_an_existing_file_needs_overwrite_and_a_device_does_not(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UsageError, match="exists"):
        write(path, overwrite=False)
    write(Path("/dev/null"), overwrite=False)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_pipe_gets_the_output(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write(pipe, overwrite=False)
    reader.join(10)
    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("redirected", [True, False])
def test_standard_output_gets_the_output_between_what_is_printed(tmp_path: Path, *, redirected: bool) -> None:
    program = (
        "from pathlib import Path; from ahjo_tasks.utils import atomic_write; print('before')\n"
        "with atomic_write(Path('/dev/stdout'), overwrite=False) as part: part.write_text('output\\n')\n"
        "print('after')"
    )
    target = tmp_path / "out.txt"
    with target.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=file if redirected else subprocess.PIPE, check=True
        )
    text = target.read_text(encoding="utf-8") if redirected else done.stdout.decode()
    assert text.split() == ["before", "output", "after"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_message_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(AhjoError, match="/dev/full cannot be written: No space left"):
        write(Path("/dev/full"))
    path = tmp_path / "build" / "out.txt"
    with (
        pytest.raises(AhjoError, match=r"out\.txt cannot be written: No space left"),
        make_folder(path.parent),
        atomic_write(path, overwrite=True),
        Path("/dev/full").open("wb") as full,
    ):
        full.write(b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_run_whose_output_cannot_be_written_goes_on_and_says_so(tmp_path: Path) -> None:
    project = make_project(tmp_path / "shop", sqlite())
    project.write("database/views/a.sql", "CREATE VIEW a AS SELECT 1 AS one;\n")
    command = f"{sys.executable} -m invoke {{}} --config dev.json"

    def run(line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=project.directory,
            env={**os.environ, "AHJO_NON_INTERACTIVE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    code, said = run(f"{command.format('init deploy --skip-git-update')} > /dev/full")
    assert (code, said.count("The output cannot be written: No space left on device.")) == (0, 1), said
    code, said = run(f"{command.format('plan --format json')} > /dev/full")
    assert (code, "Traceback" in said) == (1, False), said
    assert "Error: The output cannot be written: No space left on device" in said
    assert run(f"{command.format('plan --check')} >&-") == (0, "")
    assert run(f"{command.format('plan --check')} >&- 2>&-") == (0, "")
