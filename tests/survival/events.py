"""What happens to a run from outside: its server dies, its connection is cut, its disk is full, others crowd in."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from kills import HUNG, killed
from projects import _clean_environment
from proxy import stalling_proxy
from servers import LOOPBACK, MariaDBServer, PostgresServer
from trails import in_its_slow_file, runs, slow, trail

from survival.actions import SCENARIOS, VIEWS, Scenario, first_version
from survival.content import content
from survival.points import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from inside import Deployed
    from proxy import StallingProxy
    from servers import Server
    from targets import Target

    Chance = Any
CROWD = 50
DEPLOYS = tuple(each for each in SCENARIOS if each.name.startswith("deploy"))


class DurablePostgres(PostgresServer):
    """A private server that keeps what it has committed, for as many clients as come."""

    def _command(self) -> list[str | Path]:
        return [*super()._command(), "-c", "synchronous_commit=on", "-c", "max_connections=200"]


class DurableMariaDB(MariaDBServer):
    """The same."""

    def _command(self) -> list[str | Path]:
        return [*super()._command(), "--innodb-flush-log-at-trx-commit=1", "--max-connections=200"]


OWN_SERVERS = {"postgresql": DurablePostgres, "mysql": DurableMariaDB}


class Place(NamedTuple):
    """A database server of our own, or SQLite, and a folder. `chance` chooses the moment."""

    target: Target
    server: Server | None
    folder: Path
    chance: Chance

    def scenario(self, among: tuple[Scenario, ...] = DEPLOYS) -> Scenario:
        return self.chance.choice(among)

    @contextmanager
    def proxied(self, live: Deployed) -> Iterator[StallingProxy]:
        """Have the project connect through a proxy for the block."""
        port = int(live.backend["sql_port"])
        with stalling_proxy(LOOPBACK, port) as proxy:
            live.reconfigure(sql_port=proxy.port, stall_timeout=1, connect_timeout=2)
            yield proxy
        live.reconfigure(sql_port=port)


def _undisturbed(place: Place, scenario: Scenario) -> tuple[dict[str, Any], int]:
    """What a scenario leaves, and how often it asks the server."""
    live = scenario.project(place.target, place.folder / "undisturbed")
    count = 0

    def noted() -> None:
        nonlocal count
        count += 1

    with place.proxied(live) as proxy:
        proxy.on_request = noted
        live.succeed(*scenario.command(live))
    return content(live), count


def _requests(place: Place, happen: Callable[[StallingProxy], None]) -> list[str]:
    """Have something happen to the connection, or its server, when a request of a run goes to it."""
    scenario = place.scenario()
    wanted, count = _undisturbed(place, scenario)
    live = scenario.project(place.target, place.folder / "project")
    command, left = scenario.command(live), place.chance.randint(1, count)
    place.folder.joinpath("point").write_text(f"{scenario.name}, request {left} of {count}", encoding="utf-8")

    def noted() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            happen(proxy)

    said = place.folder / "said"
    with place.proxied(live) as proxy:
        proxy.on_request = noted
        code = killed(live, *command, said=said)
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    wrong = ["it hung"] if code == HUNG else []
    wrong += [f"it ends with {code}: {text}"] if code not in {0, 1, HUNG} or "Traceback" in text else []
    return wrong + _goes_on(place, live, command, wanted)


def _goes_on(place: Place, live: Deployed, command: tuple[str, ...], wanted: dict[str, Any]) -> list[str]:
    again = live.here(*command)
    unlike = difference(content(live), wanted)
    wrong = [f"the next run ends with {again.code}: {again.text}"] if again.code else []
    return wrong + ([f"after the next run {unlike}\n{again.text}"] if unlike else [])


def connection_cut(place: Place) -> list[str]:
    """The connection is cut at a request."""
    return _requests(place, lambda proxy: proxy.cut())


def connection_stalled(place: Place) -> list[str]:
    """The connection forwards nothing from a request on, without an end."""
    return _requests(place, lambda proxy: proxy.stall(later=False))


def server_killed(place: Place) -> list[str]:
    """The server is killed at a request, and started again."""
    server = place.server
    assert server is not None
    scenario = place.scenario()
    live = scenario.project(place.target, place.folder / "undisturbed")
    began = time.monotonic()
    live.succeed(*scenario.command(live))
    seconds, wanted = time.monotonic() - began, content(live)
    live = scenario.project(place.target, place.folder / "project")
    command, moment = scenario.command(live), place.chance.uniform(0, seconds)
    crash = threading.Timer(moment, server.crash)
    said = place.folder / "said"
    crash.start()
    code = killed(live, *command, said=said)
    crash.join()
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    wrong = ["it hung"] if code == HUNG else []
    wrong += [f"it ends with {code}: {text}"] if code not in {0, 1, HUNG} or "Traceback" in text else []
    return wrong + _goes_on(place, live, command, wanted)


def lock_holder_killed(place: Place) -> list[str]:
    """Who holds the lock is killed while another one waits for it."""
    scenario = Scenario("data", lambda live: trail(live, "a"), lambda _live: ("data",))
    live = scenario.project(place.target, place.folder / "project")
    live.reconfigure(scripting_variables={"run": 1})
    slow(live, "b", 10 if place.target.name in {"mysql", "mssql"} else 60)  # some go on when nobody waits any more
    with live.started("data") as first:
        in_its_slow_file(live)
        slow(live, "b", 0)
        with live.started("data") as second:
            time.sleep(place.chance.uniform(0.5, 2))
            first.kill()
            said, _ = second.communicate(timeout=90)
    wrong = [f"who waited ends with {second.returncode}: {said}"] if second.returncode else []
    return wrong + ([f"rows of {runs(live)}"] if runs(live) != [1] else [])


def crowd(place: Place) -> list[str]:
    """So many processes deploy to one database at once."""
    scenario = Scenario("deploy", first_version, lambda _live: ("deploy",))
    live = scenario.project(place.target, place.folder / "project")
    live.reconfigure(lock_timeout=600)
    environ = {"AHJO_NON_INTERACTIVE": "1"}
    outputs = [(place.folder / f"{number}.txt").open("w+", encoding="utf-8") for number in range(CROWD)]
    processes = [_start(live, output, environ) for output in outputs]
    codes = [process.wait(900) for process in processes]
    wrong = []
    for code, output in zip(codes, outputs, strict=True):
        output.seek(0)
        wrong += [f"ends with {code}: {output.read()}"] if code else []
        output.close()
    ended = live.rows("SELECT status, COUNT(*) FROM ahjo_runs GROUP BY status")
    wrong += [f"runs: {ended}"] if ended != [("succeeded", 1)] else []
    there = sum(live.has(f"v{number}") for number in range(VIEWS))
    return wrong + ([f"{there} views"] if there != VIEWS else [])


def _start(live: Deployed, output: Any, environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", "deploy", "--config", "dev.json"],
        cwd=live.directory,
        env={**_clean_environment(), **environ},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """A folder on a disk of its own with a few kilobytes of room; only root may mount one."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        (folder / "full").write_bytes(b"x" * (256 - 12) * 1024)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # a log may still be open


