from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import make_url
from targets import Target

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_url_becomes_a_config(tmp_path: Path) -> None:
    url = make_url("mssql+pyodbc://sa:p%40ss@db.example:1444/?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=no")
    backend = Target("mssql", url, tmp_path).backend()
    assert backend == {
        "allowed_actions": "ALL",
        "target_database_name": backend["target_database_name"],
        "sql_dialect": "mssql+pyodbc",
        "sql_driver": "ODBC Driver 18 for SQL Server",
        "sqla_url_query_map": {"Encrypt": "no"},
        "target_server_hostname": "db.example",
        "sql_port": 1444,
        "username": "sa",
        "password": "p@ss",
    }


def test_a_port_in_the_query_stays_there(tmp_path: Path) -> None:
    url = make_url("mssql+pyodbc://sa:secret@db.example/?driver=FreeTDS&Port=1433&TDS_Version=7.4")
    backend = Target("mssql", url, tmp_path).backend()
    assert backend["sqla_url_query_map"] == {"Port": "1433", "TDS_Version": "7.4"}
    assert "sql_port" not in backend


def test_each_config_names_a_database_of_its_own_and_takes_further_keys(tmp_path: Path) -> None:
    target = Target("sqlite", None, tmp_path)
    first, second = target.backend(), target.backend(skipped_actions=["data"])
    assert first["target_database_name"] != second["target_database_name"]
    assert "skipped_actions" not in first
    assert second["skipped_actions"] == ["data"]
