"""Database drivers: which are installed, which load, and what to install where one does not."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

MISSING_LIBRARY = re.compile(
    r"(?:Error loading shared library |Library not loaded: )(?P<named>[^\s:]+)"
    r"|(?P<first>[\w.+/-]+\.so[\d.]*): cannot open shared object file"
)
"""The words of musl, of macOS and of glibc for a library that is not there."""


class Driver(NamedTuple):
    """A driver as SQLAlchemy calls it after the `+`, its module, its distribution, and the command that brings it."""

    name: str
    module: str
    distribution: str
    install: str


class DriverState(NamedTuple):
    """One driver on this machine. `version` is empty where it is not installed, `problem` where it can be used.

    `hint` is what to run in order to be able to use it.
    """

    driver: Driver
    version: str = ""
    problem: str = ""
    hint: str = ""

    @property
    def loads(self) -> bool:
        """True if it loads, so that it can connect."""
        return not self.problem


class DriverError(ConfigError):
    """The driver that a config asks for, or every one that it could use, is missing, does not load or does not do."""


class Package(NamedTuple):
    """The system's packages with one library, for each of the package managers."""

    apt: str
    dnf: str
    brew: str


SYSTEM_PACKAGES: dict[str, Package] = {
    "libodbc": Package("libodbc2", "unixODBC", "unixodbc"),
    "libodbcinst": Package("libodbcinst2", "unixODBC", "unixodbc"),
    "libltdl": Package("libltdl7", "libtool-ltdl", "libtool"),
    "libkrb5": Package("libkrb5-3", "krb5-libs", "krb5"),
    "libgssapi_krb5": Package("libgssapi-krb5-2", "krb5-libs", "krb5"),
    "libmariadb": Package("libmariadb3", "mariadb-connector-c", "mariadb-connector-c"),
    "libpq": Package("libpq5", "libpq", "libpq"),
    "libstdc++": Package("libstdc++6", "libstdc++", "gcc"),
}
"""By the name of the library's file without its version."""


def check(driver: Driver, probe: Callable[[], object] = lambda: None) -> DriverState:
    """Load the driver, then run `probe`, which loads what the driver itself loads only when it connects."""
    try:
        module = import_module(driver.module)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == driver.module.partition(".")[0]:
            return DriverState(driver, "", "not installed", driver.install)
        return DriverState(driver, _version(driver), *explain(error, driver.install))
    try:
        probe()
    except (ImportError, OSError) as error:
        return DriverState(driver, _version(driver, module), *explain(error, driver.install))
    return DriverState(driver, _version(driver, module))


def explain(error: Exception, install: str) -> tuple[str, str]:
    """The reason why a driver does not load, in a few words, and the command that repairs it."""
    match = MISSING_LIBRARY.search(str(error))
    if match is None:
        return f"does not load: {(str(error).strip().splitlines() or [type(error).__name__])[0]}", install
    library = (match["named"] or match["first"]).rpartition("/")[2]
    return f"{library} is missing", install_library(library) or install


def install_library(library: str) -> str:
    """The command that brings a library of the system; empty for one that is not known here."""
    import platform

    package = SYSTEM_PACKAGES.get(re.split(r"\.(?:so|dylib|\d)", library)[0])
    if package is None:
        return ""
    if platform.system() == "Darwin":
        return f"brew install {package.brew}"
    return f"dnf install {package.dnf}" if "fedora" in _family() else f"apt-get install {package.apt}"


def refuse(state: DriverState) -> DriverError:
    """The error for a driver that the config names and that cannot be used."""
    return DriverError(f"The driver {state.driver.distribution} cannot be used: {state.problem}.", hint=state.hint)


def hints(states: Iterable[DriverState]) -> str:
    """The commands of which one is enough."""
    return ", or ".join(dict.fromkeys(state.hint for state in states if state.hint))


def _family() -> str:
    import platform

    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"


def _version(driver: Driver, module: ModuleType | None = None) -> str:
    """Return the version that the module gives, else the one that pip knows; empty where neither does."""
    numbers = getattr(module, "VERSION", None)
    if isinstance(numbers, tuple):  # of PyMySQL, whose __version__ is that of the driver that it stands for
        return ".".join(map(str, numbers[:3]))
    for name in ("__version__", "version"):
        value = getattr(module, name, None)
        if isinstance(value, str):
            return value.split()[0]
    from importlib import metadata  # takes 20 ms to import

    try:
        return metadata.version(driver.distribution)
    except metadata.PackageNotFoundError:
        return ""
