from __future__ import annotations

import json
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import inv, sqlite
from projects import RunningProject, make_project

from ahjo_tasks import action

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.runtime.context import ActionContext

CONFIG = ("--config", "dev.json")


@action
def look(ctx: ActionContext) -> None:
    """Show what an action sees."""
    seen = {
        "backend": ctx.backend.get("my_key"),
        "config": ctx.config.BACKEND.get("my_key"),
        "database": ctx.settings.target_database_name,
        "filled": ctx.config.BACKEND.target_database_name,
    }
    ctx.console.print(f"<{json.dumps(seen)}>")


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    return make_project(tmp_path, sqlite(my_key="file"))


def seen(text: str) -> dict[str, Any]:
    line = next(line for line in text.splitlines() if line.startswith("<"))
    values: dict[str, Any] = json.loads(line[1:-1])
    return values


def local(project: RunningProject, **backend: object) -> None:
    """A dev.json with a local override file."""
    project.write("dev.json", json.dumps({"LOCAL": "me.json", "BACKEND": sqlite(my_key="file", nested={"a": 1})}))
    project.configure(backend, "me.json")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--config", "dev.json", "look", "again"),
        ("look", "--config", "dev.json", "again"),
        ("look", "again", "--config", "dev.json"),
        ("-f", "dev.json", "look", "again"),
    ],
)
def test_one_config_serves_the_whole_chain_wherever_it_stands(
    project: RunningProject, arguments: tuple[str, ...]
) -> None:
    done = inv(project, *arguments, ns=(look, action(name="again")(look.body)))
    assert done.out.count('"backend": "file"') == 2, done.text


def test_unknown_keys_reach_the_actions_of_the_project(project: RunningProject) -> None:
    values = seen(inv(project, "look", *CONFIG, ns=(look,)).out)
    assert values == {"backend": "file", "config": "file", "database": "shop.db", "filled": "shop.db"}


def test_a_local_file_and_the_environment_reach_both_views_of_the_config(project: RunningProject) -> None:
    local(project, my_key="local", target_database_name="mine.db")
    values = seen(inv(project, "look", *CONFIG, ns=(look,)).out)
    assert values == {"backend": "local", "config": "local", "database": "mine.db", "filled": "mine.db"}
    done = inv(project, "look", *CONFIG, ns=(look,), AHJO_MY_KEY='{"a": 1}', AHJO_TARGET_DATABASE_NAME="env.db")
    assert seen(done.out) == {"backend": {"a": 1}, "config": {"a": 1}, "database": "env.db", "filled": "env.db"}


def test_the_environment_may_name_the_config(project: RunningProject) -> None:
    values = seen(inv(project, "look", ns=(look,), AHJO_CONFIG_PATH="dev.json").out)
    assert values == {"backend": "file", "config": "file", "database": "shop.db", "filled": "shop.db"}


@pytest.mark.parametrize("arguments", [("deploy", "--config", "nosuch.json"), ("--config", "nosuch.json", "look")])
def test_a_missing_config_is_an_error(project: RunningProject, arguments: tuple[str, ...]) -> None:
    done = inv(project, *arguments, ns=(look,))
    assert (done.code, "nosuch.json: no such file" in done.err) == (2, True)


def test_an_action_that_needs_a_config_says_how_to_name_one(project: RunningProject) -> None:
    for path in project.directory.glob("*.json*"):
        path.unlink()
    done = inv(project, "deploy")
    assert (done.code, "--config dev.jsonc" in done.err) == (2, True)


def test_all_mistakes_are_reported_together(project: RunningProject) -> None:
    project.configure({"sql_dialect": "postgresql", "sql_port": "x", "lock_timeout": -1, "exit_on_test_failur": True})
    done = inv(project, "deploy", *CONFIG)
    assert done.code == 2
    for word in ("sql_port", "lock_timeout", "allowed_actions", "target_database_name", "exit_on_test_failure?"):
        assert word in done.err


def test_a_broken_file_is_reported_like_every_other_error(project: RunningProject) -> None:
    project.write("dev.json", '{"BACKEND": ')
    done = inv(project, "look", *CONFIG, ns=(look,))
    assert (done.code, done.err.startswith("Error: dev.json:1:")) == (2, True)


