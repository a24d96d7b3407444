from __future__ import annotations

import base64
import os
import stat
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from fakes import settings

from ahjo_tasks.config.loader import load
from ahjo_tasks.config.secret import Secret
from ahjo_tasks.database.credentials import Credentials
from ahjo_tasks.database.dialects.mysql import MySQL
from ahjo_tasks.database.dialects.postgresql import PostgreSQL
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"username_file": "private/user", "password_file": "private/word"}


class Answers:
    """Somebody who answers, or nobody."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.interactive = bool(answers)
        self.hidden: list[str | None] = []

    def ask(self, _prompt: str) -> str:
        return self.answers.pop(0)

    ask_secret = ask

    def hide(self, secret: str | None) -> None:
        self.hidden.append(secret)


def credentials(directory: Path, *answers: str, **values: Any) -> Credentials:
    return Credentials(settings(**values), directory, Answers(*answers))


def encoded(password: str) -> str:
    return base64.b64encode(password.encode()).decode()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The two files as the predecessor writes them, one of them edited by hand since."""
    (tmp_path / "private").mkdir()
    (tmp_path / "private/user").write_text("a line of no meaning\n\ncred=me=and you \r\n", encoding="utf-8-sig")
    (tmp_path / "private/word").write_text(f"cred={encoded('päss=word')}\n\n", encoding="utf-8")
    return tmp_path


def test_files_are_read_with_whatever_an_editor_left_in_them(written: Path) -> None:
    assert credentials(written, **FILES).login() == ("me=and you", "päss=word")


def test_the_password_is_known_as_a_secret_from_then_on(written: Path) -> None:
    found = credentials(written, **FILES)
    found.login()
    assert isinstance(found.prompt, Answers)
    assert found.prompt.hidden == ["päss=word"]


def test_a_file_without_its_line_or_with_no_base64_is_a_mistake(written: Path) -> None:
    for text in ("", "\n", "me\nyou\n"):
        (written / "private/user").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="cred="):
            credentials(written, **FILES).login()
    (written / "private/user").write_text("cred=me\n", encoding="utf-8")
    (written / "private/word").write_text("cred=not base64!\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not base64") as refused:
        credentials(written, **FILES).login()
    assert "not base64!" not in str(refused.value)


def test_answers_are_kept_only_when_they_have_proved_right(tmp_path: Path) -> None:
    asked = credentials(tmp_path, "me", "word", **FILES)
    assert asked.login() == ("me", "word")
    assert not (tmp_path / "private").exists()
    asked.keep()
    assert credentials(tmp_path, **FILES).login() == ("me", "word")
    assert (tmp_path / "private/word").read_text(encoding="utf-8") == f"cred={encoded('word')}\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_new_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        asked = credentials(tmp_path, "me", "word", **FILES)
        asked.login()
        asked.keep()
    finally:
        os.umask(before)
    for name in ("user", "word"):
        assert stat.S_IMODE((tmp_path / "private" / name).stat().st_mode) == 0o600


def test_nobody_to_ask_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no user name and no password") as refused:
        credentials(tmp_path).login()
    assert "AHJO_USERNAME" in str(refused.value.hint)


def test_the_missing_half_of_a_login_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no password to log in with"):
        credentials(tmp_path, username="me").login()


def test_a_file_of_the_login_that_does_not_exist_is_named(tmp_path: Path) -> None:
    login = credentials(tmp_path, username="me", password_file="secret")
    with pytest.raises(ConfigError, match="There is no password to log in with") as refused:
        login.login()
    assert f"{tmp_path / 'secret'} does not exist" in refused.value.message
    assert login.absent_files() == [tmp_path / "secret"]
    assert credentials(tmp_path, username="me", password="word", password_file="secret").absent_files() == []


@pytest.mark.parametrize("answers", [(), ("typed",)])
def test_a_password_that_the_driver_finds_is_not_asked_for(tmp_path: Path, answers: tuple[str, ...]) -> None:
    driver = Credentials(settings(username="me"), tmp_path, Answers(*answers), driver_password=True)
    assert driver.login() == ("me", None)


