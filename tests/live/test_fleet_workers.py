"""Workers of a fleet die, hang, differ and are told to stop: what became of each target is known at the end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from inside import Deployed, deployed, until
from projects import ROOT, _clean_environment
from terminals import Pty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

    Command = subprocess.Popen[str]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="only on POSIX: processes are killed by signals")
BEFORE_RUN = """
import os, signal, time
from pathlib import Path
from ahjo_tasks import namespace

HERE = Path(__file__).parent


def before_run(session, plan, results):
    name = Path(session.project.database_name).stem
    print("working on", name)
    with (HERE / "seen").open("a") as seen:
        seen.write(f"{name} {os.getpid()}\\n")
    if name in os.environ.get("WAIT", "").split(","):
        while not (HERE / "go").exists():
            time.sleep(0.05)
    if name in os.environ.get("DIE", "").split(","):
        os.kill(os.getpid(), signal.SIGKILL)
    if name in os.environ.get("DIE_ONCE", "").split(",") and not (HERE / name).exists():
        (HERE / name).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def after_run(session, plan, results):
    name = Path(session.project.database_name).stem
    if name in os.environ.get("DIE_AFTER", "").split(",") and not (HERE / f"{name}.after").exists():
        (HERE / f"{name}.after").touch()
        session.database.close(keep=True)
        os.kill(os.getpid(), signal.SIGKILL)


