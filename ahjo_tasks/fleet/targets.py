"""The targets of a fleet: read from a file, a query or a function, checked with their places, and selected."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from ahjo_tasks.config.document import CONFIG_SUFFIXES, read
from ahjo_tasks.config.layers import References, parse_variable
from ahjo_tasks.config.secret import is_secret_name
from ahjo_tasks.config.validate import FIELDS, KEYS, MismatchError, convert_value, fits
from ahjo_tasks.errors import ConfigError, UsageError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from ahjo_tasks.config.document import Document

TOP_KEYS = ("targets", "catalog", "query", "$schema")
LABEL = "labels."
OPTION = "sqlalchemy."
FILE = "_file"
LONGEST_NAME = 200
FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
PART = re.compile(r"([1-9]\d*)/([1-9]\d*)")
DATABASE = (
    "sqlalchemy.url",
    "sql_dialect",
    "target_server_hostname",
    "sql_port",
    "target_database_name",
    "project",
    "history_schema",
)
"""Keys of which two targets have not all alike: else they would be one database."""
EXAMPLE = "--targets targets.yaml, or tasks:tenants for a function of tasks.py"


@dataclass(frozen=True, slots=True)
class Target:
    """One database of a fleet: the keys of the config that are its own, and where they are written."""

    name: str
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    place: str = ""

    def label(self, name: str) -> str | None:
        """Return a label; the name and the group are labels, too."""
        return {"name": self.name, "group": self.group}.get(name, self.labels.get(name))

    def resolved(self, environ: Mapping[str, str], folder: Path) -> dict[str, Any]:
        """Return its keys with variables and files of secrets in place of their names. Raises ConfigError."""
        references = References(environ, folder, lambda _path: self.place)
        values: dict[str, Any] = references.resolve(dict(self.config), ())
        if references.problems:
            raise ConfigError(f"The target {self.name} cannot be used", tuple(references.problems))
        return values


class Sources(NamedTuple):
    """Functions that read targets from elsewhere than files.

    `query` runs a query on the database of a config and returns its rows, `call` a function by `module:name`.
    """

    query: Callable[[Path, str], Iterable[Mapping[str, Any]]]
    call: Callable[[str], Iterable[Mapping[str, Any]]]


class TargetReader:
    """Reads targets, and collects all mistakes.

    `known` are keys that a target may have beside those of a config; None for any.
    """

    def __init__(self, folder: Path, sources: Sources, known: Collection[str] | None = ()) -> None:
        self._folder = folder
        self._sources = sources
        self._known = known
        self._problems: list[str] = []

    def read(self, given: str) -> tuple[Target, ...]:
        """Read a file, or what a function returns. Raises ConfigError, which lists every mistake with its place."""
        targets = list(self._read(given))
        self._problems += twins(targets, "name", lambda target: target.name.casefold())
        if not targets and not self._problems:
            self._problems.append(f"{given}: expected at least one target")
        if self._problems:
            raise ConfigError(f"{given} lists no targets that can be used", tuple(self._problems))
        return tuple(targets)

    def _read(self, given: str) -> Iterator[Target]:
        if FUNCTION.fullmatch(given):
            yield from self._rows(self._sources.call(given), partial("{}: row {}".format, given))
            return
        path = self._folder / Path(given).expanduser()
        if path.suffix.lower() == ".csv":
            yield from self._csv(path)
        elif path.suffix.lower() in CONFIG_SUFFIXES:
            yield from self._document(read(path), path.parent)
        else:
            raise UsageError(f"{given}: targets are in .yaml, .json or .csv, or in a function.", hint=EXAMPLE)

    def _csv(self, path: Path) -> Iterator[Target]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file, strict=True)
                rows = [(reader.line_num, row) for row in reader]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
        for line, row in rows:
            place = f"{path.name}:{line}"
            if None in row or None in row.values():
                self._problems.append(f"{place}: expected {len(reader.fieldnames or ())} columns, as in the first line")
                continue
            entry = {key.strip(): _from_text(key.strip(), text) for key, text in row.items() if text.strip()}
            yield from self._target(entry.pop("name", ""), _nested(entry), _always(place))

    def _document(self, document: Document, folder: Path) -> Iterator[Target]:
        values = document.value
        self._problems += document.warnings
        self._check_keys(document, values)
        match values:
            case {"catalog": str(catalog), "query": str(query)} if "targets" not in values:
                place = partial("{}: row {} of the query".format, document.name)
                yield from self._rows(self._sources.query(folder / catalog, query), place)
            case {"catalog": _} | {"query": _}:
                self._problems.append(f"{document.name}: expected a query and the config of its catalog, or targets")
            case _:
                yield from self._listed(document, values.get("targets"))

    def _listed(self, document: Document, entries: object) -> Iterator[Target]:
        if isinstance(entries, list):
            yield from self._rows(entries, partial("{}: entry {}".format, _line(document, "targets")))
            return
        if not isinstance(entries, dict):
            problem = "targets: expected an object for each name, or a list of objects with a name"
            self._problems.append(f"{_line(document, 'targets')}: {problem}")
            return
        for name, entry in entries.items():
            if entry is None or isinstance(entry, dict):
                yield from self._target(name, entry or {}, partial(_line, document, "targets", name))
            else:
                self._problems.append(f"{_line(document, 'targets', name)}: {name}: expected an object")

    def _check_keys(self, document: Document, values: Mapping[str, Any]) -> None:
        for key in values:
            if key not in TOP_KEYS:
                hint = did_you_mean(str(key), TOP_KEYS, inline=True)
                self._problems.append(f"{_line(document, key)}: {key}: not a known key{hint}")

    def _rows(self, rows: Iterable[Mapping[str, Any]], place: Callable[[int], str]) -> Iterator[Target]:
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                self._problems.append(f"{place(number)}: expected an object")
                continue
            entry = {str(key): value for key, value in row.items() if value is not None}
            yield from self._target(entry.pop("name", ""), _nested(entry), _always(place(number)))

    def _target(self, name: object, entry: Mapping[str, Any], locate: Callable[[str], str]) -> Iterator[Target]:
        """Yield the target of an entry, or note what is wrong in it. `locate` tells the place of a key."""
        before, place = len(self._problems), locate("name")
        if not (isinstance(name, str | int) and str(name).strip()) or not str(name).isprintable():
            self._problems.append(f"{place}: name: expected a text")
        elif len(str(name)) > LONGEST_NAME:
            self._problems.append(f"{place}: name: expected at most {LONGEST_NAME} characters")
        group, labels = entry.get("group", ""), entry.get("labels", {})
        if not isinstance(group, str | int):
            self._problems.append(f"{locate('group')}: {name}.group: expected a text")
        if not isinstance(labels, Mapping) or not all(isinstance(value, str | int) for value in labels.values()):
            self._problems.append(f"{locate('labels')}: {name}.labels: expected an object of texts")
        config = {str(key): value for key, value in entry.items() if key not in {"group", "labels"}}
        for key, value in config.items():
            if problem := self._problem(key, value):
                self._problems.append(f"{locate(key)}: {name}.{key}: {problem}")
        if len(self._problems) == before:
            texts = {str(key): _text(value) for key, value in labels.items()}
            yield Target(str(name).strip(), config, texts, str(group), place)

    def _problem(self, key: str, value: object) -> str:
        """Say what is wrong with a key of the config; what a variable will give is seen when it is resolved."""
        stem = key.removesuffix(FILE)
        if key not in KEYS:
            if (
                self._known is None
                or key in self._known
                or key.startswith(OPTION)
                or (stem != key and (stem in KEYS or is_secret_name(stem)))
            ):
                return ""
            return f"not a key of a config{did_you_mean(key, ('group', 'labels', *KEYS), inline=True)}"
        if isinstance(value, str) and "${" in value:
            return ""
        try:
            convert_value(value, FIELDS[key].type)
        except MismatchError as mismatch:
            return str(mismatch)
        return ""


def twins(targets: Iterable[Target], what: str, key: Callable[[Target], Any]) -> list[str]:
    """Say of each target that has the same key as one before it."""
    seen: dict[Any, Target] = {}
    problems = []
    for target in targets:
        first = seen.setdefault(key(target), target)
        if first is not target:
            problems.append(f"{target.place}: {target.name}: the same {what} as {first.name} at {first.place}")
    return problems


def refuse_one_database(targets: Sequence[Target], base: Mapping[str, Any]) -> None:
    """Raise ConfigError where two targets would be the same database. `base` are the keys that they share."""

    def database(target: Target) -> tuple[str, ...]:
        return tuple(str(target.config.get(key, base.get(key))) for key in DATABASE)

    if problems := twins(targets, "database", database):
        raise ConfigError("Each target is a database of its own", tuple(problems))


def server_of(target: Target, base: Mapping[str, Any]) -> str:
    """Return the host of a target's server; empty for a database that is a file."""
    url = target.config.get("sqlalchemy.url")
    host = target.config.get("target_server_hostname")
    if url is None and host is None:
        url, host = base.get("sqlalchemy.url"), base.get("target_server_hostname")
    match = re.match(r"[\w+]+://(?:[^@/]*@)?([^:/?]+)", str(url)) if url else None
    return match[1] if match else str(host or "")


