from __future__ import annotations

import logging
import struct
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fakes import settings
from odbc import require_driver
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from ahjo_tasks.database.dialects.mssql import MSSQL, driver_choice, entra
from ahjo_tasks.database.drivers import DriverState
from ahjo_tasks.errors import ConfigError, ConnectionFailedError

EIGHTEEN = "ODBC Driver 18 for SQL Server"
ACCESS_TOKEN = 1256


class FakeCredential:
    """Gives a token of its own each time, and notes for what."""

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments
        self.scopes: list[tuple[str, ...]] = []

    def get_token(self, *scopes: str) -> Any:
        self.scopes.append(scopes)
        return SimpleNamespace(token=f"token-ä-{len(self.scopes)}")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the driver is asked for: the connection string and the options."""
    require_driver("pyodbc")
    import pyodbc

    asked: list[tuple[str, dict[str, Any]]] = []

    def connect(text: str, **options: Any) -> None:
        asked.append((text, options))
        raise pyodbc.OperationalError("08001", "[08001] nobody is there")

    monkeypatch.setattr(pyodbc, "connect", connect)
    monkeypatch.setattr(driver_choice, "installed", lambda: (EIGHTEEN,))
    return asked


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> list[FakeCredential]:
    """A fake azure-identity; the credentials made of it."""
    made: list[FakeCredential] = []

    def credential(**arguments: Any) -> FakeCredential:
        made.append(FakeCredential(**arguments))
        return made[-1]

    module: Any = ModuleType("azure.identity")
    module.DefaultAzureCredential = module.AzureCliCredential = credential
    package: Any = ModuleType("azure")
    package.identity = module
    monkeypatch.setitem(sys.modules, "azure", package)
    monkeypatch.setitem(sys.modules, "azure.identity", module)
    return made


def connect(times: int = 1, **values: Any) -> None:
    """Try to connect as a session does."""
    dialect, config = MSSQL(), settings(**values)
    url = dialect.url(config, "me@example.com", "secret")
    engine = create_engine(url, poolclass=NullPool, **dialect.engine_options(config))
    dialect.register_events(engine, config)
    for _ in range(times):
        with pytest.raises(Exception, match="nobody is there"):
            engine.connect()


def test_a_token_reaches_the_driver_as_its_documentation_says(calls: Any, identity: Any) -> None:
    """SQL_COPT_SS_ACCESS_TOKEN: a structure of the length in bytes and the token, each character in two bytes."""
    connect(azure_authentication="AzureIdentity")
    ((text, options),) = calls
    packed = options["attrs_before"][ACCESS_TOKEN]
    token = "token-ä-1"
    assert packed == struct.pack("=i", len(token) * 2) + token.encode("utf-16-le")
    assert packed[:6] == b"\x12\x00\x00\x00t\x00"
    assert [word for word in ("UID", "PWD", "Trusted_Connection", "uthentication") if word in text] == []
    assert options["timeout"] == 15


def test_every_connection_has_a_token_of_its_own(calls: Any, identity: list[FakeCredential]) -> None:
    connect(times=3, azure_authentication="AzureIdentity")
    tokens = [options["attrs_before"][ACCESS_TOKEN] for _text, options in calls]
    assert tokens == [entra.packed(f"token-ä-{number}") for number in (1, 2, 3)]
    (credential,) = identity
    assert credential.scopes == [("https://database.windows.net/.default",)] * 3


def test_the_query_map_is_honoured_with_a_token(calls: Any, identity: Any) -> None:
    given = {"Encrypt": "strict", "ApplicationIntent": "ReadOnly"}
    connect(azure_authentication="AzureIdentity", sqla_url_query_map=given)
    ((text, _options),) = calls
    assert "Encrypt=strict" in text
    assert "ApplicationIntent=ReadOnly" in text
    assert "LongAsMax=Yes" in text


def test_the_options_of_the_config_stay_beside_the_token(calls: Any, identity: Any) -> None:
    connect(azure_authentication="AzureIdentity", sqlalchemy={"connect_args": {"attrs_before": {1: 2}, "timeout": 3}})
    ((_text, options),) = calls
    assert options["attrs_before"].keys() == {1, ACCESS_TOKEN}
    assert options["timeout"] == 3


def test_a_credential_can_be_named_with_its_arguments(calls: Any, identity: list[FakeCredential]) -> None:
    chosen = {"credential": "AzureCliCredential", "tenant_id": "t", "token_url": "https://example/.default"}
    connect(azure_authentication="AzureIdentity", azure_identity_settings=chosen)
    (credential,) = identity
    assert credential.arguments == {"tenant_id": "t"}
    assert credential.scopes == [("https://example/.default",)]


@pytest.mark.parametrize(
    ("method", "present", "absent"),
    [
        ("ActiveDirectoryPassword", ["UID=me@example.com", "PWD=secret"], []),
        ("ActiveDirectoryInteractive", ["UID=me@example.com"], ["PWD"]),
        ("ActiveDirectoryIntegrated", [], ["UID", "PWD"]),
    ],
)
def test_the_driver_does_the_other_three(calls: Any, method: str, present: list[str], absent: list[str]) -> None:
    connect(azure_authentication=method, sqla_url_query_map={"Encrypt": "no"})
    ((text, options),) = calls
    assert f"uthentication={method}" in text
    assert "Encrypt=no" in text
    assert "Trusted_Connection" not in text
    assert "attrs_before" not in options
    assert [word for word in present if word not in text] == []
    assert [word for word in absent if word in text] == []


def test_no_other_login_is_touched(calls: Any, identity: list[FakeCredential]) -> None:
    connect()
    ((text, options),) = calls
    assert "UID=me@example.com;PWD=secret" in text
    assert "attrs_before" not in options
    assert identity == []


@pytest.mark.parametrize("driver", [{"sql_driver": "FreeTDS"}, {"sql_dialect": "mssql+pymssql"}])
def test_a_driver_without_entra_is_told_apart(monkeypatch: pytest.MonkeyPatch, driver: dict[str, str]) -> None:
    monkeypatch.setattr(driver_choice, "installed", lambda: ("FreeTDS",))
    monkeypatch.setattr(driver_choice, "state", lambda driver: DriverState(driver, "9.9"))
    with pytest.raises(ConfigError, match="needs Microsoft's driver"):
        MSSQL().url(settings(azure_authentication="AzureIdentity", **driver), None, None)


def test_a_token_that_cannot_be_had_is_said_in_a_sentence(calls: Any) -> None:
    class Broken:
        def get_token(self, *_scopes: str) -> Any:
            raise RuntimeError("not logged in\nand much more")

    dialect, config = MSSQL(), settings(azure_authentication="AzureIdentity")
    engine = create_engine(dialect.url(config, None, None), poolclass=NullPool)
    entra.provide_tokens(engine, config, Broken())
    with pytest.raises(ConnectionFailedError, match=r"No token for \S+: not logged in$"):
        engine.connect()
    assert logging.getLogger("azure").hasHandlers()  # else what each credential says goes to standard error


def test_without_azure_identity_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure", None)
    with pytest.raises(ConfigError, match="azure-identity") as caught:
        entra.make_credential({})
    assert "ahjo-tasks[azure]" in str(caught.value.hint)


@pytest.mark.parametrize("chosen", [{"credential": "NoSuchCredential"}, {"credential": "sys"}])
def test_a_credential_that_is_none_is_a_mistake_of_the_config(identity: Any, chosen: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="no credential"):
        entra.make_credential(chosen)
