"""What a user sees of a server that refuses, with each real driver: the server is a stand-in, the words are not."""

from __future__ import annotations

import subprocess
import time
from shutil import which
from typing import TYPE_CHECKING

import pytest
from odbc import require_driver
from projects import make_project
from tds import FakeServer, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from projects import Outcome

DRIVERS = ("mssql+pyodbc", "mssql+mssqlpython", "mssql+pymssql")
PAUSED = Refusal(40613, "Database 'shop' on server 'x' is not currently available.  Please retry the connection later.")
NO_LOGIN = Refusal(18456, "Login failed for user 'me'.")
NO_DATABASE = Refusal(4060, 'Cannot open database "shop" requested by the login. The login failed.')
FIREWALL = Refusal(
    40615, "Cannot open server 'x' requested by the login. Client with IP address '1.2.3.4' is not allowed to access."
)

EACH = pytest.mark.parametrize("driver", DRIVERS)
MICROSOFTS = pytest.mark.parametrize("driver", [name for name in DRIVERS if "pymssql" not in name])
"""pymssql trusts any certificate, and tells the reason of its first failure again at the next."""


@pytest.fixture(autouse=True)
def there(driver: str) -> None:
    require_driver(driver)


def connect(server: FakeServer, folder: Path, driver: str, **settings: object) -> Outcome:
    backend = {
        "allowed_actions": "ALL",
        "sql_dialect": driver,
        "target_server_hostname": "127.0.0.1",
        "sql_port": server.port,
        "target_database_name": "shop",
        "connect_retry_count": 3,
        "connect_retry_interval": 0,
        "sqla_url_query_map": {"Encrypt": "no"},
        **settings,
    }
    project = make_project(folder / "project", backend)
    return project.inv("test-connection", AHJO_USERNAME="me", AHJO_PASSWORD="secret")


@EACH
@pytest.mark.parametrize(
    ("refusal", "said", "hint"),
    [
        (NO_LOGIN, "The server refused the login.", "Check the user name and the password."),
        (NO_DATABASE, "The database does not exist", "Create it with: inv init"),
        (FIREWALL, "Client with IP address '1.2.3.4' is not allowed", "firewall rules"),
    ],
)
def test_what_no_waiting_helps_against_is_said_at_once(
    driver: str, tmp_path: Path, refusal: Refusal, said: str, hint: str
) -> None:
    with FakeServer(*[refusal] * 3) as server:
        refused = connect(server, tmp_path, driver)
    assert refused.code == 1
    assert said in refused.err
    assert hint in refused.err
    assert server.credentials == 1


@EACH
def test_a_paused_database_is_waited_for_with_the_retry_settings(driver: str, tmp_path: Path) -> None:
    with FakeServer(*[PAUSED] * 9) as server:
        refused = connect(server, tmp_path, driver)
    assert refused.text.count("Trying again in 0 s") == 2
    assert "not currently available" in refused.text
    assert "connect_retry_count" in refused.err
    assert server.credentials == 3


@MICROSOFTS
def test_no_more_is_waited_for_than_the_pause(driver: str, tmp_path: Path) -> None:
    with FakeServer(PAUSED, NO_DATABASE, *[PAUSED] * 9) as server:
        refused = connect(server, tmp_path, driver)
    assert "The database does not exist" in refused.err
    assert server.credentials == 2


@MICROSOFTS
def test_a_certificate_that_is_not_trusted_is_said_at_once(driver: str, tmp_path: Path) -> None:
    with FakeServer(certificate=certificate(tmp_path)) as server:
        began = time.monotonic()
        refused = connect(server, tmp_path, driver, sqla_url_query_map={})
    assert "The server's certificate is not trusted." in refused.err
    assert "TrustServerCertificate: yes" in refused.err
    assert "Trying again" not in refused.text
    assert time.monotonic() - began < 10


def certificate(folder: Path) -> Path:
    program = which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    both = folder / "both.pem"
    command = f"{program} req -x509 -newkey rsa:2048 -nodes -keyout {both} -out {both}.crt -days 2 -subj /CN=db"
    subprocess.run(command.split(), check=True, capture_output=True)
    both.write_text(both.read_text() + both.with_suffix(".pem.crt").read_text())
    return both