def select(targets: Sequence[Target], where: Sequence[str], where_not: Sequence[str], part: str) -> list[Target]:
    """Return the targets that have all labels of `where`, none of `where_not`, and are in the part.

    Raises UsageError for a label that none of them has, and where no target is left.
    """
    wanted, unwanted = [_condition(targets, text) for text in where], [_condition(targets, text) for text in where_not]
    number, parts = _part(part) if part else (1, 1)
    chosen = [
        target
        for target in targets
        if all(test(target) for test in wanted)
        and not any(test(target) for test in unwanted)
        and crc32(target.name.encode()) % parts == number - 1
    ]
    if not chosen and not part:
        raise UsageError(f"None of {len(targets)} targets is selected.", hint="See --where and --where-not.")
    return chosen


def _condition(targets: Sequence[Target], text: str) -> Callable[[Target], bool]:
    """Return the test that `label=value` means; the value may be several with commas, and patterns."""
    name, equals, values = text.partition("=")
    known = {"name", "group", *(label for target in targets for label in target.labels)}
    if not equals or name not in known:
        hint = did_you_mean(name, known) or f"Labels are: {', '.join(sorted(known))}."
        raise UsageError(f"{text!r} is not label=value with a label of a target.", hint=hint)
    return partial(_matches, name, values.split(","))