def disk_full(place: Place) -> list[str]:
    """There is no room for the log, for reports, for what is pulled."""
    scenario = Scenario("deploy", first_version, lambda _live: ("deploy",))
    live = scenario.project(place.target, place.folder / "project")
    live.write("database/tests/t.sql", "SELECT 'ok' AS result, 'x' AS test_name;\n" * 200)
    live.write("database/data/shop.csv", "id;name\n" + "".join(f"{number};name\n" for number in range(5000)))
    wrong = []
    with full_disk(place.folder / "disk") as disk:
        (live.directory / "ahjo.log").symlink_to(disk / "ahjo.log")
        for command in (("deploy",), ("data",)):
            done = live.here(*command)
            wrong += [f"{command} ends with {done.code}: {done.text}"] if done.code else []
        for command in (
            ("test", "--format", "junit", "--output", str(disk / "out.xml")),
            ("to-csv", "--query", "SELECT * FROM shop", "--output", str(disk / "out.csv")),
        ):
            done = live.here(*command)
            wrong += [f"{command} ends with {done.code}: {done.text}"] if done.code != 1 else []
            wrong += [f"no word of it: {done.text}"] if "No space left" not in done.text else []
        left = sorted(path.name for path in disk.iterdir() if path.name not in {"full", "ahjo.log"})
        wrong += [f"left on the disk: {left}"] if left else []
    return wrong + ([] if live.has("v0") else ["the view is not there"])


def sqlite_disk_full(place: Place) -> list[str]:
    """There is no room for the database."""
    scenario = Scenario("deploy", first_version, lambda _live: ("deploy",))
    live = scenario.project(place.target, place.folder / "undisturbed")
    live.succeed("deploy")
    wanted = content(live)
    live = scenario.project(place.target, place.folder / "project")
    with full_disk(place.folder / "disk") as disk:
        live.reconfigure(target_database_name=str(disk / "ahjo_full.db"))
        place.target.query("VACUUM", str(disk / "ahjo_full.db"))
        failed = live.here("deploy")
        wrong = [] if failed.code == 1 and "full" in failed.text else [f"ends with {failed.code}: {failed.text}"]
        (disk / "full").unlink()
        return wrong + _goes_on(place, live, ("deploy",), wanted)


class Event(NamedTuple):
    """Something that happens to runs on some databases; `once` where it is the same each time."""

    happen: Callable[[Place], list[str]]
    databases: tuple[str, ...]
    once: bool = False
    mounts: bool = False


EVENTS = {
    "connection cut": Event(connection_cut, ("postgresql", "mysql")),
    "connection stalled": Event(connection_stalled, ("postgresql", "mysql")),
    "server killed": Event(server_killed, ("postgresql", "mysql")),
    "lock holder killed": Event(lock_holder_killed, ("sqlite", "postgresql", "mysql")),
    "disk full, log and reports": Event(disk_full, ("sqlite", "postgresql", "mysql"), once=True, mounts=True),
    "disk full, database": Event(sqlite_disk_full, ("sqlite",), once=True, mounts=True),
    f"{CROWD} processes": Event(crowd, ("sqlite", "postgresql", "mysql"), once=True),
}
