from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from servers import LOOPBACK, _free_port

if TYPE_CHECKING:
    from inside import Deployed

SERVERS = pytest.mark.parametrize("target", ["postgresql", "mysql", "mssql"], indirect=True)
PATIENT = {"connect_retry_count": 5, "connect_retry_interval": 20}


def at_once(live: Deployed, words: str) -> None:
    """What no waiting helps against is not waited for."""
    started = time.monotonic()
    refused = live.fail("test-connection")
    assert words in refused.err
    assert "Trying again" not in refused.text
    assert time.monotonic() - started < 15


@SERVERS
def test_a_wrong_password_stops_at_once(live: Deployed) -> None:
    live.reconfigure(password="wrong", **PATIENT)
    at_once(live, "refused the login")


@SERVERS
def test_an_unknown_database_stops_at_once_and_says_how_to_create_it(live: Deployed) -> None:
    live.reconfigure(target_database_name="nowhere_to_be_found", **PATIENT)
    at_once(live, "inv init")


@SERVERS
def test_an_unknown_host_stops_at_once(live: Deployed) -> None:
    live.reconfigure(target_server_hostname="nowhere.invalid", **PATIENT)
    at_once(live, "host")


@SERVERS
def test_a_server_that_is_not_there_is_tried_again_as_often_as_the_config_says(live: Deployed) -> None:
    live.reconfigure(
        target_server_hostname=LOOPBACK, connect_retry_count=3, connect_retry_interval=0, **elsewhere(live)
    )
    refused = live.fail("test-connection")
    assert refused.text.count("Trying again") == 2
    live.reconfigure(connect_resiliently=False)
    assert "Trying again" not in live.fail("test-connection").text


def elsewhere(live: Deployed) -> dict[str, object]:
    query = {
        name: value for name, value in live.backend.get("sqla_url_query_map", {}).items() if name.lower() != "port"
    }
    return {"sql_port": _free_port(), "sqla_url_query_map": query}


def test_the_connection_shows_who_is_where(live: Deployed) -> None:
    shown = live.succeed("test-connection").out
    for heading in ("Database", "Version"):
        assert heading in shown


@pytest.mark.parametrize(
    ("target", "query"),
    [("postgresql", "sslmode=require"), ("postgresql", "sslmode=maybe"), ("postgresql", "nonsense=1")],
    indirect=["target"],
)
def test_what_a_driver_refuses_is_not_laid_on_the_port(live: Deployed, query: str) -> None:
    name, _, value = query.partition("=")
    live.reconfigure(sqla_url_query_map={name: value}, **PATIENT)
    at_once(live, "sqla_url_query_map")
    assert "sql_port" not in live.fail("test-connection").err


@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
def test_a_url_without_a_database_takes_that_of_the_config(live: Deployed) -> None:
    url = live.target.url.set(database=None).render_as_string(hide_password=False)
    live.reconfigure(**{"sqlalchemy.url": url})
    assert live.database in live.succeed("test-connection").out
