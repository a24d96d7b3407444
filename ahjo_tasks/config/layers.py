"""Layers of a config: the file, its local override file and the environment; the later one wins."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.config.document import Document, KeyPath, read_config
from ahjo_tasks.config.secret import is_secret_name
from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PREFIX = "AHJO_"
PLACEHOLDER = "$"
OWNER_ONLY = 0o600
CALLER = "the caller"
"""The origin of keys that a program gives."""
_NO_SETTINGS = ("CONFIG_PATH", "NON_INTERACTIVE", "CONFIRM_DATABASE", "PROJECT_DIR", "STRICT_SKIPS")
_OPTIONS = "sqlalchemy."
_FILE = "_file"
_READ_LATER = ("username", "password", "login_password")
"""Keys whose `_file` is read when somebody logs in, and may be written then."""
_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*+)(?P<default>:-[^{}]*+)?\})?")


@dataclass(frozen=True)
class ConfigLayer:
    """Values of one source. `locate` returns the origin of a key: a file and line, or the name of a variable."""

    values: Mapping[str, Any]
    locate: Callable[[str], str]
    texts: frozenset[str] = frozenset()
    """Keys whose values come from the environment, as texts that stand for a value of any type."""
    secrets: frozenset[str] = frozenset()
    """Values of variables with a secret name, and texts of secret files."""


class References:
    """References in the values of a source: `${NAME}` and `${NAME:-default}` to variables, `KEY_file` to secrets.

    `problems` lists those that lead nowhere.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path, locate: Callable[[KeyPath], str]) -> None:
        self._environ = environ
        self._folder = folder
        self._locate = locate
        self.problems: list[str] = []
        self.secrets: set[str] = set()

    def resolve(self, value: Any, path: KeyPath) -> Any:
        """Return a value with its references replaced, at every depth."""
        if isinstance(value, str):
            return _REFERENCE.sub(lambda match: self._variable(match, path), value) if "${" in value else value
        if isinstance(value, list):
            return [self.resolve(item, (*path, number)) for number, item in enumerate(value)]
        if isinstance(value, dict):
            return self.with_files({key: self.resolve(item, (*path, key)) for key, item in value.items()}, path)
        return value

    def with_files(self, values: Mapping[Any, Any], path: KeyPath) -> dict[Any, Any]:
        """Return keys with the texts of the files that hold secrets: `api_token` where there is `api_token_file`."""
        found = dict(values)
        for key, name in values.items():
            if isinstance(name, str) and name and (stem := _secret_of_file(key)):
                if values.get(stem) is not None:
                    self._refuse((*path, key), f"{stem} is given, too; give one of both")
                found[stem] = self._secret(name, (*path, key))
                if stem.startswith(_OPTIONS):
                    del found[key]  # no option of SQLAlchemy
        return found

    def _variable(self, match: re.Match[str], path: KeyPath) -> str:
        name, default = match["name"], match["default"]
        if name is None:
            if match[0] != "${":
                return "${"
            self._refuse(path, "expected ${NAME} or ${NAME:-default}; write $${ for ${ itself")
            return ""
        value = self._environ.get(name, "")
        if not value and default is None:
            state = "empty" if name in self._environ else "not set"
            self._refuse(path, f"the environment variable {name} is {state}; set it, or write ${{{name}:-default}}")
        if value and is_secret_name(name):
            self.secrets.add(value)
        return value or (default or "").removeprefix(":-")

    def _secret(self, name: str, path: KeyPath) -> str:
        file = self._folder / Path(name).expanduser()
        try:
            text = file.read_text(encoding="utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            self._refuse(path, f"the file {file} is not UTF-8")
            return ""
        except OSError as error:
            self._refuse(path, f"the file {file} cannot be read: {error.strerror}")
            return ""
        if not text:
            self._refuse(path, f"the file {file} is empty")
        self.secrets.add(text)
        return text

    def _refuse(self, path: KeyPath, reason: str) -> None:
        keys = [str(key) for key in path if isinstance(key, str) and key != "BACKEND"]
        self.problems.append(f"{self._locate(path)}: {'.'.join(keys)}: {reason}")


def _secret_of_file(key: object) -> str:
    """Return the key whose secret is in the file that this key names; empty for another key."""
    stem = key.removesuffix(_FILE) if isinstance(key, str) and key.endswith(_FILE) else ""
    secret = stem in {f"{_OPTIONS}url", "url"} if stem.endswith("url") else is_secret_name(stem)
    return stem if secret and stem not in _READ_LATER else ""


def file_layer(document: Document, folder: Path, environ: Mapping[str, str] = MappingProxyType({})) -> ConfigLayer:
    """Return the BACKEND section of a file, or the whole file when it has none, with references replaced.

    Files with secrets start from `folder`. Raises ConfigError, which lists every reference that leads nowhere.
    """
    section = document.value.get("BACKEND")
    if section is not None and not isinstance(section, dict):
        raise ConfigError(f"{_position(document, ('BACKEND',))}: BACKEND: expected an object")
    if section is None:
        _refuse_misspelt_section(document)
    values = section or {key: value for key, value in document.value.items() if key not in ("BACKEND", "LOCAL")}
    path: KeyPath = ("BACKEND",) if section else ()
    written = {key: value for key, value in values.items() if isinstance(key, str)}
    references = References(environ, folder, lambda place: _position(document, place))
    flat = _flatten_options(references.resolve(written, path))
    if references.problems:
        raise ConfigError(f"Invalid config {document.name}", tuple(references.problems))
    texts = frozenset(key for key in flat if isinstance(written.get(key), str) and written[key] != flat[key])
    return ConfigLayer(flat, partial(_place_of, document, path), texts, frozenset(references.secrets))


def _place_of(document: Document, path: KeyPath, key: str) -> str:
    """Return where a key is given, itself or by a file with its secret."""
    given = key if (*path, key) in document.lines else f"{key}{_FILE}"
    return _position(document, (*path, given if (*path, given) in document.lines else key))


def _refuse_misspelt_section(document: Document) -> None:
    for key, value in document.value.items():
        if isinstance(value, dict) and closest(str(key).upper(), ["BACKEND"], cutoff=0.75):
            raise ConfigError(
                f"{_position(document, (key,))}: {key}: the section is called BACKEND, in capital letters"
            )


def local_document(document: Document, folder: Path) -> tuple[Document | None, tuple[str, ...]]:
    """Read the file that the top-level key LOCAL names, and return its warnings; a missing file is a warning.

    A relative path starts from the config's folder, else from the working directory.
    """
    name = document.value.get("LOCAL")
    if name is None:
        return None, ()
    if not isinstance(name, str):
        raise ConfigError(f"{_position(document, ('LOCAL',))}: LOCAL: expected the path of a file")
    path = next((path for path in (folder / name, Path(name)) if path.is_file()), None)
    if path is None:
        return None, (f"{_position(document, ('LOCAL',))}: LOCAL: the file {name} is missing",)
    local = read_config(path)
    return local, local.warnings


def environment_layer(environ: Mapping[str, str], keys: Iterable[str], folder: Path) -> ConfigLayer:
    """Return the variables `AHJO_<KEY>` of the keys, and `AHJO_SQLALCHEMY_<OPTION>`; empty ones are ignored.

    `AHJO_<KEY>_FILE` of a secret key names a file that holds it, which starts from `folder`. Raises ConfigError.
    """
    variables = _variables(environ)
    names = {_variable_name(key): key for key in keys}
    files = {f"{name}_FILE": f"{key}{_FILE}" for name, key in names.items() if f"{name}_FILE" in variables}
    names |= {name: key for name, key in files.items() if _secret_of_file(key)}
    options = {name: _option(name) for name in variables if _option(name) and name not in names}
    values = {key: variables[name] for name, key in (options | names).items() if name in variables}
    references = References({}, folder, lambda path: _variable_name(str(path[-1])))
    resolved = references.with_files(values, ())
    if references.problems:
        raise ConfigError("Invalid environment", tuple(references.problems))
    return ConfigLayer(resolved, _variable_name, frozenset(resolved), frozenset(references.secrets))


def caller_layer(values: Mapping[str, Any]) -> ConfigLayer:
    """Return the keys that a program gives."""
    return ConfigLayer(_flatten_options(dict(values)), lambda _key: CALLER)


def unused_variables(environ: Mapping[str, str], layer: ConfigLayer) -> tuple[str, ...]:
    """Return the `AHJO_` variables that the layer has no key for."""
    used = {f"{_variable_name(key)}{end}" for key in layer.values for end in ("", _FILE.upper())}
    return tuple(name for name in _variables(environ) if name not in used)


def parse_variable(text: str) -> Any:
    """Parse the text of a variable as JSON; text that is not JSON stays text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings merged at every depth; neither is changed."""
    result = {**base, **override}
    nested = (key for key in base if isinstance(base[key], dict) and isinstance(override.get(key), dict))
    return result | {key: merge(base[key], override[key]) for key in nested}


def _position(document: Document, path: KeyPath) -> str:
    line = next((document.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in document.lines), None)
    return document.name if line is None else f"{document.name}:{line}"


def _flatten_options(values: dict[str, Any]) -> dict[str, Any]:
    """Write the options under a key `sqlalchemy` as the keys `sqlalchemy.<option>`."""
    options = values.get("sqlalchemy")
    if not isinstance(options, dict):
        return values
    others = {key: value for key, value in values.items() if key != "sqlalchemy"}
    return {f"{_OPTIONS}{option}": value for option, value in options.items()} | others


def _variable_name(key: str) -> str:
    return PREFIX + key.replace(".", "_").upper()


def _option(name: str) -> str:
    """Return the key of the engine option that a variable sets, or an empty text."""
    prefix = PREFIX + "SQLALCHEMY_"
    return _OPTIONS + name.removeprefix(prefix).lower() if name.startswith(prefix) else ""


def _is_setting(name: str) -> bool:
    suffix = name.removeprefix(PREFIX)
    return suffix not in _NO_SETTINGS and not suffix.startswith("TEST_")


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environ.items() if name.startswith(PREFIX) and text and _is_setting(name)}


