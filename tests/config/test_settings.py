from __future__ import annotations

import copy
import json
import pickle
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml
from shared import SHARED, needs_shared

from ahjo_tasks.config.secret import Secret, is_secret_name, mask_text, redact
from ahjo_tasks.config.settings import ActionFile, PermissionFile, Settings
from ahjo_tasks.config.validate import FIELDS, KEYS, Validator
from ahjo_tasks.database.dialects import is_file_based
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REQUIRED = {
    "allowed_actions": "ALL",
    "target_server_hostname": "localhost",
    "target_database_name": "SHOP",
}


def validator(values: Mapping[str, Any], *, is_text: bool = False) -> Validator:
    return Validator({**REQUIRED, **values}, lambda key: f"at {key}", lambda key: is_text and key in values)


def settings(**values: object) -> Settings:
    return validator(values).settings("dev.json")


def problems(values: Mapping[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        Validator(values, lambda key: f"at {key}", lambda _key: False).settings("dev.json")
    return caught.value.problems


@needs_shared
def test_every_key_of_the_contract_is_known() -> None:
    text = (SHARED / "AHJO.md").read_text(encoding="utf-8")
    table = text.split("### 3.2")[1].split("\n### ")[0]
    keys = {key for row in re.findall(r"^\| (.+?) \|", table, re.MULTILINE) for key in re.findall(r"`([\w.]+)`", row)}
    assert len(keys) > 50
    assert keys <= set(KEYS)


def test_every_key_has_a_description_that_ends_a_sentence() -> None:
    for field in FIELDS.values():
        notes = [note for note in field.type.__metadata__ if isinstance(note, msgspec.Meta) and note.description]
        assert notes, field.name
        assert notes[-1].description.endswith(".")


def test_defaults_are_those_in_effect() -> None:
    result = settings()
    assert result.sql_dialect == "mssql"
    assert (result.database_init_size, result.database_max_size, result.database_file_growth) == (100, 100_000, 500)
    assert (result.connect_retry_count, result.connect_retry_interval, result.lock_timeout) == (None, 10, 60)
    assert result.db_permissions == (PermissionFile("database/create_db_permissions.sql"),)
    assert result.ahjo_action_files == (ActionFile("ahjo_actions.py", "Ahjo actions"),)


@pytest.mark.parametrize("key", ["sql_driver", "git_table_schema", "log_table_schema", "database_collation"])
def test_what_depends_on_the_database_is_left_to_its_dialect(key: str) -> None:
    assert getattr(settings(), key) is None


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        settings().sql_port = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("ALL", "ALL"), ("all", "ALL"), ("deploy", ("deploy",)), (["init", "deploy"], ("init", "deploy")), ([], ())],
)
def test_allowed_actions_is_all_or_names(written: object, meant: object) -> None:
    checked = validator({"allowed_actions": written})
    assert checked.settings("dev.json").allowed_actions == meant
    assert checked.warnings == []


def test_connection_keys_are_required() -> None:
    assert problems({}) == tuple(f"dev.json: {key}: this key is required" for key in REQUIRED)


def test_null_is_the_same_as_nothing() -> None:
    nameless = {**REQUIRED, "target_database_name": None}
    assert problems(nameless) == ("dev.json: target_database_name: this key is required",)
    assert settings(git_table=None).git_table == "git_version"


def test_a_url_says_where_the_database_is() -> None:
    values = {"allowed_actions": "ALL", "sqlalchemy.url": "postgresql://u:p@h/db"}
    result = Validator(values, str, lambda _key: False).settings("dev.json")
    assert result.sqlalchemy_url == Secret("postgresql://u:p@h/db")
    assert result.target_database_name is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:p@ss/w#1@host:5432/db",
        "postgresql://me:p@ss@host/db",
        "mysql://me@host:p@ss@host",
        "mssql://me:s3cret@host:port/db",
        "mssql://host:14a/db",
    ],
)
def test_a_url_whose_password_would_be_taken_for_its_host_is_refused_and_not_quoted(url: str) -> None:
    text = " ".join(problems({"allowed_actions": "ALL", "sqlalchemy.url": url}))
    assert "sqlalchemy.url" in text
    assert "%40" in text or "number" in text
    assert not any(part in text for part in ("p@ss", "w#1", "s3cret", "14a"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@server:p/w#?1@host:5432/db",
        "postgresql://me:p%40ss@[::1]:5432/db",
        "mssql+pyodbc:///?odbc_connect=PWD=a@b",
        "sqlite:////home/a b/x.db",
        "sqlite://",
        "postgresql://host/db",
    ],
)
def test_other_urls_are_taken_as_they_are(url: str) -> None:
    values = {"allowed_actions": "ALL", "sqlalchemy.url": url}
    assert Validator(values, str, lambda _key: False).settings("dev.json").sqlalchemy_url == Secret(url)


