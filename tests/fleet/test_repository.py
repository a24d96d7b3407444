from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.fleet.repository import worker_environment
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from pathlib import Path

SERVER = {"sql_dialect": "postgresql", "target_server_hostname": "h", "sql_port": 1, "target_database_name": "d"}


def environment(directory: Path, backend: dict[str, object], **top: object) -> dict[str, str]:
    config = directory / "conf" / "prod.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"BACKEND": {"allowed_actions": "ALL", **backend}, **top}))
    project = Project(directory, config, {})
    return worker_environment(project.loaded, project.database)


def test_a_login_is_handed_on_and_its_files_are_absolute(tmp_path: Path) -> None:
    (tmp_path / "user").write_text("cred=ann\n")
    (tmp_path / "password").write_text("cred=b25l\n")
    assert environment(tmp_path, {**SERVER, "username_file": "user", "password_file": "password"}) == {
        "AHJO_USERNAME_FILE": str(tmp_path / "user"),
        "AHJO_PASSWORD_FILE": str(tmp_path / "password"),
        "AHJO_USERNAME": "ann",
        "AHJO_PASSWORD": "one",
    }


@pytest.mark.parametrize(
    ("backend", "variable", "value"),
    [
        ({"sql_dialect": "sqlite", "target_database_name": "a/b.db"}, "AHJO_TARGET_DATABASE_NAME", "{}/a/b.db"),
        ({"sqlalchemy.url": "sqlite:///b.db"}, "AHJO_SQLALCHEMY_URL", "sqlite:///{}/b.db"),
    ],
)
def test_the_file_of_sqlite_stays_in_the_project(
    tmp_path: Path, backend: dict[str, object], variable: str, value: str
) -> None:
    assert environment(tmp_path, backend) == {variable: value.format(tmp_path)}


def test_a_url_keeps_its_own_login(tmp_path: Path) -> None:
    assert environment(tmp_path, {"sqlalchemy.url": "postgresql://ann:one@h/d"}) == {}


def test_a_local_file_of_the_working_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(ConfigError, match="relative to the working folder"):
        environment(tmp_path, {"sql_dialect": "sqlite", "target_database_name": "b.db"}, LOCAL="mine.json")