# -- inv config --------------------------------------------------------------------------------------------------------


def test_config_shows_each_value_with_its_origin(project: RunningProject) -> None:
    local(project, git_table="mine")
    out = inv(project, "config", *CONFIG, AHJO_LOG_TABLE="env").out
    rows = {words[0]: words[1:] for line in out.splitlines() if (words := line.split())}
    assert rows["sql_dialect"] == ["sqlite", "dev.json:1"]
    assert rows["git_table"] == ["mine", "me.json:1"]
    assert rows["log_table"] == ["env", "AHJO_LOG_TABLE"]
    assert "sql_driver" not in rows
    everything = inv(project, "config", "--all", *CONFIG).out
    assert " default" in everything
    assert "test_table_name" in everything


def test_config_shows_no_secret(project: RunningProject) -> None:
    secrets = {
        "password": "hunter1",
        "my_token": "hunter2",
        "nested": {"pw": "hunter3", "api_key": "hunter4"},
        "sqlalchemy.url": "postgresql://u:hunter5@h/d",
    }
    project.configure(sqlite(**secrets))
    done = inv(project, "config", "--all", *CONFIG)
    assert done.code == 0, done.text
    assert "***" in done.out
    assert "hunter" not in done.text + (project.directory / "ahjo.log").read_text(encoding="utf-8")


def test_invokes_debug_log_does_not_give_the_config_away(project: RunningProject) -> None:
    project.configure(sqlite(password="hunter1", my_token="hunter2"))
    done = project.inv("--debug", "config")
    assert done.code == 0, done.text
    assert "hunter" not in done.text


# -- inv init-config ---------------------------------------------------------------------------------------------------


MARKED = {"LOCAL": "private/me.json", "BACKEND": sqlite(password="$", pair={"pw": "$", "n": 1.5}), "other": ["$", 1]}


def test_init_config_writes_what_is_marked_though_the_config_is_not_complete(project: RunningProject) -> None:
    project.write("dev.json", json.dumps(MARKED))
    assert inv(project, "config", *CONFIG).code == 2
    done = inv(project, "init-config", *CONFIG)
    assert done.code == 0, done.text
    written = project.directory / "private" / "me.json"
    assert json.loads(written.read_text(encoding="utf-8")) == {
        "BACKEND": {"password": "$", "pair": {"pw": "$"}},
        "other": ["$", 1],
    }
    if sys.platform != "win32":
        assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_init_config_keeps_a_file_that_exists(project: RunningProject) -> None:
    project.write("dev.json", json.dumps(MARKED))
    kept = project.write("private/me.json", "mine")
    assert inv(project, "init-config", *CONFIG).code == 1
    assert kept.read_text(encoding="utf-8") == "mine"


def test_init_config_in_a_dry_run_writes_nothing(project: RunningProject) -> None:
    project.write("dev.json", json.dumps(MARKED))
    assert inv(project, "init-config", "--dry", *CONFIG).code == 0
    assert not (project.directory / "private").exists()


@pytest.mark.parametrize("document", [{}, {"LOCAL": ""}, {"LOCAL": 5}])
def test_init_config_without_a_place_is_an_error(project: RunningProject, document: dict[str, Any]) -> None:
    project.write("dev.json", json.dumps({**document, "BACKEND": sqlite()}))
    done = inv(project, "init-config", *CONFIG)
    assert (done.code, "LOCAL" in done.err) == (2, True)


def test_init_config_without_a_value_to_fill_in_says_so(project: RunningProject) -> None:
    project.write("dev.json", json.dumps({"LOCAL": "local.json", "BACKEND": sqlite()}))
    done = inv(project, "init-config", *CONFIG)
    assert (done.code, "no value is $: there is nothing to fill in." in done.out) == (0, True), done.text


def test_config_shows_its_keys_whole_whatever_the_password_is(project: RunningProject) -> None:
    project.configure(sqlite(password="word", password_file="x/word"))
    out = inv(project, "config", *CONFIG).out
    assert re.search(r"^ +password_file +x/\*\*\* ", out, re.MULTILINE), out
    assert re.search(r"^ +password +\*\*\* ", out, re.MULTILINE), out
