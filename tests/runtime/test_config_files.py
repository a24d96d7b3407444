from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from invoke.collection import Collection
from invoke.config import Config
from invoke.exceptions import Exit
from invoke.program import Program
from invoke.tasks import task

from ahjo_tasks.runtime.patches.config_files import install, runtime_found, runtime_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from invoke.context import Context


@pytest.fixture
def patched() -> type[Config]:
    """A class of its own, so that no test depends on what another one has patched."""
    config_class = type("PatchedConfig", (Config,), {})
    assert install(config_class)
    return config_class


@pytest.fixture
def run(patched: type[Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        @task
        def look(ctx: Context) -> None:
            seen.update(
                backend=ctx.config.get("BACKEND"), path=runtime_path(ctx.config), found=runtime_found(ctx.config)
            )

        program = Program(namespace=Collection(look), config_class=patched, version="1")
        program.run(["inv", *arguments], exit=False)
        return seen

    return run


@pytest.mark.parametrize("name", ["dev.jsonc", "dev.json"])
def test_comments_reach_the_context_as_values(run: Callable[..., dict[str, Any]], tmp_path: Path, name: str) -> None:
    values = {"allowed_actions": "ALL", "sqlalchemy.url": "sqlite://", "own": 5}
    (tmp_path / name).write_text(f'{{"BACKEND": {json.dumps(values)[:-1]},}}}} // x', encoding="utf-8")
    backend = run("look", "--config", name)["backend"]
    assert backend == {**values, "sqlalchemy.url": backend["sqlalchemy.url"]}


@pytest.mark.parametrize("name", ["dev.yaml", "dev.yml"])
def test_yaml_reaches_the_context(run: Callable[..., dict[str, Any]], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(
        "\ufeffBACKEND: {allowed_actions: ALL, sql_dialect: sqlite, target_database_name: ä}".encode()
    )
    assert run("--config", name, "look")["backend"]["target_database_name"] == "ä"


def test_project_files_of_invoke_load_as_before(patched: type[Config], tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text("tasks: {dedupe: false}\nlist: [NO]\n", encoding="utf-8")
    config = patched(project_location=str(tmp_path), lazy=True)
    config.load_project()
    assert config.tasks.dedupe is False


def test_json_files_of_invoke_load_as_before(patched: type[Config], tmp_path: Path) -> None:
    (tmp_path / "invoke.json").write_text("[1]", encoding="utf-8")
    config = patched(project_location=str(tmp_path), lazy=True)
    config.load_project(merge=False)
    assert config._project == [1]


def test_a_missing_file_is_seen_by_the_caller(run: Callable[..., dict[str, Any]]) -> None:
    seen = run("look", "--config", "none.jsonc")
    assert (str(seen["path"]), seen["found"]) == ("none.jsonc", False)


def test_without_the_flag_there_is_no_path(run: Callable[..., dict[str, Any]]) -> None:
    assert run("look")["path"] is None


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("dev.jsonc", '{"password": hunter2}', "dev.jsonc:1:14: expected a value"),
        ("dev.yaml", "a: *hunter2", "dev.yaml:1:4: an alias without an anchor"),
        ("dev.toml", "", ".json, .jsonc, .yaml, .yml"),
        ("dev", "", ".json, .jsonc, .yaml, .yml"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_message_and_exit_code_2(
    patched: type[Config], tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    config = patched(runtime_path=str(tmp_path / name), lazy=True)
    with pytest.raises(Exit) as caught:
        config.load_runtime()
    assert caught.value.code == 2
    assert told in str(caught.value.message)
    assert "hunter2" not in str(caught.value.message)


def test_the_front_door_tells_it_without_a_traceback(
    patched: type[Config], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dev.json"
    path.write_text("{", encoding="utf-8")
    program = Program(namespace=Collection(task(lambda _: None, name="show")), config_class=patched, version="1")
    with pytest.raises(SystemExit) as caught:
        program.run(["inv", "--config", str(path), "show"], exit=True)
    assert caught.value.code == 2
    assert "dev.json:1:2: expected a key in double quotes" in capsys.readouterr().err


def test_the_debug_log_of_invoke_shows_no_secret(patched: type[Config], tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text('{"BACKEND": {"password": "hunter2"}}', encoding="utf-8")
    config = patched(runtime_path=str(path), lazy=True)
    config.load_runtime()
    assert config.BACKEND.password.reveal() == "hunter2"
    assert "hunter2" not in repr(config._runtime) + repr(config)


def test_a_clone_keeps_the_values(patched: type[Config], tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonc"
    path.write_text('{"BACKEND": {"a": {"b": 1}}}', encoding="utf-8")
    config = patched(runtime_path=str(path), lazy=True)
    config.load_runtime()
    assert config.clone().BACKEND.a.b == 1


def test_installing_twice_changes_nothing(patched: type[Config]) -> None:
    before = patched.load_runtime
    assert install(patched)
    assert patched.load_runtime is before


def test_importing_it_loads_no_parser() -> None:
    code = (
        "import sys, invoke; before = set(sys.modules);"
        "heavy = {'msgspec', 'yaml', 'commentjson', 'lark', 'json'} - before;"
        "import ahjo_tasks.runtime.patches.config_files; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
