from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from projects import make_project

from ahjo_tasks.config.secret import encoded_forms

if TYPE_CHECKING:
    from pathlib import Path

SECRET = '<"säcret"> & 50% + \\'


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX")
def test_a_log_on_a_full_disk_is_said_and_what_the_table_lost_is_not_said_to_be_there(tmp_path: Path) -> None:
    backend = {
        "allowed_actions": "ALL",
        "target_database_name": "shop.db",
        "sql_dialect": "sqlite",
        "enable_database_logging": True,
        "log_table_schema": "missing",
    }
    project = make_project(tmp_path / "shop", backend)
    (project.directory / "shop.db").touch()
    (project.directory / "ahjo.log").symlink_to("/dev/full")
    project.write("database/data/a.sql", "SELECT 1;")

    done = project.inv("data")

    assert done.code == 0, done.text
    assert done.err.count("ahjo.log cannot be written") == 1
    assert "No space left" in done.err
    assert "log records are neither in ahjo.log nor in the table ahjo_log" in done.err


@pytest.mark.parametrize("form", ["junit", "json", "tap", "github"])
def test_no_report_tells_a_secret(tmp_path: Path, form: str) -> None:
    backend = {
        "allowed_actions": "ALL",
        "target_database_name": "shop.db",
        "sql_dialect": "sqlite",
        "test_variables": {"password": SECRET},
        "log_format": "json",
    }
    project = make_project(tmp_path / "shop", backend)
    (project.directory / "shop.db").touch()
    project.write("database/tests/a.sql", "SELECT 'a' AS test_name, '$(password)' AS result;")

    done = project.inv("test", "--format", form, "--output", "out/report")

    assert done.code == 0, done.text
    report = (project.directory / "out/report").read_text(encoding="utf-8")
    log = (project.directory / "ahjo.log").read_text(encoding="utf-8")
    for spelling in encoded_forms(SECRET):
        assert spelling not in done.text + report + log
    assert "***" in report


def test_of_two_secrets_one_of_which_begins_the_other_neither_is_told(tmp_path: Path) -> None:
    backend = {
        "allowed_actions": "ALL",
        "target_database_name": "shop.db",
        "sql_dialect": "sqlite",
        "scripting_variables": {"password": "winter", "other_password": "winter2026"},
    }
    project = make_project(tmp_path / "shop", backend)
    (project.directory / "shop.db").touch()
    project.write("database/data/a.sql", "SELECT * FROM $(other_password);")

    done = project.inv("data")

    assert "***" in done.err
    assert "2026" not in done.text.replace(str(tmp_path), "")