def test_an_unknown_dialect_is_told_before_what_it_may_lack() -> None:
    values = {"allowed_actions": "ALL", "sql_dialect": "oracle", "target_database_name": "shop"}
    with pytest.raises(ConfigError) as refused:
        Validator(values, lambda key: f"at {key}", lambda _key: False, is_file_based).settings("dev.json")
    (problem,) = refused.value.problems
    assert problem.startswith("at sql_dialect: There is no dialect 'oracle'. sql_dialect is one of: mariadb, mssql")


def test_sqlite_needs_a_file_only() -> None:
    values = {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "shop.db"}
    assert Validator(values, str, lambda _key: False).settings("dev.json").target_database_name == "shop.db"
    del values["target_database_name"]
    assert problems(values) == ("dev.json: target_database_name: this key is required",)


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("sql_port", "14330", 14330),
        ("connect_retry_count", 3.0, 3),
        ("display_db_info", "no", False),
        ("trusted_connection", "Yes", True),
        ("windows_event_log", 1, True),
        ("target_database_name", 2024, "2024"),
        ("skipped_actions", "init", ("init",)),
        ("transaction_mode", "BEGIN_ONCE", "begin_once"),
        ("azure_authentication", "azureidentity", "AzureIdentity"),
    ],
)
def test_another_spelling_of_the_same_value_is_accepted_with_a_warning(
    key: str, written: object, meant: object
) -> None:
    checked = validator({key: written})
    assert getattr(checked.settings("dev.json"), key) == meant
    (warning,) = checked.warnings
    assert warning.startswith(f"at {key}: {key}: ")
    assert "accepted" in warning


@pytest.mark.parametrize(
    ("key", "written", "expected"),
    [
        ("sql_port", "many", "expected an integer, got a string"),
        ("sql_port", 3.5, "expected an integer, got a number"),
        ("sql_port", True, "expected an integer, got a boolean"),
        ("sql_port", 70000, "expected an integer <= 65535"),
        ("display_db_info", "maybe", "expected a boolean, got a string"),
        ("git_table", ["x"], "expected a string, got an array"),
        ("compare", [], "expected an object, got an array"),
        ("transaction_mode", "twice", "expected one of begin_once, commit_as_you_go"),
        ("drift_ignore", ["view/*/a", "dbo.tmp_*"], "entry 2: expected kind/schema/name, as in view/*/tmp_*"),
        ("skipped_actions", ["a", 1.5], "entry 2: expected a string, got a number"),
        ("db_permissions", [{"source": "a"}, {"sauce": "b"}], "entry 2: expected the key source"),
        ("username", "$", "still holds the placeholder $; give its value in the local override file"),
    ],
)
def test_a_value_that_does_not_fit_is_reported_with_what_was_expected(key: str, written: object, expected: str) -> None:
    assert problems({**REQUIRED, key: written}) == (f"at {key}: {key}: {expected}",)


def test_all_mistakes_are_reported_together() -> None:
    messages = problems({"sql_port": "x", "git_table": 1.5, "target_databse_name": "SHOP", "allowed_actions": {}})
    assert [problem.split(": ")[1] for problem in messages] == [
        "allowed_actions",
        "sql_port",
        "git_table",
        "target_server_hostname",
        "target_database_name",
        "target_databse_name",
    ]
    assert messages[-1].endswith("did you mean target_database_name?")


@pytest.mark.parametrize("key", ["password", "sqlalchemy.url", "sql_port", "transaction_mode", "scripting_variables"])
@pytest.mark.parametrize("value", ["hunter2", ["hunter2"], {"hunter2": ["hunter2"]}])
def test_no_problem_quotes_a_value(key: str, value: object) -> None:
    assert "hunter2" not in repr(problems({**REQUIRED, key: value, "git_table": []}))


def test_a_likely_typo_is_a_warning_and_another_unknown_key_is_silent() -> None:
    checked = validator({"SQL_DIALECT": "sqlite", "colour_of_the_shop": "red"})
    checked.settings("dev.json")
    assert checked.warnings == ["at SQL_DIALECT: SQL_DIALECT: not a known key; did you mean sql_dialect?"]