ns = namespace(before_run=before_run, after_run=after_run)
"""


class Fleet:
    """Twelve databases of one project, whose hooks wait and die as the environment says."""

    def __init__(self, live: Deployed) -> None:
        self.live = live
        live.view("one", "SELECT 1 AS id")
        live.write("tasks.py", BEFORE_RUN)
        names = [f"t{number}" for number in range(12)]
        self.files = {name: str(live.directory / "db" / f"{name}.db") for name in names}
        (live.directory / "db").mkdir()
        targets = {name: {"target_database_name": file} for name, file in self.files.items()}
        live.write("targets.json", json.dumps({"targets": targets}))

    @contextmanager
    def started(self, *flags: str, **environ: str) -> Iterator[Command]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "invoke",
                "fleet.deploy",
                "--config",
                "dev.json",
                "--targets",
                "targets.json",
                "--create",
                "--format",
                "json",
                "--output",
                "report.json",
                *flags,
            ],
            cwd=self.live.directory,
            env={**_clean_environment(), "AHJO_NON_INTERACTIVE": "1", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def run(self, *flags: str, code: int = 0, **environ: str) -> dict[str, Any]:
        """What became of each target, once the run has ended by itself."""
        with self.started(*flags, **environ) as process:
            out, _ = process.communicate(timeout=300)
            assert process.returncode == code, out
        return self.report()

    def report(self) -> dict[str, Any]:
        found = json.loads((self.live.directory / "report.json").read_text("utf-8"))
        return {target["name"]: target for target in found["targets"]}

    def statuses(self) -> dict[str, str]:
        return {name: target["status"] for name, target in self.report().items()}

    @property
    def seen(self) -> list[str]:
        """The targets that a run began on, in order."""
        path = self.live.directory / "seen"
        return [line.split()[0] for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def pids(self) -> set[int]:
        return {int(line.split()[1]) for line in (self.live.directory / "seen").read_text("utf-8").splitlines()}

    def check(self, *besides: str) -> None:
        """Every database but those has the view, and a history that agrees."""
        for name, file in self.files.items():
            if name not in besides:
                assert self.live.target.query("SELECT id FROM one", file) == [(1,)], name
                runs = self.live.target.query("SELECT status FROM ahjo_runs", file)
                assert ("started",) not in runs, name


@pytest.fixture
def fleet(sqlite_target: Target, tmp_path: Path) -> Fleet:
    return Fleet(deployed(sqlite_target, tmp_path / "project"))


@contextmanager
def dask(fleet: Fleet, *flags: str, workers: int = 2, **environ: str) -> Iterator[tuple[str, list[Command]]]:
    """A scheduler and workers, as their users start them. Yields the address and the workers."""
    base = [sys.executable, "-W", "ignore", "-m"]
    file = fleet.live.directory.parent / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    variables = {**_clean_environment(), "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False", **environ}
    common: dict[str, Any] = {"cwd": fleet.live.directory.parent, "env": variables, **quiet}
    with ExitStack() as stack:

        def start(module: str, *more: str) -> Command:
            command = [
                *base,
                f"distributed.cli.{module}",
                *more,
                "--scheduler-file",
                str(file),
                "--no-dashboard",
                *flags,
            ]
            process: Command = subprocess.Popen(command, **common)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        until(file.exists, 60)
        started = [start("dask_worker", "--nthreads", "1", "--no-nanny", "--name", f"w{n}") for n in range(workers)]
        address = json.loads(file.read_text("utf-8"))["address"]
        if not flags:
            wait_for_workers(address, workers)
        yield address, started


def wait_for_workers(address: str, count: int) -> None:
    program = f"import distributed; distributed.Client({address!r}).wait_for_workers({count}, timeout=60)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, env=_clean_environment())


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_a_worker_that_dies_loses_no_target(fleet: Fleet, engine: str) -> None:
    dying = {"DIE_ONCE": "t3", "DIE_AFTER": "t5"}
    if engine == "local":
        found = fleet.run("--jobs", "2", **dying)
    else:
        with dask(fleet, workers=3, **dying) as (address, workers):
            found = fleet.run("--scheduler", address)
            assert sum(worker.poll() is not None for worker in workers) == 2
    assert {target["status"] for target in found.values()} == {"changed"}
    assert found["t5"]["text"] == "by a worker that ended before it could tell"
    fleet.check()
    assert fleet.seen.count("t3") == 2
    for name, file in fleet.files.items():  # what has succeeded is not done again
        succeeded = fleet.live.target.query("SELECT run_id FROM ahjo_runs WHERE status = 'succeeded'", file)
        assert len(succeeded) <= 1, name


def test_a_terminal_shows_what_waits_and_what_is_worked_on(fleet: Fleet) -> None:
    flags = ["--targets", "targets.json", "--create", "--jobs", "2"]
    terminal = Pty(fleet.live.directory, "fleet.deploy", *flags, AHJO_NON_INTERACTIVE="1", WAIT="t3,t5")
    table = re.compile(r"6 waiting, 4 changed \.\.\.[^\n]*\n +t3\r\n +t5")
    while not table.search(terminal.seen) and len(terminal.seen) < 20_000:
        assert terminal.read()
    assert table.search(terminal.seen), terminal.seen
    (fleet.live.directory / "go").touch()
    assert terminal.end() == 0, terminal.seen
    assert "12 changed" in terminal.seen
    fleet.check()


def test_what_a_hook_prints_is_in_the_log_of_its_target(fleet: Fleet) -> None:
    with fleet.started("--jobs", "2") as process:
        out, _ = process.communicate(timeout=300)
    assert (process.returncode, "working on" in out) == (0, False), out
    for name in fleet.files:
        assert f"  working on {name}\n" in (fleet.live.directory / "fleet-logs" / f"{name}.log").read_text("utf-8")


def test_a_target_that_kills_its_workers_fails_and_takes_no_other_one_along(fleet: Fleet) -> None:
    found = fleet.run("--jobs", "2", "--max-failures", "1", code=1, DIE="t4")
    assert {name for name, target in found.items() if target["status"] != "changed"} == {"t4"}
    assert (found["t4"]["status"], "its worker ended 2 times" in found["t4"]["text"]) == ("failed", True)
    fleet.check("t4")


def test_ctrl_c_lets_what_has_begun_end_and_says_what_was_not_started(fleet: Fleet) -> None:
    with fleet.started("--jobs", "2", WAIT="t0,t1") as process:
        until(lambda: len(fleet.seen) == 2, 60)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        time.sleep(0.5)
        (fleet.live.directory / "go").touch()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    found = fleet.statuses()
    assert [name for name, status in found.items() if status == "changed"] == ["t0", "t1"]
    assert {status for name, status in found.items() if name not in {"t0", "t1"}} == {"not started"}
    assert "Interrupted: not started: t2, t3, t4" in out
    assert "Ctrl-C: no other target is started" in out
    assert list(fleet.run("--resume")) == [f"t{number}" for number in range(2, 12)]
    fleet.check()


@pytest.mark.parametrize("stop", ["twice", "sigterm"])
def test_a_second_ctrl_c_interrupts_what_has_begun(fleet: Fleet, stop: str) -> None:
    with fleet.started("--jobs", "2", WAIT="t0,t1") as process:
        until(lambda: len(fleet.seen) == 2, 60)
        for _ in range(1 if stop == "sigterm" else 2):
            os.kill(process.pid, signal.SIGTERM if stop == "sigterm" else signal.SIGINT)
            time.sleep(1)
        (fleet.live.directory / "go").touch()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == (143 if stop == "sigterm" else 130), out
    found = fleet.statuses()
    assert (found.pop("t0"), found.pop("t1")) == ("interrupted", "interrupted")
    assert set(found.values()) == {"not started"}
    for name in ("t0", "t1"):
        assert fleet.live.target.query("SELECT name FROM sqlite_master WHERE name = 'one'", fleet.files[name]) == []
    fleet.run()
    fleet.check()


def test_no_worker_outlives_a_coordinator_that_is_killed(fleet: Fleet) -> None:
    with fleet.started("--jobs", "2", WAIT="t3") as process:
        until(lambda: "t3" in fleet.seen and len(fleet.seen) > 5, 60)
        process.kill()
        (fleet.live.directory / "go").touch()
        until(lambda: not any(map(is_alive, fleet.pids())), 60)
    fleet.run("--resume")
    fleet.check()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_target_that_takes_too_long_is_rolled_back(fleet: Fleet) -> None:
    with fleet.started("--jobs", "2", "--timeout", "5", "--max-failures", "100%", WAIT="t4") as process:
        until(lambda: "t4" in fleet.seen, 60)
        time.sleep(5.5)
        (fleet.live.directory / "go").touch()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 1, out
    found = fleet.report()
    late = {name for name, target in found.items() if target["status"] == "timed out"}  # others, on a busy machine
    assert "t4" in late
    assert found["t4"]["text"].startswith("stopped after 5 s, ")
    assert {target["status"] for target in found.values()} == {"changed", "timed out"}
    fleet.check(*late)
    assert set(fleet.run("--resume")) == late
    fleet.check()


def test_a_worker_with_another_release_touches_no_database(fleet: Fleet) -> None:
    other = fleet.live.directory.parent / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("import ahjo_tasks.version as v\nv.__version__ = '0.0.7'\n")
    with dask(fleet, workers=1, PYTHONPATH=f"{other}{os.pathsep}{ROOT}") as (address, _):
        with fleet.started("--scheduler", address) as process:
            out, _ = process.communicate(timeout=60)
        assert (process.returncode, "has ahjo-tasks 0.0.7, and this run" in out) == (1, True), out
    assert fleet.seen == []


def test_a_worker_with_another_project_touches_no_database(fleet: Fleet) -> None:
    copy = fleet.live.directory.parent / "copy"
    shutil.copytree(fleet.live.directory, copy)
    (copy / "database/views/one.sql").write_text("DROP VIEW IF EXISTS one; CREATE VIEW one AS SELECT 2 AS id;\n")
    with dask(fleet, workers=1, AHJO_PROJECT_DIR=str(copy)) as (address, _):
        with fleet.started("--scheduler", address) as process:
            out, _ = process.communicate(timeout=60)
        assert (process.returncode, "1 of 1 worker cannot be used" in out) == (1, True), out
        assert "has other files of the project" in out
        assert fleet.seen == []
        shutil.copy(fleet.live.directory / "database/views/one.sql", copy / "database/views/one.sql")
        assert {target["status"] for target in fleet.run("--scheduler", address).values()} == {"changed"}
    fleet.check()


@pytest.mark.parametrize(("waiting", "begun"), [("t2", 6), ("t0,t1", 2)])
def test_a_scheduler_that_dies_is_said_and_resume_goes_on_without_it(fleet: Fleet, waiting: str, begun: int) -> None:
    waits = set(waiting.split(","))
    with dask(fleet, WAIT=waiting) as (address, workers), fleet.started("--scheduler", address) as process:
        until(lambda: waits <= set(fleet.seen) and len(fleet.seen) >= begun, 60)
        for worker in workers:
            worker.kill()
        os.kill(scheduler_pid(address), signal.SIGKILL)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 1, out
        assert "Traceback" not in out
        found = fleet.statuses()
        assert {name for name in waits if found[name] == "changed"} == set()
    assert waits <= set(fleet.run("--resume"))
    fleet.check()


def scheduler_pid(address: str) -> int:
    program = f"import distributed, os; print(distributed.Client({address!r}).run_on_scheduler(os.getpid))"
    command = [sys.executable, "-W", "ignore", "-c", program]
    return int(subprocess.run(command, check=True, env=_clean_environment(), capture_output=True, text=True).stdout)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with an authority, and a certificate that it signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    new = "-newkey rsa:2048 -nodes -days 2"
    for line in (
        f"req -x509 {new} -keyout ca.key -out ca.pem -subj /CN=authority",
        "req -newkey rsa:2048 -nodes -keyout me.key -out me.csr -subj /CN=localhost",
        "x509 -req -days 2 -in me.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out me.pem",
    ):
        subprocess.run(["openssl", *line.split()], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_a_scheduler_is_spoken_to_encrypted(fleet: Fleet, certificates: Path) -> None:
    ca, certificate, key = (str(certificates / name) for name in ("ca.pem", "me.pem", "me.key"))
    theirs = ("--tls-ca-file", ca, "--tls-cert", certificate, "--tls-key", key)
    with dask(fleet, *theirs, "--protocol", "tls", workers=1) as (address, _):
        assert address.startswith("tls://127.0.0.1:")
        ours = ("--tls-ca", ca, "--tls-cert", certificate, "--tls-key", key)
        found = {}
        for _ in range(20):  # the worker may take a moment
            with fleet.started("--scheduler", address, *ours) as process:
                out, _ = process.communicate(timeout=60)
            if process.returncode == 0:
                found = fleet.statuses()
                break
            assert "the scheduler has no workers" in out, out
            time.sleep(0.5)
        assert set(found.values()) == {"changed"}
        with fleet.started("--scheduler", address) as process:
            out, _ = process.communicate(timeout=60)
        assert (process.returncode, "the scheduler does not answer" in out) == (1, True), out
    fleet.check()
