from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import time
from contextlib import closing
from io import BytesIO, StringIO, TextIOWrapper
from typing import IO, TYPE_CHECKING, Any

import pytest
from cli_runner import Terminal, sqlite
from projects import RunningProject, make_project
from terminals import Pty

from ahjo_tasks.console import Console
from ahjo_tasks.console.terminal import DELAY, ProgressLine
from ahjo_tasks.engine.diagnostics import excerpt
from ahjo_tasks.errors import AhjoError, ConfigError, DeployError

if TYPE_CHECKING:
    from pathlib import Path

LONG = "view database/views/the_monthly_report_of_all_customers_who_bought_something_in_the_last_twelve_months.sql"
COLOUR = re.compile(r"\033\[[0-9;]*m")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def console(columns: int | None = None, **options: Any) -> tuple[Console, IO[str], list[tuple[str, str]]]:
    """A console, what it writes, and what it logs; on a terminal of so many columns, or piped."""
    logged: list[tuple[str, str]] = []
    stream = StringIO() if columns is None else Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.get_terminal_size", lambda _fallback: os.terminal_size((columns or 0, 24)))
        made = Console(lambda level, line: logged.append((level, line)), out=stream, err=stream, **options)
    return made, stream, logged


def text(stream: IO[str]) -> str:
    assert isinstance(stream, StringIO)
    return stream.getvalue()


# -- result lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120])
def test_no_result_line_wraps_on_a_terminal(columns: int) -> None:
    made, stream, logged = console(columns)
    made.result(12, 128, LONG, "ok", seconds=0.03, extra="1234567 rows")
    made.result(128, 128, "view a", "FAIL", seconds=12345.03)
    lines = COLOUR.sub("", text(stream)).splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) < columns
    assert LONG in logged[0][1]


@pytest.mark.parametrize("columns", [70, 80, 120])
def test_what_a_line_says_at_its_end_leaves_a_name_whole(columns: int) -> None:
    made, stream, logged = console(columns)
    made.result(6, 14, "tenant-04", "ok", seconds=0.27, extra=f"behind: {LONG} {LONG}")
    (line,) = COLOUR.sub("", text(stream)).splitlines()
    assert re.search(r" tenant-04 \.{3,} ok      0\.27s  behind: ", line)
    assert line.endswith("…")
    assert len(line) < columns
    assert f"{LONG} {LONG}" in logged[0][1]


def test_a_label_is_shortened_in_its_middle() -> None:
    made, stream, _ = console(80)
    made.result(1, 1, LONG, "ok", seconds=0.03)
    assert re.search(r"view database/vi\S*…\S*_months\.sql \.\.\. ok", COLOUR.sub("", text(stream)))


def test_a_wide_terminal_shows_a_long_label_whole() -> None:
    made, stream, _ = console(200)
    made.result(1, 1, LONG, "ok", seconds=0.03)
    assert LONG in text(stream)


def test_in_a_pipe_nothing_is_shortened() -> None:
    made, stream, _ = console()
    made.result(1, 1, LONG, "ok", seconds=0.03)
    assert text(stream) == f"  1/1 {LONG} ... ok      0.03s\n"


@pytest.mark.parametrize("columns", [None, 80, 120])
def test_status_and_seconds_stand_in_columns(columns: int | None) -> None:
    made, stream, _ = console(columns)
    for label, status, seconds in (("view a", "ok", 0.03), ("procedure dbo.b", "FAIL", 123.4)):
        made.result(1, 2, label, status, seconds=seconds)
    lines = COLOUR.sub("", text(stream)).splitlines()
    assert lines[0].index(" ok  ") == lines[1].index(" FAIL")
    assert len(lines[0]) == len(lines[1])


# -- colour ------------------------------------------------------------------------------------------------------------


def speak(made: Console) -> None:
    made.heading("deploy", {"": "db/Shop", "login": "svc"})
    made.warning("beware")
    made.result(1, 1, "view a", "ok", seconds=0.03)
    made.error(AhjoError("no", hint="do"))
    made.summary("deploy", 1, 1.0)


def test_a_terminal_gets_colour_and_the_log_none() -> None:
    made, stream, logged = console(80)
    speak(made)
    assert COLOUR.search(text(stream))
    assert not any("\033" in line for _, line in logged)


@pytest.mark.parametrize("variable", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colour_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]
) -> None:
    monkeypatch.setenv(*variable)
    made, stream, _ = console(80)
    made.step_started(1, 1, "working")
    time.sleep(DELAY * 2)
    speak(made)
    assert "\033" not in text(stream)
    assert "working" not in text(stream)


