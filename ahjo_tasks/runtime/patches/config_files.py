"""Patch Invoke's `Config`: read the file of `--config` as Ahjo configs are written, and report one that is wrong.

Invoke 3 picks a reader by the name `_load_<suffix>` and keeps the path in `_runtime_path`; it knows neither comments
in JSON nor `.jsonc`. Importing this module is cheap: it is part of `inv --list`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.config import Config
from invoke.exceptions import Exit, UnknownFileType

from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.runtime.patches.expected import has_method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SUFFIXES = ("json", "jsonc", "yaml", "yml")


def install(config_class: type[Config] = Config) -> bool:
    """Patch the readers and `load_runtime`; all other files of Invoke load as before.

    A file of `--config` that is invalid ends the program with a message and exit code 2. Returns False, and changes
    nothing, where Invoke loads its files in another way.
    """
    if config_class.load_runtime.__module__ == __name__:
        return True
    if not (has_method(config_class, "load_runtime", "merge") and has_method(config_class, "_load_json", "path")):
        return False
    for suffix in _SUFFIXES:
        name = f"_load_{suffix}"
        setattr(config_class, name, _reader(getattr(config_class, name, None)))
    config_class.load_runtime = _load_runtime(config_class.load_runtime)  # type: ignore[method-assign]
    return True


def runtime_path(config: Config) -> Path | None:
    """Return the path that `--config` names, whether the file exists or not: Invoke ignores a missing one."""
    path = getattr(config, "_runtime_path", None)
    return Path(path).expanduser() if path else None


def runtime_found(config: Config) -> bool:
    """Return whether Invoke has read the file of `--config`."""
    return bool(getattr(config, "_runtime_found", None))


def set_backend(config: Config, document: Mapping[str, Any], backend: Mapping[str, Any]) -> None:
    """Have `ctx.config` hold a config, however it was named: the whole file, and as BACKEND the effective values.

    It is at Invoke's level of `--config`: over invoke.yaml and INVOKE_ variables, below what a task sets by itself.
    """
    values = RedactedDict({**_for_invoke(document), "BACKEND": _protected("BACKEND", backend)})
    config._set(_runtime=values, _runtime_found=True)  # noqa: SLF001 - the level of --config
    config.merge()


def clear_backend(config: Config) -> None:
    """Have `ctx.config` hold no config, as when none is named."""
    if runtime_found(config):
        config._set(_runtime={}, _runtime_found=False)  # noqa: SLF001 - the level of --config
        config.merge()


def refuse_backend(config: Config, error: AhjoError) -> None:
    """Have the error end the program for a task that reads `ctx.config.BACKEND`; other tasks run."""
    config._config["BACKEND"] = InvalidBackend(error)  # noqa: SLF001 - at no level, where Invoke would merge it


class InvalidBackend:
    """The BACKEND of an invalid config: reading a key raises Invoke's `Exit` with the problems and exit code 2."""

    def __init__(self, error: AhjoError) -> None:
        self._error = error

    def _refuse(self, *_arguments: object, **_keywords: object) -> Any:
        raise Exit(exit_message(self._error), code=self._error.exit_code)

    __getitem__ = __iter__ = __len__ = __contains__ = _refuse

    def __getattr__(self, name: str) -> Any:
        """Raise Exit; names that Python and Invoke look for in any object are simply not there."""
        if name.startswith("_") or name == "fileno":
            raise AttributeError(name)
        return self._refuse()

    def __repr__(self) -> str:
        return "<BACKEND of an invalid config>"


def _for_invoke(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a file with keys as text, and secrets, but for those of Invoke's own keys, as `Secret`."""
    own = Config.global_defaults()
    return {
        str(key): value if key in own and isinstance(value, dict) else _protected(str(key), value)
        for key, value in document.items()
    }


def _protected(name: str, value: object) -> Any:
    from ahjo_tasks.config.secret import protect

    return protect(name, value)


def _reader(original: Callable[[Config, str], Any] | None) -> Callable[[Config, str], Any]:
    def load(config: Config, path: str) -> Any:
        if original is None or _is_runtime(config, path):
            return _read(Path(path))
        return original(config, path)

    return load


def _is_runtime(config: Config, path: str) -> bool:
    return runtime_path(config) == Path(path)


def _read(path: Path) -> dict[str, Any]:
    from ahjo_tasks.config.document import read_config

    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    return RedactedDict(_for_invoke(read_config(path).value))


class RedactedDict(dict[str, Any]):
    """A config whose values do not show in Invoke's debug log."""

    def __repr__(self) -> str:
        return f"<{len(self)} keys>"


def _load_runtime(original: Callable[..., None]) -> Callable[..., None]:
    def load_runtime(config: Config, merge: bool = True) -> None:
        try:
            original(config, merge=merge)
        except ConfigError as error:
            raise Exit(exit_message(error), code=error.exit_code) from None
        except UnknownFileType:
            raise Exit(exit_message(_unknown_format(config)), code=ConfigError.exit_code) from None

    return load_runtime


def _unknown_format(config: Config) -> ConfigError:
    from ahjo_tasks.config.document import unknown_format

    return unknown_format(Path(str(runtime_path(config))))


def exit_message(error: AhjoError) -> str:
    """Return the text of the error as the console prints it: message, a line for each problem, hint."""
    lines = [f"Error: {error.message}", *(f"  - {problem}" for problem in getattr(error, "problems", ()))]
    return "\n".join([*lines, *([f"  hint: {error.hint}"] if error.hint else [])])