def test_a_deprecated_key_names_its_successor() -> None:
    checked = validator({"odbc_encrypt": "yes"})
    assert checked.settings("dev.json").odbc_encrypt == "yes"
    assert checked.warnings == ["at odbc_encrypt: odbc_encrypt: deprecated; write Encrypt in sqla_url_query_map"]


def test_engine_options_are_the_keys_after_sqlalchemy() -> None:
    result = settings(**{"sqlalchemy.pool_size": 3, "sqlalchemy.connect_args": {"a": 1}})
    assert result.sqlalchemy == {"pool_size": 3, "connect_args": {"a": 1}}


def test_variables_are_text_and_whole_numbers_become_it() -> None:
    checked = validator({"scripting_variables": {"year": 2024, "name": "x"}})
    assert checked.settings("dev.json").scripting_variables == {"year": "2024", "name": "x"}
    assert checked.warnings == []
    assert problems({**REQUIRED, "test_variables": {"a": 1.10}})


@pytest.mark.parametrize("variables", [{"a": "1", "b": "x=y"}, ["a=1", "b=x=y"]])
def test_permission_variables_come_in_every_form_of_the_predecessor(variables: object) -> None:
    result = settings(db_permissions=[{"source": "p.sql", "variables": variables}, {"source": "q.sql"}])
    assert result.db_permissions == (PermissionFile("p.sql", {"a": "1", "b": "x=y"}), PermissionFile("q.sql"))


def test_text_of_the_environment_becomes_what_the_key_needs() -> None:
    values = {
        "sql_port": "5432",
        "display_db_info": "0",
        "skipped_actions": '["a"]',
        "password": "[x]",
        "compare": "{}",
    }
    checked = validator(values, is_text=True)
    result = checked.settings("dev.json")
    assert (result.sql_port, result.display_db_info, result.skipped_actions) == (5432, False, ("a",))
    assert result.password == Secret("[x]")
    assert checked.warnings == []


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("hunter2")
    assert {repr(secret), str(secret), f"{secret}", f"{secret:>3}", "%s" % secret} == {"***"}  # noqa: UP031
    assert secret.reveal() == "hunter2"
    assert copy.deepcopy(secret) == secret == copy.copy(secret)
    assert hash(secret) == hash(Secret("hunter2"))
    assert not Secret("")
    assert json.dumps({"password": secret, "all": [secret]}) == '{"password": "***", "all": ["***"]}'


@pytest.mark.parametrize("dump", [yaml.dump, pickle.dumps, msgspec.json.encode])
def test_a_secret_is_never_written(dump: Callable[..., object]) -> None:
    with pytest.raises(TypeError):
        dump({"password": Secret("hunter2")})


def test_settings_show_no_secret() -> None:
    result = settings(
        password="hunter2",
        scripting_variables={"LOGIN_PASSWORD": "hunter2"},
        sqla_url_query_map={"PWD": "hunter2"},
        url_of_remote_git_repository="https://hunter2@github.com/x/y",
        **{"sqlalchemy.url": "mssql://sa:hunter2@h/db", "sqlalchemy.connect_args": {"password": "hunter2"}},
    )
    assert "hunter2" not in repr(result)
    assert "mssql://sa:***@h/db" in repr(result)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("mysql://u:p@ss:w/o@rd@h/db", "mysql://u:***@h/db"),
        ("mssql://h/db?odbc_connect=PWD%3Dx&Encrypt=no", "mssql://h/db?odbc_connect=***&Encrypt=no"),
        ("Server=h;UID=sa;PWD=x y;Encrypt=no", "Server=h;UID=sa;PWD=***;Encrypt=no"),
        ("https://token@github.com/x", "https://***@github.com/x"),
        ("sqlite:///shop.db", "sqlite:///shop.db"),
        ("git@github.com:x/y.git", "git@github.com:x/y.git"),
    ],
)
def test_a_url_is_shown_without_its_password(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    "name", ["password", "DB_PWD", "api_key", "access_token", "client_secret", "connection_string"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)
    assert redact(name, "x") == "***"


@pytest.mark.parametrize("name", ["password_file", "token_url", "username", "sql_port", "key_cols"])
def test_names_of_places_are_no_secrets(name: str) -> None:
    assert redact(name, "x") == "x"