class LocalFile(NamedTuple):
    """A local override file to create: its path and its text."""

    path: Path
    text: str
    to_fill_in: int
    """Number of top-level sections with a value to fill in."""

    def write(self) -> None:
        """Create the file, readable by its owner alone, because passwords will be written into it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self.text)


def local_file(config: Path | None) -> LocalFile:
    """Return the file that the config's key LOCAL names, with the keys whose value is `$`, nesting kept.

    Raises ConfigError without such a key, AhjoError when the file exists; an existing file is never changed.
    """
    if config is None:
        raise ConfigError("No config is named.", hint="inv init-config --config dev.jsonc")
    value = read_config(config).value
    name = value.get("LOCAL")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{config.name}: there is no top-level key LOCAL with a path.")
    path = config.parent / name
    if path.exists():
        raise AhjoError(f"{path} exists already; it was not changed.")
    to_fill_in = placeholders(value) or {}
    return LocalFile(path, json.dumps(to_fill_in, indent=4, ensure_ascii=False) + "\n", len(to_fill_in))


def placeholders(value: Any) -> Any:
    """Return the part of a value whose leaves are `$`, or lists that hold one; None when there is none."""
    if isinstance(value, dict):
        parts = {key: part for key, item in value.items() if (part := placeholders(item)) is not None}
        return parts or None
    if isinstance(value, list):
        return value if PLACEHOLDER in value else None
    return value if value == PLACEHOLDER else None