def test_a_config_can_switch_colour_off() -> None:
    made, stream, _ = console(80, colored=False)
    speak(made)
    assert not COLOUR.search(text(stream))


def test_a_pipe_gets_plain_lines() -> None:
    made, stream, _ = console()
    made.step_started(1, 1, "working")
    speak(made)
    assert "\033" not in text(stream)
    assert "working" not in text(stream)


def test_a_stream_without_our_characters_gets_plainer_ones() -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii")
    Console(out=stream, err=stream).step_heading("init")
    assert raw.getvalue().decode("ascii").startswith("\n-- init ---")


# -- sentences ---------------------------------------------------------------------------------------------------------


def test_the_heading_says_server_database_and_login_first() -> None:
    made, stream, _ = console()
    made.heading("deploy", {"": "db.example:1433/Shop", "environment": "", "login": "svc"})
    assert text(stream) == "deploy  db.example:1433/Shop   login svc\n"


def test_a_remark_is_said_once_in_a_run() -> None:
    made, stream, _ = console()
    for _ in range(3):
        made.info("No git version recorded.")
        made.info("      -> 1f shop")
        made.summary("deploy", 0, 0.1)
    assert text(stream).count("No git version") == 1
    assert text(stream).count("-> 1f shop") == 3


def test_the_summary_is_one_line_for_grep() -> None:
    made, stream, _ = console()
    made.result(1, 3, "a", "ok", seconds=0.01)
    made.result(2, 3, "b", "FAIL", seconds=0.01)
    made.not_run(["data", "test"])
    made.summary("complete-build", 1, 2.34)
    assert text(stream).splitlines()[-2:] == ["Not run: data, test", "complete-build: OK=1 FAIL=1 SKIP=1 2.3s exit=1"]
    made.summary("deploy", 0, 0.1)
    assert text(stream).splitlines()[-1] == "deploy: OK=0 FAIL=0 SKIP=0 0.1s exit=0"


def test_long_sentences_break_between_words_and_source_is_cut_around_the_caret() -> None:
    made, stream, _ = console(60)
    source = "   12 | SELECT " + "a_column, " * 10
    made.error(DeployError("The server does not like what it was told " * 3, details=(source,), hint="Say it " * 20))
    lines = COLOUR.sub("", text(stream)).splitlines()
    assert f"  {source}"[:59].rstrip() in lines
    assert all(len(line) < 60 for line in lines)
    assert not any(line.endswith(("serve", "th")) for line in lines)


def test_an_error_tells_every_problem_and_what_to_do() -> None:
    made, stream, logged = console()
    made.error(ConfigError("Invalid config: dev.json", ("a: wrong", "b: wrong too"), hint="Fix it."))
    assert text(stream) == "Error: Invalid config: dev.json\n  - a: wrong\n  - b: wrong too\n  hint: Fix it.\n"
    assert {level for level, _ in logged} == {"error"}


def test_an_unexpected_failure_is_a_line_here_and_a_traceback_in_the_log() -> None:
    made, stream, logged = console()
    made.unexpected(RuntimeError("out of paper"))
    assert "Traceback" not in text(stream)
    assert "RuntimeError: out of paper" in text(stream)
    assert "RuntimeError: out of paper" in logged[-1][1]


def test_a_table_that_is_too_wide_goes_on_in_the_next_line_and_loses_nothing() -> None:
    value = "one two three " * 12
    made, stream, _ = console(60)
    made.table(["Key", "Value", "N"], [("a", value, 5), ("b", "short", 12)])
    lines = COLOUR.sub("", text(stream)).splitlines()
    assert all(len(line) < 60 for line in lines)
    assert " ".join(lines).count("three") == 12
    piped, stream, _ = console()
    piped.table(["Key", "Value", "N"], [("a", value.strip(), 5), ("b", "short", 12)])
    assert f"  a    {value.strip()}   5" in text(stream)


def test_a_path_goes_on_in_the_next_line_behind_a_folder() -> None:
    made, stream, _ = console(40)
    made.table(["State", "File"], [("new", "database/views/a_long_name_of_a_view.sql")])
    lines = [line.split()[-1] for line in COLOUR.sub("", text(stream)).splitlines()]
    assert lines[-2:] == ["database/views/", "a_long_name_of_a_view.sql"]


def test_a_program_gets_its_output_alone() -> None:
    out, err = StringIO(), StringIO()
    made = Console(out=out, err=err)
    made.machine()
    made.warning("beware")
    made.info("by the way")
    made.raw("[]")
    made.summary("batches", 0, 0.1)
    assert out.getvalue() == "[]\n"
    assert err.getvalue() == "Warning: beware\nby the way\n"


