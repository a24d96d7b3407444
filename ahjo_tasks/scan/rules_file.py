"""The file of rules: entries with `name`, `filepath`, `pattern` and the parameters of the built-in rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.scan.entries import Mistakes, read_entries
from ahjo_tasks.scan.rules import BUILTINS, Paths, builtin_rule, own_rule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ahjo_tasks.scan.entries import Entry, Value
    from ahjo_tasks.scan.rules import Rule

KEYS = ("name", "filepath", "pattern", "schemas", "objects", "object_types", "tables")
PARAMETERS = KEYS[3:]


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read the rules of a file. Raises ConfigError with every mistake and its line."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file", hint="--init writes rules to begin with.")
    mistakes = Mistakes(path)
    rules = [_rule(entry, mistakes) for entry in read_entries(path, mistakes, KEYS)]
    if not rules and not mistakes.messages:
        mistakes.add(1, "there is no rule in the file")
    mistakes.check()
    return tuple(rule for rule in rules if rule is not None)


def _rule(entry: Entry, mistakes: Mistakes) -> Rule | None:
    values = entry.values
    known = len(mistakes.messages)
    for key, value in values.items():
        if value.texts is None:
            mistakes.add(value.line, f"{key} must be a text or a list of texts")
    name = _single("name", values, mistakes)
    if name is None:
        if "name" not in values:
            mistakes.add(entry.line, "a rule needs a name")
        return None
    paths = Paths(_texts(values, "filepath") or (".",))
    pattern = _single("pattern", values, mistakes)
    if pattern is not None:
        return _own(name, pattern, values["pattern"], paths, mistakes)
    _check_parameters(name, entry, mistakes)
    if len(mistakes.messages) > known:
        return None
    return builtin_rule(name, paths, {key: _texts(values, key) for key in PARAMETERS if key in values})


def _own(name: str, pattern: str, value: Value, paths: Paths, mistakes: Mistakes) -> Rule | None:
    try:
        return own_rule(name, re.compile(pattern), paths)
    except (re.error, OverflowError, RecursionError) as error:
        mistakes.add(value.line, f"the pattern of {name} is no regular expression: {error}")
        return None


def _check_parameters(name: str, entry: Entry, mistakes: Mistakes) -> None:
    if name not in BUILTINS:
        known = ", ".join(BUILTINS)
        mistakes.add(entry.line, f"there is no rule {name!r}, and it has no pattern; built in are {known}")
        return
    for key, value in entry.values.items():
        if key not in PARAMETERS:
            continue
        if key not in BUILTINS[name].parameters:
            mistakes.add(value.line, f"{name} takes no {key}")
        for text in value.texts or ():
            _check_name(key, text, value.line, mistakes)


def _check_name(key: str, text: str, line: int, mistakes: Mistakes) -> None:
    try:
        re.compile(text)
    except re.error as error:
        mistakes.add(line, f"{key}: {text!r} is no regular expression: {error}")


def _single(key: str, values: Mapping[str, Value], mistakes: Mistakes) -> str | None:
    texts = _texts(values, key)
    if len(texts) == 1 and texts[0]:
        return texts[0]
    if key in values and values[key].texts is not None:
        mistakes.add(values[key].line, f"{key} must be one text")
    return None


def _texts(values: Mapping[str, Value], key: str) -> tuple[str, ...]:
    return (values[key].texts or ()) if key in values else ()
