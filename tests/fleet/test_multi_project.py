from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from projects import Outcome, RunningProject, _clean_environment, make_project

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.fleet.project_list import ListedProject, connection_environment, in_order, read_project_list

if TYPE_CHECKING:
    from targets import Target

MAIN = "import sys; from ahjo_tasks.cli import multi_project_build; sys.exit(multi_project_build())"
TASKS = """
from ahjo_tasks import action, namespace


@action(affects_database=True)
def speak(ctx, times=1, pause=0.0):
    import time
    for number in range(times):
        print(f"{NAME} says {number}")
        time.sleep(float(pause))


@action(affects_database=True)
def fail(ctx):
    raise ValueError(f"{NAME} cannot")


@action
def die(ctx):
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)


@action
def who(ctx):
    print(NAME, ctx.settings.username, ctx.settings.password.reveal()[::-1], ctx.settings.sql_port)


@action
def wait(ctx):
    import time
    print(f"{NAME} waits", flush=True)
    (ctx.project.directory / "began").write_text("")
    try:
        time.sleep(60)
    finally:
        (ctx.project.directory / "ended").write_text("")


NAME = "{name}"
ns = namespace(speak, fail, die, who, wait)
"""


@dataclass(frozen=True)
class Workshop:
    """A folder with several projects on SQLite, and the file that lists them."""

    directory: Path

    def project(self, name: str, **extra: object) -> RunningProject:
        backend = {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": f"{name}.db", **extra}
        created = make_project(self.directory / "all" / name, backend, TASKS.replace("{name}", name))
        created.write("database/views/v.sql", f"CREATE VIEW {name} AS SELECT 1 AS id;\n")
        return created

    def lists(self, projects: dict[str, Any], name: str = "projects.jsonc", **extra: object) -> Path:
        entries = {
            project: {"config": "dev.json", **(entry if isinstance(entry, dict) else {"actions": entry})}
            for project, entry in projects.items()
        }
        path = self.directory / name
        path.write_text(json.dumps({"projects_path": "all", "projects": entries, **extra}), encoding="utf-8")
        return path

    def run(self, *arguments: str, yes: bool = True, **environ: str) -> Outcome:
        here = RunningProject(self.directory)
        return here.run(sys.executable, "-c", MAIN, "projects.jsonc", *arguments, yes=yes, **environ)

    def has_database(self, name: str) -> bool:
        return (self.directory / "all" / name / f"{name}.db").exists()


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """Projects a, b and c."""
    created = Workshop(tmp_path)
    for name in "abc":
        created.project(name)
    return created


def order(result: Outcome) -> list[str]:
    """The projects in the order in which they spoke."""
    return [line[0] for line in result.out.splitlines() if " says " in line]


def test_projects_are_built_in_order_each_with_its_own_tasks_and_database(
    shop: Workshop, sqlite_target: Target
) -> None:
    shop.lists({"b": ["init", "deploy", "speak"], "a": ["init", "deploy", ["speak", {"times": 2}]]})
    result = shop.run()
    assert result.code == 0, result.text
    assert order(result) == ["b", "a", "a"]
    for name in "ab":
        assert sqlite_target.query(f"SELECT id FROM {name}", str(shop.directory / "all" / name / f"{name}.db")) == [
            (1,)
        ]
        assert "view database/views/v.sql" in (shop.directory / "all" / name / "ahjo.log").read_text("utf-8")


def test_inv_takes_the_file_as_its_config(shop: Workshop) -> None:
    shop.lists({"a": ["speak"]})
    here = make_project(shop.directory)
    result = here.inv("multi-project-build", config="projects.jsonc")
    assert result.code == 0, result.text
    assert order(result) == ["a"]


def test_a_failure_is_shown_and_nothing_else_is_started(shop: Workshop) -> None:
    shop.lists({"a": ["speak"], "b": ["speak", "fail", "speak"], "c": ["speak"]})
    result = shop.run()
    assert result.code == 1
    assert order(result) == ["a", "b"]
    assert "Error: ValueError: b cannot" in result.out
    table = [line.split(maxsplit=3) for line in result.out.splitlines() if line.startswith(("  a ", "  b ", "  c "))][
        -3:
    ]
    assert [row[1] for row in table] == ["ok", "FAIL", "skipped"]
    assert table[1][3] == "fail: ValueError: b cannot"
    assert "1 of 3 projects failed: b; skipped: c." in result.err
    assert "exit=1" in result.out


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: a signal to one process")
def test_a_killed_worker_is_a_failure_that_names_the_signal(shop: Workshop) -> None:
    shop.lists({"a": ["die"], "b": ["speak"]})
    result = shop.run("--jobs", "2", "--keep-going")
    assert result.code == 1
    assert order(result) == ["b"]
    assert "die: signal SIGKILL" in result.out
    assert "1 of 2 projects failed: a." in result.err


def test_keep_going_builds_what_does_not_depend_on_the_failure(shop: Workshop) -> None:
    shop.project("d")
    shop.lists(
        {
            "a": ["fail"],
            "b": {"actions": ["speak"], "depends": ["a"]},
            "c": ["speak"],
            "d": {"actions": ["speak"], "depends": "b"},
        }
    )
    result = shop.run("--keep-going")
    assert result.code == 1
    assert order(result) == ["c"]
    assert "needs a" in result.out
    assert "needs b" in result.out
    assert "failed: a; skipped: b, d." in result.err


def test_a_project_waits_for_those_that_it_depends_on(shop: Workshop) -> None:
    shop.lists(
        {"a": {"actions": ["speak"], "depends": ["c"]}, "b": ["speak"], "c": {"actions": ["speak"], "depends": ["b"]}}
    )
    result = shop.run("--jobs", "3")
    assert result.code == 0, result.text
    assert order(result) == ["b", "c", "a"]


def test_the_output_of_projects_side_by_side_is_not_mixed(shop: Workshop) -> None:
    shop.lists({name: [["speak", {"times": 4, "pause": 0.2}]] for name in "abc"})
    result = shop.run("-j", "3")
    assert result.code == 0, result.text
    spoken = order(result)
    assert sorted(spoken) == sorted("abc" * 4)
    assert "".join(spoken) in {
        f"{x * 4}{y * 4}{z * 4}" for x in "abc" for y in "abc" for z in "abc" if x != y != z != x
    }
    started = [line for line in result.out.splitlines() if line.endswith(": started")]
    assert result.out.index(started[-1]) < result.out.index(" says "), "all were started before the first had ended"


def test_dry_shows_every_plan_and_changes_nothing(shop: Workshop) -> None:
    shop.lists({name: ["init", "deploy"] for name in "ab"})
    result = shop.run("--dry", yes=False)
    assert result.code == 0, result.text
    assert result.out.count("view database/views/v.sql") == 2
    assert not shop.has_database("a")


def test_nothing_is_started_without_confirmation(shop: Workshop) -> None:
    shop.lists({"a": ["init"]})
    result = shop.run(yes=False)
    assert result.code == 3
    assert "--non-interactive" in result.err
    assert not shop.has_database("a")
    assert shop.run("-ni", yes=False).code == 0


def test_a_protected_database_takes_its_name(shop: Workshop) -> None:
    shop.project("d", target_database_protected=True)
    shop.lists({"a": ["speak"], "d": ["speak"]})
    assert shop.run().code == 3
    result = shop.run("--confirm-database", "x.db", "d.db")
    assert result.code == 0, result.text
    assert order(result) == ["a", "d"]


def answered(shop: Workshop, *lines: str) -> str:
    """What is said on a terminal on which somebody types these lines."""
    import pty

    controller, terminal = pty.openpty()
    command = [sys.executable, "-c", MAIN, "projects.jsonc", "--confirm"]
    with subprocess.Popen(
        command, cwd=shop.directory, env=_clean_environment(), stdin=terminal, stdout=terminal, stderr=terminal
    ):
        os.close(terminal)
        os.write(controller, "".join(f"{line}\n" for line in lines).encode())
        message = b""
        try:
            while chunk := os.read(controller, 1000):
                message += chunk
        except OSError:
            pass  # so Linux says that the other end is closed
    os.close(controller)
    return message.decode()


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: needs a terminal")
def test_a_database_of_others_is_dropped_only_by_its_name(shop: Workshop, sqlite_target: Target) -> None:
    foreign = str(shop.directory / "all" / "a" / "a.db")
    sqlite_target.query("CREATE TABLE precious (id integer)", foreign)
    shop.lists({"a": ["init"], "b": ["init"]})
    for words in ((), ("--non-interactive",), ("--confirm-database", "b.db")):
        refused = shop.run(*words)
        assert (refused.code, "it is not empty: 1 table." in refused.out) == (1, True), refused.text
    assert sqlite_target.query("SELECT name FROM sqlite_master", foreign) == [("precious",)]
    assert shop.run("--confirm-database", "a.db").code == 0
    assert shop.run().code == 0
    assert ("precious",) not in sqlite_target.query("SELECT name FROM sqlite_master", foreign)


def test_confirm_asks_for_every_action_too(shop: Workshop) -> None:
    shop.lists({"a": ["speak", ["speak", {"times": 2}], "speak"]})
    message = answered(shop, "y", "y", "y", "n")
    assert message.count("Are you sure?") == 4
    assert message.count("a says") == 3
    assert "declined" in message


@pytest.mark.parametrize(
    ("projects", "message"),
    [
        ({"a": ["deplyo"]}, "projects.a.actions: There is no action 'deplyo'. Did you mean deploy?"),
        (
            {"a": ["speak"], "b": [["speak", {"time": 2}]]},
            ":1: projects.b.actions: speak has no parameter 'time'; did you mean times?",
        ),
        ({"a": {"actions": ["speak"], "config": "x.json"}}, "projects.a.config: there is no file"),
        ({"a": ["speak"], "z": ["speak"]}, "projects.z: there is no folder"),
        ({"strict": ["deploy"]}, "projects.strict.actions: The action 'deploy' is not allowed here"),
        ({"broken": ["deploy"]}, "broken: dev.json"),
    ],
)
def test_a_mistake_is_found_before_anything_runs(shop: Workshop, projects: dict[str, Any], message: str) -> None:
    shop.project("strict", allowed_actions=["speak"])
    shop.project("broken", lock_timeout="long")
    shop.lists(projects)
    result = shop.run()
    assert result.code == 2
    assert message in result.err
    assert "says" not in result.out


def test_each_project_has_its_own_login_over_a_shared_server(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    for name in "ab":
        created = shop.project(name, sql_dialect="postgresql", target_server_hostname="elsewhere", sql_port=1)
        created.write("user", f"cred=user_of_{name}\n")
        created.write("password", "cred=" + {"a": "b25l", "b": "dHdv"}[name] + "\n")
        created.configure(
            {
                **json.loads((created.directory / "dev.json").read_text())["BACKEND"],
                "username_file": "user",
                "password_file": "password",
            }
        )
    shop.lists(
        {name: ["who"] for name in "ab"}, connection_info={"sql_port": 5999, "target_server_hostname": "db.example.org"}
    )
    result = shop.run()
    assert result.code == 0, result.text
    assert "a user_of_a eno 5999" in result.out
    assert "b user_of_b owt 5999" in result.out
    assert "db.example.org:5999/a.db" in result.out
    assert "one" not in result.text.split()


def test_a_login_that_nobody_can_be_asked_for_is_told(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.project("a", sql_dialect="postgresql", target_server_hostname="elsewhere", sql_port=1)
    shop.lists({"a": ["who"]})
    result = shop.run()
    assert result.code == 2
    assert "a: There is no user name and no password" in result.err


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: a signal to one process")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_project_outlives_the_run(shop: Workshop, how: signal.Signals) -> None:
    def exist(name: str) -> bool:
        return all((shop.directory / "all" / project / name).exists() for project in "ab")

    shop.lists({"a": ["wait"], "b": ["wait"], "c": {"actions": ["speak"], "depends": ["a"]}})
    command = [sys.executable, "-c", MAIN, "projects.jsonc", "--jobs", "2", "-ni"]
    with subprocess.Popen(
        command,
        cwd=shop.directory,
        env=_clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        wait_until(lambda: exist("began"))
        process.send_signal(how)
        out, _ = process.communicate(timeout=60)
    wait_until(lambda: exist("ended"))
    if how == signal.SIGINT:
        assert process.returncode == 130, out
        assert "a waits" in out
        assert "skipped" in out


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


# -- the file -----------------------------------------------------------------------------------------------------


def problems(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        read_project_list(path)
    return "\n".join(raised.value.problems)


def test_the_file_may_be_yaml_and_name_its_folder_absolutely(shop: Workshop) -> None:
    path = shop.directory / "elsewhere" / "projects.yaml"
    path.parent.mkdir()
    path.write_text(
        f"projects_path: {shop.directory / 'all'}\nprojects:\n  a: {{config: dev.json, actions: [deploy]}}\n"
    )
    (project,) = read_project_list(path).projects
    assert project.config == shop.directory / "all" / "a" / "dev.json"


def test_every_mistake_of_the_file_is_told(shop: Workshop) -> None:
    path = shop.lists(
        {"a": {"actions": [], "dependz": []}, "b": {"actions": ["deploy"], "depends": ["x"]}},
        connection_info={"sql_prot": 1, "sqlalchemy.url": "sqlite://"},
    )
    output = problems(path)
    for message in (
        "projects.a.actions: expected an array of actions",
        "projects.a.dependz: not a known key; did you mean depends?",
        "projects.b.depends: there is no project 'x'",
        "sql_prot: not a key of a connection; did you mean sql_port?",
        "sqlalchemy.url names one database",
    ):
        assert message in output


def test_a_circular_dependency_names_its_projects(shop: Workshop) -> None:
    path = shop.lists({name: {"actions": ["deploy"], "depends": [need]} for name, need in ("ab", "bc", "ca")})
    assert "circular dependency: a -> b -> c -> a" in problems(path)


def test_a_file_without_projects_is_told(shop: Workshop) -> None:
    assert "projects: expected at least one project" in problems(shop.lists({}))


def test_order_is_that_of_the_file_as_far_as_dependencies_allow() -> None:
    needs = {"d": (), "b": ("a",), "c": (), "a": ()}
    projects = [ListedProject(name, Path(name), Path("dev.jsonc"), (), needed) for name, needed in needs.items()]
    assert [project.name for project in in_order(projects)] == ["d", "c", "a", "b"]


def test_connection_info_becomes_variables(tmp_path: Path) -> None:
    argument = {
        "sql_port": 1433,
        "sqla_url_query_map": {"Encrypt": "yes"},
        "trusted_connection": True,
        "password_file": "secret/password",
        "sqlalchemy.echo": False,
        "sql_driver": None,
        "target_database_name": "master",
    }
    environ, warnings, problems = connection_environment(argument, tmp_path)
    assert environ == {
        "AHJO_SQL_PORT": "1433",
        "AHJO_SQLA_URL_QUERY_MAP": '{"Encrypt": "yes"}',
        "AHJO_TRUSTED_CONNECTION": "true",
        "AHJO_PASSWORD_FILE": str(tmp_path / "secret" / "password"),
        "AHJO_SQLALCHEMY_ECHO": "false",
    }
    assert problems == []
    assert "target_database_name is ignored" in warnings[0]