def test_what_is_asked_and_answered_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "y")
    made, _, logged = console()
    assert made.confirm("Are you sure?")
    assert logged == [("info", "Are you sure? [y/N] y")]


# -- the live line -----------------------------------------------------------------------------------------------------


def until(stream: Terminal, word: str) -> str:
    for _ in range(100):
        if word in stream.getvalue():
            break
        time.sleep(0.02)
    return stream.getvalue()


def test_long_work_is_shown_and_gone_when_it_is_done() -> None:
    stream = Terminal()
    made = Console(out=stream, err=stream)
    made.step_started(1, 2, "view a")
    assert "view a" in until(stream, "view a")
    made.result(1, 2, "view a", "ok", seconds=0.50)
    shown = text(stream).rpartition("\r\033[K")[2]
    assert COLOUR.sub("", shown).startswith("  1/2 view a ....")


def test_quick_work_never_flickers() -> None:
    stream = Terminal()
    made = Console(out=stream, err=stream)
    for _ in range(50):
        made.step_started(1, 2, "view a")
        made.result(1, 2, "view a", "ok", seconds=0.00)
    assert "\r" not in stream.getvalue()


def test_a_message_goes_above_the_live_line_which_comes_back() -> None:
    stream = Terminal()
    line = ProgressLine(stream, lambda said, seconds: said + seconds)
    line.update("working")
    until(stream, "working")
    with line.paused():
        stream.write("a message\n")
    time.sleep(DELAY * 2)
    line.clear()
    assert re.search(r"working\r\033\[Ka message\n\r\033\[Kworking\r\033\[K$", stream.getvalue())


# -- real terminals ----------------------------------------------------------------------------------------------------

only_posix = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
FOREVER = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path, sqlite(target_database_protected=True))
    made.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS a;")
    made.write(f"database/{LONG.removeprefix('view database/')}", "CREATE VIEW w AS SELECT 1 AS a;")
    return made


@only_posix
def test_a_terminal_asks_and_shows_lines_that_fit(project: RunningProject) -> None:
    terminal = Pty(project.directory, "init", "deploy")
    terminal.until("to go on: ")
    terminal.type("shop.db")
    assert terminal.end() == 0, terminal.seen
    lines = [COLOUR.sub("", line) for line in terminal.seen.replace("\r\n", "\n").splitlines()]
    results = [line for line in lines if re.match(r"  \d/2 ", line)]
    assert len(results) == 2
    assert max(map(len, results)) < 80
    assert COLOUR.search(terminal.seen)


@only_posix
def test_ctrl_c_in_a_long_statement_rolls_back_and_frees_the_lock_at_once(project: RunningProject) -> None:
    project.configure(sqlite())
    assert project.inv("init").code == 0
    project.write("database/data/slow.sql", f"CREATE TABLE t (a INTEGER); INSERT INTO t {FOREVER};")
    terminal = Pty(project.directory, "data", "--non-interactive")
    terminal.until("slow.sql ...")
    began = time.monotonic()
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130, terminal.seen
    assert time.monotonic() - began < 10
    assert "Interrupted: what was not finished was rolled back." in terminal.seen
    assert "SKIP=1" in terminal.seen
    with closing(sqlite3.connect(project.directory / "shop.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 't'").fetchall() == []
    (project.directory / "database" / "data" / "slow.sql").unlink()
    assert project.inv("data", AHJO_LOCK_TIMEOUT="0").code == 0


@only_posix
def test_ctrl_c_at_a_question_changes_nothing(project: RunningProject) -> None:
    terminal = Pty(project.directory, "init")
    terminal.until("to go on: ")
    time.sleep(0.5)  # what a terminal sends before the program has begun to read is not seen until the next key
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Interrupted: nothing was changed." in terminal.seen
    assert not (project.directory / "shop.db").exists()


def test_both_streams_are_in_order_in_one_pipe(project: RunningProject) -> None:
    project.configure(sqlite(lock_timeout="5"))
    project.write("database/views/z.sql", "CREATE VEIW z AS SELECT 1;")
    assert project.inv("init").code == 0
    done = project.run("sh", "-c", f"{sys.executable} -m invoke deploy --config dev.json 2>&1")
    order = ["lock_timeout", "deploy  sqlite", "Plan: ", "FAIL", "Error: ", "deploy: OK="]
    places = [done.out.index(word) for word in order]
    assert places == sorted(places), done.out


def test_all_that_is_shown_is_in_the_log(project: RunningProject) -> None:
    project.configure(sqlite())
    done = project.inv("init", "deploy")
    log = (project.directory / "ahjo.log").read_text(encoding="utf-8")
    for line in filter(None, done.out.splitlines()):
        assert line in log
    assert "\033" not in log


def test_a_heading_is_broken_between_words_on_a_narrow_terminal() -> None:
    made, stream, logged = console(40)
    made.heading("deploy", {"": "127.0.0.1:5432/shop", "login": "ahjo"})
    lines = COLOUR.sub("", text(stream)).splitlines()
    assert lines == ["deploy  127.0.0.1:5432/shop   login", "  ahjo"]
    assert "login ahjo" in logged[0][1]


def test_a_reader_that_leaves_stops_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite())
    for number in range(30):
        project.write(f"database/views/v{number}.sql", f"CREATE VIEW v{number} AS SELECT 1 AS id;\n")
    command = f"{sys.executable} -m invoke init deploy --config dev.json | head -2; exit ${{PIPESTATUS[0]}}"
    done = project.run("bash", "-c", command)
    assert (done.code, done.err) == (0, ""), done.text
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'view'").fetchone() == (30,)