def _matches(name: str, patterns: Sequence[str], target: Target) -> bool:
    value = target.label(name)
    return value is not None and any(fnmatchcase(value, pattern.strip()) for pattern in patterns)


def _part(text: str) -> tuple[int, int]:
    match = PART.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"--part {text!r}: expected a number of parts, as 2/8 for the second of eight.")
    return int(match[1]), int(match[2])


def choose(targets: Sequence[Target], text: str) -> list[Target]:
    """Return the targets that a name or `label=value` means; for a number the first ones. Raises UsageError."""
    if text.isdecimal():
        return list(targets[: int(text)])
    named = [target for target in targets if target.name == text]
    if not named and "=" in text:
        test = _condition(targets, text)
        named = [target for target in targets if test(target)]
    if not named:
        hint = did_you_mean(text, [target.name for target in targets]) or "It is a number, a name, or label=value."
        raise UsageError(f"No target is {text!r}.", hint=hint)
    return named


def _names_secret_file(key: str) -> bool:
    stem = key.removesuffix(FILE)
    return stem != key and (stem in KEYS or is_secret_name(stem))


def _nested(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with its columns `labels.NAME` as one object."""
    labels = {key.removeprefix(LABEL): value for key, value in entry.items() if key.startswith(LABEL)}
    others = {key: value for key, value in entry.items() if not key.startswith(LABEL)}
    if not labels:
        return others
    given = others.get("labels", {})
    return {**others, "labels": {**(given if isinstance(given, Mapping) else {}), **labels}}


def _from_text(key: str, text: str) -> Any:
    """Return the text of a cell as the type of its key has it."""
    if key not in KEYS or fits(text, FIELDS[key].type):
        return text
    return parse_variable(text)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _always(place: str) -> Callable[[str], str]:
    """Return a function that gives one place for every key."""
    return lambda _key: place


def _line(document: Document, *path: str) -> str:
    """Return file and line of the nearest key of the path that exists."""
    lines = (document.lines.get(path[:length]) for length in range(len(path), 0, -1))
    line = next((line for line in lines if line is not None), None)
    return document.name if line is None else f"{document.name}:{line}"
