"""Private database servers on loopback, for the tests and for the benchmarks.

A server lives in a temporary directory of its own, keeps nothing durable, and is gone
with the process that started it, however that process ends: a small guard process waits for its end and cleans up.

`python tests/servers.py missing` prints which Debian packages that the tests need are not installed.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from sqlalchemy import URL

LOOPBACK = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 20
START_ATTEMPTS = 3
"""Another program can take the chosen port before the server does."""


class ServerError(RuntimeError):
    """A server that did not come up; the message ends with its log."""


class ServerMissingError(ServerError):
    """The programs of this server are not installed."""


class Server(ABC):
    """One private server: `start` and `stop` it, or use it in a `with`.

    `username` is a superuser whose `password` is new for every server. `directory` holds the data, the log and the unix
    socket; it exists from `start` to `stop`.
    """

    label: ClassVar[str]
    drivername: ClassVar[str]
    accounts: ClassVar[tuple[str, ...]]
    """Who may run the server when the tests run as root, first choice first."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self) -> None:
        self.host = LOOPBACK
        self.port = 0
        self.username = "ahjo"
        self.password = secrets.token_urlsafe(12)
        self._directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None
        self._account = _account(self.accounts)

    @classmethod
    @abstractmethod
    def find(cls) -> Path | None:
        """The server's program, or None when it is not installed."""

    @abstractmethod
    def _initialise(self) -> None:
        """Create the data directory."""

    @abstractmethod
    def _command(self) -> list[str | Path]:
        """The command line that runs the server in the foreground."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether the server accepts connections now; False as long as it cannot tell."""

    @property
    def directory(self) -> Path:
        if self._directory is None:
            raise ServerError(f"{self.label} is not running")
        return self._directory

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def url(self, database: str | None = None) -> URL:
        """The SQLAlchemy URL of a database, as the superuser."""
        from sqlalchemy import URL

        return URL.create(self.drivername, self.username, self.password, self.host, self.port, database)

    def start(self) -> None:
        """Return when the server accepts connections.

        Raises:
            ServerMissingError: the programs are not installed.
            ServerError: it did not come up; nothing is left of it.
        """
        if self.find() is None:
            raise ServerMissingError(f"{self.label} is not installed")
        # A deep TMPDIR is too long for a socket, and a private one is closed to the server's account.
        place = "/tmp" if self._account else None
        self._directory = Path(tempfile.mkdtemp(prefix=f"ahjo-{self.label.lower()}-", dir=place))
        self._guard = Guard(self._directory)
        atexit.register(self.stop)
        try:
            self._own(self._directory)
            self._initialise()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and remove its directory; nothing happens when it is not running."""
        atexit.unregister(self.stop)
        if self._process:
            _end(self._process, self.stop_signal)
            self._process = None
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
        if self._guard:
            self._guard.dismiss()
            self._guard = None

    def crash(self) -> None:
        """Kill the server, and start it again on what it has written, at the same port."""
        if self._process:
            self._process.kill()
            self._process.wait()
        for _ in range(START_ATTEMPTS):
            self._process = self._popen(self._command())
            if self._guard:
                self._guard.watch(self._process.pid)
            if self._wait_until_ready(self._process):
                return
            time.sleep(1)  # children of the one that was killed still have its memory
        raise ServerError(f"{self.label} did not start again:\n{_tail(self.log)}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self) -> None:
        for attempt in range(1, START_ATTEMPTS + 1):
            self.port = _free_port()
            self._process = self._popen(self._command())
            if self._guard:
                self._guard.watch(self._process.pid)
            if self._wait_until_ready(self._process):
                return
            if attempt == START_ATTEMPTS or self._process.poll() is None:
                raise ServerError(f"{self.label} did not start:\n{_tail(self.log)}")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if self._ready():
                return True
            time.sleep(0.02)
        return False

    def _run(self, command: list[str | Path]) -> None:
        process = self._popen(command)
        try:
            status = process.wait(START_SECONDS)
        except BaseException:
            _end(process, signal.SIGKILL)
            raise
        if status != 0:
            raise ServerError(f"{Path(command[0]).name} failed:\n{_tail(self.log)}")

    def _popen(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        identity: dict[str, Any] = {}
        if self._account:
            identity = {"user": self._account, "group": _group(self._account), "extra_groups": []}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.directory,
                env=_environment(self.directory),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends the tests, and the tests end the server
                **identity,
            )

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        self._own(path)
        return path

    def _own(self, path: Path) -> None:
        if self._account:
            shutil.chown(path, self._account, _group(self._account))


class PostgresServer(Server):
    """PostgreSQL, from Debian's packages or the PATH."""

    label = "PostgreSQL"
    drivername = "postgresql+psycopg"
    accounts = ("postgres", "nobody")
    stop_signal = signal.SIGINT  # PostgreSQL's fast shutdown: it does not wait for its clients

    @classmethod
    def find(cls) -> Path | None:
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
        return _first_program(debian, "postgres", beside="initdb")

    def _program(self, name: str) -> Path:
        server = self.find()
        if server is None:
            raise ServerMissingError(f"{self.label} is not installed")
        return server.with_name(name)

    def _initialise(self) -> None:
        password = self._write("password", self.password)
        self._run(
            [
                self._program("initdb"),
                f"--pgdata={self.data}",
                f"--username={self.username}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ]
        )
        password.unlink()

    def _command(self) -> list[str | Path]:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": self.directory,
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "shared_buffers": "32MB",
            "max_connections": 60,
            "timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", self.data, *options]

    def _ready(self) -> bool:
        # The server itself writes its state on the eighth line: no client and no password are needed.
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return lines[:1] == [str(self.pid)] and [state.strip() for state in lines[7:8]] == ["ready"]


