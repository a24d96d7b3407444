"""The two lists that a project keeps for its scans: rules, and accepted findings by match or rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.scan.entries import Mistakes, compose_list, read_entries, read_file
from ahjo_tasks.scan.findings import normalized
from ahjo_tasks.scan.rules import BUILTINS, Paths, builtin_rule, own_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ahjo_tasks.scan.entries import Entry, Value
    from ahjo_tasks.scan.findings import Finding
    from ahjo_tasks.scan.rules import Rule


RULE_KEYS = ("name", "filepath", "pattern", "schemas", "objects", "object_types", "tables")
PARAMETERS = RULE_KEYS[3:]


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read the rules of a file. Raises ConfigError with every mistake and its line."""
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such file", hint="inv scan --init, or ahjo-scan --init, writes rules to start with."
        )
    mistakes = Mistakes(path)
    rules = [_rule(entry, mistakes) for entry in read_entries(path, mistakes, RULE_KEYS)]
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
    for text in paths.entries:
        if text.startswith("^") or text.endswith("$") or "\\." in text:
            line = values["filepath"].line
            mistakes.add(line, f"filepath: {text!r} is a regular expression: write a path or a glob, as in database/")
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
        mistakes.add(value.line, f"the pattern of {name} is not a regular expression: {error}")
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
        mistakes.add(line, f"{key}: {text!r} is not a regular expression: {error}")


def _single(key: str, values: Mapping[str, Value], mistakes: Mistakes) -> str | None:
    texts = _texts(values, key)
    if len(texts) == 1 and texts[0]:
        return texts[0]
    if key in values and values[key].texts is not None:
        mistakes.add(values[key].line, f"{key} must be one text")
    return None


def _texts(values: Mapping[str, Value], key: str) -> tuple[str, ...]:
    return (values[key].texts or ()) if key in values else ()


IGNORE_KEYS = ("file_path", "matches", "rules")
WIDTH = 4096
"""Longest line that is written as it is; nothing is folded."""


class Ignored:
    """The findings that a project accepts: by match, equal but for white space, or by the name of the rule."""

    def __init__(self, entries: Iterable[tuple[str, frozenset[str], frozenset[str]]] = ()) -> None:
        self._entries = [(path, Paths((path,)), matches, rules) for path, matches, rules in entries]

    def __contains__(self, finding: Finding) -> bool:
        return any(
            (finding.rule in rules or normalized(finding.match) in matches)
            and (finding.path == path or finding.path in paths)
            for path, paths, matches, rules in self._entries
        )


def read_ignored(path: Path) -> Ignored:
    """Read the file, which may be missing. Raises ConfigError with every mistake and its line."""
    if not path.exists():
        return Ignored()
    mistakes = Mistakes(path)
    entries = [_ignored(entry, mistakes) for entry in read_entries(path, mistakes, IGNORE_KEYS)]
    mistakes.check()
    return Ignored(entries)


def add_to_ignored(path: Path, findings: Sequence[Finding]) -> None:
    """Append the findings to the file, which keeps its content and comments.

    Raises ConfigError and leaves the file alone when it is written in a way that cannot be continued.
    """
    matches: dict[str, dict[str, None]] = {}
    for finding in findings:
        matches.setdefault(finding.path, {})[normalized(finding.match)] = None
    old = path.read_bytes() if path.exists() else b""
    new = _continued(path, old.decode("utf-8-sig"), matches) if old else _entries(matches, 0)
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(new.encode())
    try:
        if not _holds(draft, findings):
            raise ConfigError(f"{path}: this kind of list cannot be continued.", hint="Begin each entry with a dash.")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _holds(path: Path, findings: Iterable[Finding]) -> bool:
    try:
        ignored = read_ignored(path)
    except ConfigError:
        return False
    return all(finding in ignored for finding in findings)


def _ignored(entry: Entry, mistakes: Mistakes) -> tuple[str, frozenset[str], frozenset[str]]:
    texts = {key: value.texts for key, value in entry.values.items()}
    for key, value in entry.values.items():
        if value.texts is None or (key == "file_path" and len(value.texts) != 1):
            mistakes.add(value.line, f"{key} must be a text{'' if key == 'file_path' else ' or a list of texts'}")
    if not texts.get("file_path"):
        mistakes.add(entry.line, "an entry needs a file_path")
    if "matches" not in texts and "rules" not in texts:
        mistakes.add(entry.line, "an entry needs matches or rules")
    path = (texts.get("file_path") or ("",))[0]
    return path, frozenset(map(normalized, texts.get("matches") or ())), frozenset(texts.get("rules") or ())


def _continued(path: Path, text: str, matches: Mapping[str, Iterable[str]]) -> str:
    node = compose_list(read_file(path), path)
    if node is None:
        return f"{text.rstrip()}\n{_entries(matches, 0)}".lstrip("\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    if node.flow_style:
        if node.value:
            return text
        return text[: node.start_mark.index] + _entries(matches, 0).rstrip() + text[node.end_mark.index :]
    added = _entries(matches, node.start_mark.column).replace("\n", newline)
    return f"{text}{'' if text.endswith(newline) else newline}{added}"


def _entries(matches: Mapping[str, Iterable[str]], column: int) -> str:
    lines = []
    for path, texts in matches.items():
        lines += [f"- file_path: {_scalar(path)}", "  matches:", *(f"    - {_scalar(text)}" for text in texts)]
    return "".join(f"{' ' * column}{line}\n" for line in lines)


def _scalar(text: str) -> str:
    """Write a text as YAML, in double quotes where it needs any."""
    import json

    import yaml

    written = str(yaml.safe_dump(text, width=WIDTH, allow_unicode=True)).removesuffix("...\n").rstrip("\n")
    plain = written == text or (written[:1] in {"'", '"'} and "\n" not in written)
    return written if plain else json.dumps(text, ensure_ascii=False)