def test_where_a_driver_may_do_without_a_password_only_a_user_at_a_terminal_is_asked(tmp_path: Path) -> None:
    asked = Credentials(settings(username="me"), tmp_path, Answers("typed"), driver_password=False)
    assert asked.login() == ("me", "typed")
    assert Credentials(settings(username="me"), tmp_path, Answers(), driver_password=False).login() == ("me", None)


def test_postgresql_finds_passwords_where_libpq_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "pass"
    assert PostgreSQL().driver_password({"PGPASSFILE": str(file), "APPDATA": str(tmp_path)}) is False
    file.write_text("*:*:*:me:word\n")
    assert PostgreSQL().driver_password({"PGPASSFILE": str(file)}) is True
    assert PostgreSQL().driver_password({"PGPASSWORD": "word", "APPDATA": str(tmp_path)}) is True
    assert MySQL().driver_password({"PGPASSWORD": "word"}) is None


def test_an_empty_password_of_the_config_is_one(tmp_path: Path) -> None:
    assert credentials(tmp_path, username="me", password=Secret("")).login() == ("me", "")


def test_a_file_goes_before_an_empty_password(written: Path) -> None:
    assert credentials(written, password=Secret(""), **FILES).login()[1] == "päss=word"


@pytest.mark.parametrize("text", ["s3cr=t word", "s3cr=t word\n", "\ufeffs3cr=t word\r\n"])
def test_a_file_without_cred_is_the_secret_itself(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text, encoding="utf-8", newline="")
    assert credentials(tmp_path, username="me", password_file="secret").login() == ("me", "s3cr=t word")


def test_the_environment_goes_before_files(written: Path) -> None:
    config = written / "dev.json"
    config.write_text(
        '{"BACKEND": {"allowed_actions": "ALL", "target_database_name": "x", "target_server_hostname": "h",'
        ' "sql_port": 5432, "sql_dialect": "postgresql",'
        ' "username_file": "private/user", "password_file": "private/word"}}',
        encoding="utf-8",
    )
    loaded = load(config, environ={"AHJO_USERNAME": "other", "AHJO_PASSWORD": "secret"})
    assert Credentials(loaded.settings, written, Answers()).login() == ("other", "secret")


def test_a_trusted_connection_and_a_file_database_need_no_login(tmp_path: Path) -> None:
    assert credentials(tmp_path, trusted_connection=True).login() == (None, None)
    assert Credentials(settings(), tmp_path, Answers(), needs_login=False).login() == (None, None)


class KeyringError(Exception):
    pass


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring that holds what a test puts in; it is locked while it holds nothing."""
    held: dict[tuple[str, str], str] = {}

    def get_password(service: str, username: str) -> str | None:
        if not held:
            raise KeyringError
        return held.get((service, username))

    package, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    package.get_password, package.errors = get_password, errors  # type: ignore[attr-defined]
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", package)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return held


def test_a_keyring_is_asked_by_server_database_and_user(tmp_path: Path, keyring: dict[tuple[str, str], str]) -> None:
    keyring["ahjo:db.example/shop", "me"] = "word"
    assert credentials(tmp_path, username="me").login() == ("me", "word")


@pytest.mark.usefixtures("keyring")
def test_a_locked_keyring_is_none(tmp_path: Path) -> None:
    assert credentials(tmp_path, "typed", username="me").login() == ("me", "typed")


def test_a_password_in_the_config_needs_nothing_else(tmp_path: Path) -> None:
    assert credentials(tmp_path, username="me", password=Secret("word")).login() == ("me", "word")


def test_the_end_of_input_at_a_question_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="No user name was entered"):
        credentials(tmp_path, "").login()
    asked = credentials(tmp_path, "me")

    def end(_self: Answers, _prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(Answers, "ask_secret", end)
    with pytest.raises(ConfigError, match="No password was entered") as caught:
        asked.login()
    assert "AHJO_PASSWORD" in str(caught.value.hint)
