from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.config.document import configs_in
from ahjo_tasks.config.loader import load, rows, secrets_of
from ahjo_tasks.config.secret import Secret
from ahjo_tasks.database.dialects import is_file_based
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

BACKEND = """\
{
  "LOCAL": "private/local.yaml",
  "BACKEND": {
    "allowed_actions": ["deploy"], // comment
    "target_server_hostname": "localhost",
    "sql_port": 1433,
    "target_database_name": "SHOP",
    "reports": {"folder": "out", "token": "hunter2"},
    "sqlalchemy.pool_size": 3,
  },
  "UI": {"port": 80},
}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "dev.jsonc"
    path.write_text(BACKEND, encoding="utf-8")
    (tmp_path / "private").mkdir()
    local = "BACKEND:\n  sql_port: 14330\n  password: hunter2\n  reports: {colour: red}\nUI: {host: h}\n"
    (tmp_path / "private" / "local.yaml").write_text(local, encoding="utf-8")
    return path


def write(tmp_path: Path, text: str, name: str = "dev.json") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def flat(tmp_path: Path, more: str = "") -> Path:
    keys = "allowed_actions: ALL\ntarget_server_hostname: h\nsql_port: 1\ntarget_database_name: d\n"
    return write(tmp_path, keys + more, "dev.yml")


def test_later_places_win(config: Path) -> None:
    loaded = load(config, environ={"AHJO_TARGET_DATABASE_NAME": "OTHER"})
    assert loaded.settings.target_server_hostname == "localhost"
    assert loaded.settings.sql_port == 14330
    assert loaded.settings.target_database_name == "OTHER"
    assert loaded.settings.lock_timeout == 60


def test_every_value_knows_its_origin(config: Path) -> None:
    origins = load(config, environ={"AHJO_TARGET_DATABASE_NAME": "OTHER", "AHJO_SQLALCHEMY_ECHO": "true"}).origins
    assert origins["allowed_actions"] == "dev.jsonc:4"
    assert origins["sql_port"] == "local.yaml:2"
    assert origins["target_database_name"] == "AHJO_TARGET_DATABASE_NAME"
    assert origins["lock_timeout"] == "default"
    assert origins["sqlalchemy.pool_size"] == "dev.jsonc:9"
    assert origins["sqlalchemy.echo"] == "AHJO_SQLALCHEMY_ECHO"
    assert origins["reports"] == "local.yaml:4"


def test_mappings_are_merged_at_every_depth(config: Path) -> None:
    loaded = load(config, environ={})
    assert loaded.backend["reports"] == {"folder": "out", "token": "hunter2", "colour": "red"}
    assert loaded.document["UI"] == {"port": 80, "host": "h"}
    assert loaded.document["LOCAL"] == "private/local.yaml"


def test_unknown_keys_are_kept_for_the_project(config: Path) -> None:
    assert load(config, environ={"AHJO_REPORTS": '{"a": 1}'}).backend["reports"] == {"a": 1}


def test_a_file_without_backend_is_one_as_a_whole(tmp_path: Path) -> None:
    loaded = load(flat(tmp_path, "LOCAL: local.json\nmine: 1\n"), environ={})
    assert loaded.settings.target_database_name == "d"
    assert loaded.backend["mine"] == 1
    assert "LOCAL" not in loaded.backend
    assert loaded.origins["target_database_name"] == "dev.yml:4"


def test_an_empty_backend_counts_as_none(tmp_path: Path) -> None:
    assert load(flat(tmp_path, "BACKEND: {}\n"), environ={}).settings.sql_port == 1


def test_a_backend_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dev\.yml:5: BACKEND: expected an object"):
        load(flat(tmp_path, "BACKEND: [1]\n"), environ={})


def test_a_missing_local_file_is_a_warning(tmp_path: Path) -> None:
    loaded = load(flat(tmp_path, "LOCAL: none.json\n"), environ={})
    assert loaded.warnings == ("dev.yml:5: LOCAL: the file none.json is missing",)


def test_a_local_file_is_looked_up_next_to_the_config_then_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    write(here, '{"sql_port": 2}', "local.json")
    path = flat(tmp_path, "LOCAL: local.json\n")
    assert load(path, environ={}).settings.sql_port == 2
    write(tmp_path, '{"sql_port": 3}', "local.json")
    assert load(path, environ={}).settings.sql_port == 3


def test_the_environment_may_name_the_file(config: Path) -> None:
    assert load(None, environ={"AHJO_CONFIG_PATH": str(config)}).path == config


def test_without_a_file_the_error_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ={})
    assert caught.value.exit_code == 2
    assert "AHJO_CONFIG_PATH" in str(caught.value.hint)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "dev.json", environ={})


def test_credentials_come_from_the_environment(tmp_path: Path) -> None:
    loaded = load(flat(tmp_path), environ={"AHJO_USERNAME": "sa", "AHJO_PASSWORD": "0123"})
    assert loaded.settings.username == "sa"
    assert loaded.settings.password == Secret("0123")


def test_a_url_and_options_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"AHJO_SQLALCHEMY_URL": "sqlite:///x.db", "AHJO_SQLALCHEMY_POOL_SIZE": "5"}
    result = load(flat(tmp_path), environ=environ).settings
    assert result.sqlalchemy_url == Secret("sqlite:///x.db")
    assert result.sqlalchemy == {"pool_size": 5}


def test_other_variables_are_no_settings(tmp_path: Path) -> None:
    environ = {
        "AHJO_CONFIG_PATH": "x",
        "AHJO_NON_INTERACTIVE": "1",
        "AHJO_TEST_TABLE_NAME": "x",
        "AHJO_TARGET_DATABASE_CONFIRM": "d",
        "AHJO_SQL_PORT": "",
        "AHJO_SOMETHING": "x",
    }
    loaded = load(flat(tmp_path), environ=environ)
    assert loaded.settings.test_table_name == "ahjo_tests"
    assert loaded.settings.sql_port == 1
    assert loaded.warnings == ()


def test_a_misspelt_variable_is_a_warning(tmp_path: Path) -> None:
    warnings = load(flat(tmp_path), environ={"AHJO_SQLPORT": "1"}).warnings
    assert warnings == ("AHJO_SQLPORT: not a known variable; did you mean AHJO_SQL_PORT?",)


def test_problems_of_all_places_are_reported_together_with_their_lines(config: Path) -> None:
    (config.parent / "private" / "local.yaml").write_text("BACKEND:\n\n  git_table: [hunter2]\n", encoding="utf-8")
    config.write_text(BACKEND.replace("1433", '"hunter2"').replace("target_database_name", "target_datbase_name"))
    with pytest.raises(ConfigError) as caught:
        load(config, environ={"AHJO_LOCK_TIMEOUT": "hunter2"})
    assert caught.value.problems == (
        "dev.jsonc:6: sql_port: expected an integer, got a string",
        "AHJO_LOCK_TIMEOUT: lock_timeout: expected an integer, got a string",
        "local.yaml:3: git_table: expected a string, got an array",
        "dev.jsonc: target_database_name: this key is required",
        "dev.jsonc:7: target_datbase_name: not a known key; did you mean target_database_name?",
    )


def test_options_may_stand_under_one_key(tmp_path: Path) -> None:
    result = load(flat(tmp_path, "sqlalchemy: {pool_size: 3, url: 'sqlite://'}\n"), environ={}).settings
    assert result.sqlalchemy == {"pool_size": 3}
    assert result.sqlalchemy_url == Secret("sqlite://")


def test_warnings_of_the_file_are_passed_on(tmp_path: Path) -> None:
    (warning,) = load(flat(tmp_path, "country: NO\n"), environ={}).warnings
    assert warning.startswith("dev.yml:5: country: YAML 1.1")


def test_rows_show_every_key_and_no_secret(config: Path) -> None:
    loaded = load(config, environ={"AHJO_SQLALCHEMY_URL": "mssql://sa:hunter2@h/db"})
    shown = {row.key: row for row in rows(loaded)}
    assert "hunter2" not in repr(shown)
    assert shown["sqlalchemy.url"][1:] == ("mssql://sa:***@h/db", "AHJO_SQLALCHEMY_URL", False)
    assert shown["password"][1:] == ("***", "local.yaml:3", False)
    assert shown["allowed_actions"].value == '["deploy"]'
    assert shown["lock_timeout"][1:] == ("60", "default", True)
    assert shown["environment"].value == ""
    assert shown["reports"].value == '{"folder": "out", "token": "***", "colour": "red"}'
    assert shown["sqlalchemy.pool_size"].value == "3"
    assert shown["ahjo_action_files"].value == '[{"source_file": "ahjo_actions.py", "name": "Ahjo actions"}]'


def test_rows_show_values_that_json_has_no_form_for(tmp_path: Path) -> None:
    loaded = load(flat(tmp_path, "since: 2026-01-31\nlist: [2026-01-31, .nan]\n"), environ={})
    shown = {row.key: row.value for row in rows(loaded)}
    assert shown["since"] == "2026-01-31"
    assert shown["list"] == '["2026-01-31", NaN]'


def test_a_loaded_config_does_not_show_its_values(config: Path) -> None:
    assert "hunter2" not in repr(load(config, environ={}))


@pytest.mark.parametrize("name", ["backend", "Backend", "BACKENDS", "BACK_END"])
def test_a_misspelt_section_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "dev.json"
    path.write_text(f'{{\n  "{name}": {{"allowed_actions": "ALL"}}\n}}', encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"^dev.json:2: {name}: the section is called BACKEND"):
        load(path)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"dev.jsonc": '// a\n{"BACKEND": {}}', "package.json": "{}", "tasks.py": "BACKEND: 1"}, ["dev.jsonc"]),
        ({"a.yaml": "LOCAL: ./b.yaml\nBACKEND: {}\n", "b.yaml": "BACKEND: {}\n"}, ["a.yaml"]),
        (
            {"a.yml": "BACKEND:\n  x: 1\n", "b.json": '{"BACKEND": {}}', "invoke.yaml": "BACKEND: {}"},
            ["a.yml", "b.json"],
        ),
        ({"a.json": '{"text": "BACKEND"}'}, []),
    ],
)
def test_the_configs_of_a_folder_are_those_with_a_section(
    tmp_path: Path, files: dict[str, str], names: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [path.name for path in configs_in(tmp_path)] == names


def references(tmp_path: Path, *lines: str) -> Path:
    return write(
        tmp_path, "\n".join(["allowed_actions: ALL", "sql_dialect: postgresql", "sql_port: 1", *lines]), "r.yml"
    )


@pytest.mark.parametrize(
    ("text", "environ", "value"),
    [
        ("${NAME}", {"NAME": "shop"}, "shop"),
        ("a-${NAME}-${OTHER}", {"NAME": "b", "OTHER": "c"}, "a-b-c"),
        ("${NAME:-shop}", {}, "shop"),
        ("${NAME:-shop}", {"NAME": ""}, "shop"),
        ("${NAME:-shop}", {"NAME": "other"}, "other"),
        ("x${NAME:-}", {}, "x"),
        ("$${NAME}", {"NAME": "shop"}, "${NAME}"),
        ("$$", {}, "$$"),
        ("$(name) $NAME", {"NAME": "shop"}, "$(name) $NAME"),
        ("${NAME}", {"NAME": "${OTHER}"}, "${OTHER}"),
    ],
)
def test_a_text_takes_variables(tmp_path: Path, text: str, environ: dict[str, str], value: str) -> None:
    config = references(tmp_path, f"target_database_name: '{text}'", "target_server_hostname: h")
    assert load(config, environ=environ).settings.target_database_name == value


def test_a_variable_stands_for_a_value_of_any_type_at_any_depth(tmp_path: Path) -> None:
    text = '{"BACKEND": {"allowed_actions": "${ACTIONS}", "sql_dialect": "postgresql", "sql_port": "${PORT}",'
    text += '"target_server_hostname": "h", "target_database_name": "d", "scripting_variables": {"a": "${A:-1}"}}}'
    loaded = load(write(tmp_path, text), environ={"ACTIONS": '["deploy"]', "PORT": "5433"})
    assert loaded.settings.allowed_actions == ("deploy",)
    assert loaded.settings.sql_port == 5433
    assert loaded.settings.scripting_variables == {"a": "1"}
    assert loaded.warnings == ()


def test_every_reference_that_leads_nowhere_is_reported_with_its_line(tmp_path: Path) -> None:
    config = references(
        tmp_path,
        "target_server_hostname: ${HOST}",
        "target_database_name: ${}",
        "username: ${EMPTY}",
        "scripting_variables:",
        "  api_token_file: missing",
    )
    missing = tmp_path / "missing"
    with pytest.raises(ConfigError) as caught:
        load(config, environ={"EMPTY": ""})
    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        "r.yml:4: target_server_hostname: the environment variable HOST is not set",
        "r.yml:5: target_database_name: expected ${NAME} or ${NAME:-default}",
        "r.yml:6: username: the environment variable EMPTY is empty",
        f"r.yml:8: scripting_variables.api_token_file: the file {missing} cannot be read: No such file or directory",
    ]


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:hunter2@h/d\n", encoding="utf-8")
    (tmp_path / "token").write_text("tok\n", encoding="utf-8")
    config = references(
        tmp_path, "sqlalchemy.url_file: url", "scripting_variables: {api_token_file: token, key: '${MY_TOKEN}'}"
    )
    loaded = load(config, environ={"MY_TOKEN": "tik"})
    assert loaded.settings.sqlalchemy_url == Secret("postgresql://u:hunter2@h/d")
    assert loaded.settings.scripting_variables["api_token"] == "tok"
    assert {"hunter2", "tok", "tik"} <= set(secrets_of(loaded))
    assert loaded.origins["sqlalchemy.url"] == "r.yml:4"
    assert not [row for row in rows(loaded) if "hunter2" in row.value or row.value == "tok"]


def test_a_file_of_the_environment_wins_over_the_config(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@h/d", encoding="utf-8")
    config = references(tmp_path, "sqlalchemy.url: postgresql://nobody@nowhere/none")
    loaded = load(config, environ={"AHJO_SQLALCHEMY_URL_FILE": "url"})
    assert loaded.settings.sqlalchemy_url == Secret("postgresql://u:p@h/d")
    assert loaded.warnings == ()


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("sqlite:///x", encoding="utf-8")
    config = references(tmp_path, "sqlalchemy.url: sqlite:///y", "sqlalchemy.url_file: url")
    with pytest.raises(ConfigError) as caught:
        load(config, environ={})
    assert caught.value.problems == ("r.yml:5: sqlalchemy.url_file: sqlalchemy.url is given, too; give one of both",)


def test_a_file_that_is_read_at_log_in_need_not_be_there_yet(tmp_path: Path) -> None:
    lines = ("target_server_hostname: h", "target_database_name: d", "password_file: later", "username_file: later")
    assert load(references(tmp_path, *lines), environ={}).settings.password is None


def test_a_server_that_is_not_named_is_told_where_the_dialect_is_the_default(tmp_path: Path) -> None:
    config = tmp_path / "dev.jsonc"
    config.write_text('{"BACKEND": {"allowed_actions": "ALL", "target_database_name": "x"}}', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(config, environ={}, is_file_based=is_file_based)
    assert caught.value.problems == ("dev.jsonc: target_server_hostname: this key is required",)
