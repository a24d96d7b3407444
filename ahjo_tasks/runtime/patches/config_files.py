"""The one place that knows how Invoke reads the file of `--config`.

Invoke 3 picks a reader by the name `_load_<suffix>` and keeps the path in `_runtime_path`. Importing this module is
cheap: it is part of `inv --list`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.config import Config
from invoke.exceptions import Exit, UnknownFileType

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SUFFIXES = ("json", "jsonc", "yaml", "yml")


def teach(config_class: type[Config] = Config) -> None:
    """Make `--config` read what an Ahjo config may hold; all other files of Invoke load as before.

    A file that cannot be used ends the program with a message and exit code 2. Teaching twice changes nothing.
    """
    if getattr(config_class, "_ahjo_taught", False):
        return
    for suffix in _SUFFIXES:
        name = f"_load_{suffix}"
        setattr(config_class, name, _reader(getattr(config_class, name, None)))
    config_class.load_runtime = _load_runtime(config_class.load_runtime)  # type: ignore[method-assign]
    config_class._ahjo_taught = True  # type: ignore[attr-defined]  # noqa: SLF001


def runtime_path(config: Config) -> Path | None:
    """Return the file that `--config` names, there or not: Invoke passes over a missing one in silence."""
    path = getattr(config, "_runtime_path", None)
    return Path(path).expanduser() if path else None


def runtime_found(config: Config) -> bool:
    """Whether Invoke has read the file of `--config`."""
    return bool(getattr(config, "_runtime_found", None))


def show(config: Config, backend: Mapping[str, Any]) -> None:
    """Have `ctx.config.BACKEND` hold these values, whichever file or variable they came from."""
    if runtime_found(config):
        config._runtime = {**config._runtime, "BACKEND": RedactedDict(backend)}  # noqa: SLF001 - the level of --config
        config.merge()
    else:
        config["BACKEND"] = RedactedDict(backend)  # type: ignore[assignment]


def _reader(original: Callable[[Config, str], Any] | None) -> Callable[[Config, str], Any]:
    def load(config: Config, path: str) -> Any:
        if original is None or _is_runtime(config, path):
            return _read(Path(path))
        return original(config, path)

    return load


def _is_runtime(config: Config, path: str) -> bool:
    return runtime_path(config) == Path(path)


def _read(path: Path) -> dict[str, Any]:
    from ahjo_tasks.config.document import read

    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    return RedactedDict(read(path).value)


class RedactedDict(dict[str, Any]):
    """A config that Invoke's debug log cannot give away."""

    def __repr__(self) -> str:
        return f"<{len(self)} keys>"


def _load_runtime(original: Callable[..., None]) -> Callable[..., None]:
    def load_runtime(config: Config, merge: bool = True) -> None:
        try:
            original(config, merge=merge)
        except ConfigError as error:
            raise Exit(told(error), code=error.exit_code) from None
        except UnknownFileType:
            raise Exit(told(_unknown_format(config)), code=ConfigError.exit_code) from None

    return load_runtime


def _unknown_format(config: Config) -> ConfigError:
    from ahjo_tasks.config.document import unknown_format

    return unknown_format(Path(str(runtime_path(config))))


def told(error: ConfigError) -> str:
    """The error as text, as every other one looks: message, a line for each problem, hint."""
    lines = [f"Error: {error.message}", *(f"  - {problem}" for problem in error.problems)]
    return "\n".join([*lines, *([f"  hint: {error.hint}"] if error.hint else [])])