class MariaDBServer(Server):
    """MariaDB, from Debian's packages or the PATH."""

    label = "MariaDB"
    drivername = "mysql+pymysql"
    accounts = ("mysql", "nobody")

    @classmethod
    def find(cls) -> Path | None:
        debian = [Path("/usr/sbin"), Path("/usr/local/sbin")]
        program = _first_program(debian, "mariadbd") or _first_program(debian, "mysqld")
        if program and cls._installer() and _is_mariadb(program):
            return program
        return None

    @staticmethod
    def _installer() -> str | None:
        return shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")

    @property
    def socket(self) -> Path:
        return self.directory / "server.sock"

    def _initialise(self) -> None:
        installer = self._installer()
        if installer is None:
            raise ServerMissingError(f"{self.label} is not installed")
        self._run(
            [
                installer,
                "--no-defaults",
                f"--datadir={self.data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                *self._storage(),
            ]
        )
        grants = (
            f"CREATE USER IF NOT EXISTS '{self.username}'@'{host}' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{self.username}'@'{host}' WITH GRANT OPTION;\n"
            for host in ("localhost", "%")
        )
        self._write("init.sql", "".join(grants))

    def _command(self) -> list[str | Path]:
        program = self.find()
        if program is None:
            raise ServerMissingError(f"{self.label} is not installed")
        return [
            program,
            "--no-defaults",
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--port={self.port}",
            f"--bind-address={self.host}",
            f"--pid-file={self.directory / 'server.pid'}",
            f"--init-file={self.directory / 'init.sql'}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            "--max-connections=60",
            *self._storage(),
        ]

    @staticmethod
    def _storage() -> tuple[str, ...]:
        return (
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",  # a killed server loses nothing by it, and no machine is switched off here
            "--innodb-doublewrite=0",
            "--innodb-use-native-aio=0",  # containers seldom allow it
            "--sync-binlog=0",
            "--sync-frm=0",
        )

    def _ready(self) -> bool:
        # The server speaks first. On its own socket nobody else can answer, whoever has the port.
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(str(self.socket))
                return bool(client.recv(1))
        except OSError:
            return False


class Guard:
    """A process that outlives this one by a moment: it ends what it watches and removes the directory.

    It reads process ids from its standard input. At "done" it leaves quietly; when the input ends without that word,
    the owner died.
    """

    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", Path(__file__).resolve(), "guard", directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        self._say(str(pid))

    def dismiss(self) -> None:
        self._say("done")
        self._process.communicate()

    def _say(self, line: str) -> None:
        with suppress(BrokenPipeError):
            if self._process.stdin:
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()


def guard(directory: Path) -> None:
    """What the guard process does."""
    pid: int | None = None
    for line in sys.stdin:
        if line.strip() == "done":
            return
        pid = int(line)
    if pid is not None:
        _kill_tree(pid)
    for _ in range(50):  # the dying server may still write
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.1)


DEBIAN_PACKAGES: dict[str, Callable[[], bool]] = {
    "postgresql": lambda: PostgresServer.find() is not None,
    "mariadb-server-core": lambda: MariaDBServer.find() is not None,
    "mariadb-client-core": lambda: MariaDBServer.find() is not None,
    "sqlite3": lambda: shutil.which("sqlite3") is not None,
    # pyodbc's wheel and Microsoft's driver in the wheel of mssql-python are linked to the driver manager.
    "libodbc2": lambda: _has_library("libodbc.so.2"),
}
"""All that the tests need from Debian, and how to tell whether it is there; `make servers` installs what is not."""


def missing_packages() -> list[str]:
    """Return the Debian packages that the tests need and this machine lacks."""
    return [package for package, installed in DEBIAN_PACKAGES.items() if not installed()]


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _is_mariadb(program: Path) -> bool:
    answer = subprocess.run([program, "--no-defaults", "--version"], capture_output=True, text=True, check=False)
    return "MariaDB" in answer.stdout


def _first_program(directories: list[Path], name: str, beside: str | None = None) -> Path | None:
    """The first executable in the directories, then on the PATH, that has its companion beside it.

    Never on Windows: there the tests use the servers that they are pointed at.
    """
    if os.name == "nt":
        return None
    found = [shutil.which(name, path=str(directory)) for directory in directories]
    for candidate in (*found, shutil.which(name)):
        if candidate is None:
            continue
        program = Path(candidate).resolve()
        if beside is None or shutil.which(beside, path=str(program.parent)):
            return program
    return None


def _version(directory: Path) -> int:
    digits = directory.parent.name.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _account(candidates: tuple[str, ...]) -> str | None:
    """The account to run as, or None to stay who we are."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in candidates if name in known), None)


def _group(account: str) -> int:
    import pwd

    return pwd.getpwnam(account).pw_gid


def _environment(directory: Path) -> dict[str, str]:
    """This process's environment less what would point a server or its installer elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "MYSQL", "MARIADB", "LC_"))}
    return {**kept, "LC_ALL": "C", "HOME": str(directory), "TMPDIR": str(directory)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path, lines: int = 30) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"(no log: {error})"


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _kill_tree(pid: int) -> None:
    """Ask once, then insist; the server's children end with it."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + 2
        try:
            os.kill(pid, number)
            while time.monotonic() < deadline:
                time.sleep(0.05)
                os.kill(pid, 0)
        except OSError:
            return


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["guard", directory]:
            guard(Path(directory))
        case ["missing"]:
            sys.stdout.write(" ".join(missing_packages()) + "\n")
        case _:
            sys.exit(__doc__)
