"""Find user name and password: in the config or environment, in files, in the keyring, or by asking the user."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.config.settings import Settings

KEY = "cred"
OWNER_ONLY = 0o600
PASSWORDLESS = frozenset({"ActiveDirectoryInteractive", "ActiveDirectoryIntegrated", "AzureIdentity"})


class Prompt(Protocol):
    """A console that can ask for a line."""

    @property
    def interactive(self) -> bool:
        """True if a user is there to answer."""

    def ask(self, prompt: str) -> str:
        """Ask for a line."""

    def ask_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown."""

    def hide(self, secret: str | None) -> None:
        """Mask this text in all output from now on."""


class Credentials:
    """User name and password of one config, looked up once."""

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        prompt: Prompt,
        *,
        needs_login: bool = True,
        driver_password: bool | None = None,
    ) -> None:
        """`driver_password` is whether the driver has a password of its own; None if it never looks for one."""
        self.settings = settings
        self.directory = directory
        self.prompt = prompt
        self.needs_login = needs_login
        self.driver_password = driver_password
        self._login: tuple[str | None, str | None] | None = None
        self._answers: dict[str, str] = {}

    def login(self) -> tuple[str | None, str | None]:
        """Return user name and password; both None where the operating system's user logs in. Raises ConfigError."""
        if self._login is None:
            self._login = self._look_up()
            self.prompt.hide(self._login[1])
        return self._login

    def keep(self) -> None:
        """Write what the user typed into its files; call it when the login has worked."""
        while self._answers:
            self._write(*self._answers.popitem())

    def password_for_new_login(self, environ: Mapping[str, str]) -> str | None:
        """Return the password for `create-db-login`: AHJO_LOGIN_PASSWORD, else `login_password_file`, else None."""
        return environ.get("AHJO_LOGIN_PASSWORD") or self._read(self.settings.login_password_file, encoded=True)

    def _look_up(self) -> tuple[str | None, str | None]:
        settings = self.settings
        if not self.needs_login or settings.trusted_connection:
            return None, None
        username = settings.username or self._read(settings.username_file)
        password = settings.password.reveal() if settings.password else self._read(settings.password_file, encoded=True)
        if password is None and settings.password is not None:
            password = ""  # an empty one in the config
        if username and password is None:
            password = self._from_keyring(username)
        if username is not None and (password is not None or self._works_without_password()):
            return username, password
        if settings.azure_authentication in {"ActiveDirectoryIntegrated", "AzureIdentity"}:
            return username, None
        return self._ask(username, password)

    def _works_without_password(self) -> bool:
        """True if the driver finds a password, none is needed, or the server alone can tell whether one is."""
        if self.settings.azure_authentication in PASSWORDLESS:
            return True
        return self.driver_password is not None and (self.driver_password or not self.prompt.interactive)

    def _ask(self, username: str | None, password: str | None) -> tuple[str, str]:
        if not self.prompt.interactive:
            missing = ["user name"] * (username is None) + ["password"] * (password is None)
            absent = "".join(f" {path} does not exist." for path in self.absent_files())
            raise ConfigError(
                f"There is no {' and no '.join(missing)} to log in with.{absent}",
                hint="Set username_file and password_file, AHJO_USERNAME and AHJO_PASSWORD, or trusted_connection.",
            )
        if username is None:
            username = self.prompt.ask("Username: ") or _refuse("user name", "AHJO_USERNAME")
            self._remember(self.settings.username_file, username)
        if password is None:
            try:
                password = self.prompt.ask_secret("Password: ")
            except EOFError:  # Ctrl-D; an empty answer is an empty password
                _refuse("password", "AHJO_PASSWORD")
            self._remember(self.settings.password_file, base64.b64encode(password.encode()).decode())
        return username, password

    def _remember(self, filename: str | None, value: str) -> None:
        if filename:
            self._answers[filename] = value

    def _from_keyring(self, username: str) -> str | None:
        try:
            import keyring
            import keyring.errors
        except ModuleNotFoundError:
            return None
        service = f"ahjo:{self.settings.target_server_hostname}/{self.settings.target_database_name}"
        try:
            password: str | None = keyring.get_password(service, username)
        except keyring.errors.KeyringError:  # there is none, or it is locked
            return None
        return password

    def absent_files(self) -> list[Path]:
        """List the files that should hold the login, and do not exist."""
        settings = self.settings
        files = ((settings.username, settings.username_file), (settings.password, settings.password_file))
        return [self._path(file) for value, file in files if file and not value and not self._path(file).is_file()]

    def _path(self, filename: str) -> Path:
        return self.directory / Path(filename).expanduser()

    def _read(self, filename: str | None, *, encoded: bool = False) -> str | None:
        """Read the value of the `cred=` line, or else the only line as it is; None if there is no such file."""
        if not filename or not self._path(filename).is_file():
            return None
        path = self._path(filename)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        for line in lines:
            key, equals, value = line.partition("=")
            if equals and key.strip() == KEY:
                return _decoded(value.strip(), path) if encoded else value.strip()
        if len(lines) == 1 and lines[0]:  # a secret of Docker or Kubernetes
            return lines[0]
        raise ConfigError(
            f"{path}: there is neither a line `{KEY}=...` nor a single line with the value.",
            hint="Delete the file to be asked again.",
        )

    def _write(self, filename: str, value: str) -> None:
        """Write a new file that only its owner can read."""
        path = self._path(filename)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        except OSError as error:
            raise ConfigError(f"{path}: the answer cannot be kept: {error.strerror}") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{KEY}={value}\n")


def _refuse(what: str, variable: str) -> NoReturn:
    raise ConfigError(f"No {what} was entered.", hint=f"Run again, or set {variable}.")


def _decoded(value: str, path: Path) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ConfigError(f"{path}: the password is not base64.", hint="Delete the file to be asked again.") from None
