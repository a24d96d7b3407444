"""Log in to SQL Server and Azure SQL with Microsoft Entra."""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, Any, Protocol

from ahjo_tasks.database.dialects.mssql.driver_choice import is_freetds
from ahjo_tasks.errors import ConfigError, ConnectionFailedError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

    from ahjo_tasks.config.settings import Settings

TOKEN_ATTRIBUTE = 1256
"""SQL_COPT_SS_ACCESS_TOKEN of Microsoft's driver."""

SCOPE = "https://database.windows.net/.default"
BY_DRIVER = frozenset({"ActiveDirectoryPassword", "ActiveDirectoryInteractive", "ActiveDirectoryIntegrated"})
BY_TOKEN = "AzureIdentity"  # noqa: S105 - the name of a way to log in
KEPT = {"ActiveDirectoryPassword": (True, True), "ActiveDirectoryInteractive": (True, False)}
"""User name and password that each way to log in takes (True): the driver refuses what it does not take."""
CHAIN = "DefaultAzureCredential"
LOG_IN = "Log in, for example with: az login. With --debug you see what each credential said."


class Credential(Protocol):
    """The interface of azure-identity's credentials."""

    def get_token(self, *scopes: str) -> Any:
        """Return an object whose `token` is the access token, cached or new."""


def with_authentication(url: URL, settings: Settings) -> URL:
    """Complete the URL for the way to log in; three of them are done by the driver, by its own keyword.

    Raises ConfigError for a driver that knows no Entra.
    """
    method = settings.azure_authentication
    if method is None:
        return url
    driver = str(url.query.get("driver", ""))
    if url.get_driver_name() == "pymssql" or is_freetds(driver):
        raise ConfigError(
            f"azure_authentication: {method} needs Microsoft's driver, not {driver or 'pymssql'}.",
            hint="pip install 'ahjo-tasks[mssql]' brings it.",
        )
    if method in BY_DRIVER:
        # in small letters, for SQLAlchemy asks for a trusted connection where it does not find the word so
        url = url.update_query_dict({"authentication": str(method)})
    name, password = KEPT.get(method, (False, False))
    return url._replace(username=url.username if name else None, password=url.password if password else None)


def provide_tokens(engine: Engine, settings: Settings, credential: Credential | None = None) -> None:
    """Pass a token to every new connection, fetched when it is made, so that none has expired."""
    if settings.azure_authentication != BY_TOKEN:
        return
    from sqlalchemy import event

    scope = str(settings.azure_identity_settings.get("token_url", SCOPE))
    source = credential or make_credential(settings.azure_identity_settings)
    logging.getLogger("azure").addHandler(logging.NullHandler())  # else each failed try is printed, too

    @event.listens_for(engine, "do_connect")
    def provide_token(_dialect: Any, _record: Any, cargs: list[Any], cparams: dict[str, Any]) -> None:
        cargs[0] = cargs[0].replace(";Trusted_Connection=Yes", "")
        cparams["attrs_before"] = {**cparams.get("attrs_before", {}), TOKEN_ATTRIBUTE: packed(_token(source, scope))}


def packed(token: str) -> bytes:
    """Encode the token for the driver: length in bytes, little-endian, then UTF-16LE."""
    raw = token.encode("utf-16-le")
    return struct.pack(f"<I{len(raw)}s", len(raw), raw)


def make_credential(settings: dict[str, Any]) -> Credential:
    """Create the credential that `azure_identity_settings` names, by default azure-identity's chain.

    `credential` is the name of a class of azure-identity, as in AzureCliCredential; all keys but `token_url` are its
    arguments. Raises ConfigError when the package or the class is not there.
    """
    try:
        from azure import identity
    except ModuleNotFoundError:
        raise ConfigError("AzureIdentity needs azure-identity.", hint="pip install 'ahjo-tasks[azure]'") from None
    name = str(settings.get("credential", CHAIN))
    made = getattr(identity, name, None)
    if made is None or not name.endswith("Credential"):
        raise ConfigError(f"azure_identity_settings: azure-identity has no credential {name!r}.")
    arguments = {key: value for key, value in settings.items() if key not in {"token_url", "credential"}}
    try:
        credential: Credential = made(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"azure_identity_settings: {name}: {error}") from None
    return credential


def _token(source: Credential, scope: str) -> str:
    try:
        return str(source.get_token(scope).token)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ConnectionFailedError(f"No token for {scope}: {reason}", hint=LOG_IN) from error