def test_arrays_are_printed_and_asked_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.print(["Line 1", "Line 2"])
    console.table(["n"], [1, 2])
    console.table([], ["word", ("a", "b")])
    assert [line.split() for line in capsys.readouterr().out.splitlines() if "─" not in line] == [
        *(["Line", "1"], ["Line", "2"], ["n"], ["1"], ["2"]),
        *([], ["word"], ["a", "b"]),
    ]


def test_a_name_is_whole_where_a_secret_is_a_part_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.hide("password")
    console.keep(["password", "password_file", "sql_port"])
    console.print("password_file x/password password my_password_files")
    assert capsys.readouterr().out == "password_file x/*** *** my_***_files\n"


def test_control_characters_of_names_and_messages_are_shown_and_not_sent() -> None:
    out, lines = StringIO(), list[str]()
    console = Console(lambda _level, line: lines.append(line), out=out, err=out)
    name = "a\x1b[31m\x07.sql"
    console.print(f"{name}\tb")
    console.info(name)
    console.warning(name)
    console.error(AhjoError(f"{name}\r\nmore\rover"))
    console.result(1, 1, name, "ok", seconds=0, extra=name)
    assert not set("\x1b\x07") & set(out.getvalue() + "".join(lines))
    assert out.getvalue().count(r"a\x1b[31m\x07.sql") == 6
    assert r"more\x0dover" in out.getvalue()


@pytest.mark.parametrize(
    ("environ", "painted"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "0"}, False), ({"FORCE_COLOR": ""}, False),
     ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)  # fmt: skip
def test_colour_can_be_asked_for_where_no_terminal_is(
    environ: dict[str, str], painted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    made, stream, _ = console()
    made.print("done", "ok")
    assert text(stream) == ("\033[32mdone\033[0m\n" if painted else "done\n")


def test_github_shows_an_error_at_its_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    made, stream, _ = console()
    made.hide("hunter2hunter2")
    made.error(DeployError("no: 50%\nhunter2hunter2", path=tmp_path / "db/a,b.sql", line=3, column=7))
    made.error(AhjoError("locked"))
    lines = [line for line in text(stream).splitlines() if line.startswith("::")]
    assert lines == ["::error file=db/a%2Cb.sql,line=3,col=7,title=ahjo::no: 50%25%0A***", "::error title=ahjo::locked"]


def test_the_caret_stays_under_its_column_in_a_narrow_terminal() -> None:
    source = "SELECT " + ", ".join(f"column_{number}" for number in range(40)) + " FRM product"
    column = source.index("FRM") + 1
    for columns in (40, 60, 100, 1000):
        made, stream, _ = console(columns)
        made.error(DeployError("no", details=excerpt(source, 1, column)))
        shown, caret = COLOUR.sub("", text(stream)).splitlines()[1:3]
        assert len(shown) < columns
        assert shown[caret.index("^") :].startswith("FRM")


def test_the_caret_counts_columns_of_the_terminal() -> None:
    _, caret = excerpt("SELECT '\u6f22\u5b57e\u0301', x", 1, 16)
    assert len(caret) == len("      | SELECT '____e', x")


def test_rows_below_the_progress_go_with_it() -> None:
    made, stream, _ = console(80)
    made.progress("2 changed, 5 waiting", ["acme", "beta"])
    time.sleep(DELAY * 3)
    made.print("gamma is done")
    shown = COLOUR.sub("", text(stream))
    assert "  2 changed, 5 waiting ...\n    acme\n    beta" in shown
    assert shown.endswith("\r\033[K\033[A\033[K\033[A\033[Kgamma is done\n")
