"""Read the options of a comparison from flags and config."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUTPUT = "differences.csv"
_FROM = re.compile(r"\bFROM\s+((?:[\w$#]+|\"[^\"]+\"|\[[^\]]+\]|`[^`]+`|\.)+)", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """A CSV file, or else a query."""

    file: str = ""
    query: str = ""

    @property
    def label(self) -> str:
        """The file's name without its suffix, or the first table of the query."""
        if self.file:
            return re.split(r"[\\/]", self.file)[-1].rpartition(".")[0] or self.file
        match = _FROM.search(self.query)
        return match[1].rpartition(".")[2].strip('"[]`') if match else "query"


@dataclass(frozen=True)
class Comparison:
    """Two sources and how to compare them.

    Without `keys` rows are compared by their number, without `columns` all that both have. Only rows whose
    `filter_column` says `filter_value` are compared.
    """

    a: Source
    b: Source
    name: str = ""
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filter_column: str = ""
    filter_value: str = ""
    separator: str = ";"
    output: str = OUTPUT

    def compares(self, column: str) -> bool:
        """Tell whether the column can be compared."""
        return not self.columns or column in self.columns

    @property
    def labels(self) -> tuple[str, str]:
        """The names of the two inputs in the output, always different."""
        labels = (self.a.label, self.b.label)
        return labels if labels[0] != labels[1] else (f"{labels[0]}_A", f"{labels[1]}_B")


KEYS = {
    "file_a": "",
    "file_b": "",
    "query_a": "",
    "query_b": "",
    "key_cols": [],
    "compare_cols": [],
    "filter_column": "",
    "filter_value": "",
    "separator": ";",
    "output_file": "",
}
"""The keys of a `compare` block, each with an empty value of its type."""


def comparisons(block: Mapping[str, Any], flags: Mapping[str, Any], name: str) -> list[Comparison]:
    """Return the comparisons to run, in order: those that the config names, or the one of flags over config.

    `flags` are by the config's keys. Raises ConfigError for a wrong block, UsageError for wrong flags.
    """
    named = {key: value for key, value in block.items() if isinstance(value, dict)}
    if not named:
        if name:
            raise UsageError(f"--name: the config names no comparison {name!r}.")
        return [_comparison({**_without_overridden(block, flags), **flags}, "")]
    if name and name not in named:
        raise UsageError(f"--name: there is no comparison {name!r}.", hint=f"The config has: {', '.join(named)}.")
    return [_comparison(value, key) for key, value in named.items() if name in {"", key}]


def _without_overridden(block: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the block without the sources of an input that flags name."""
    sides = {key[-1] for key in flags if key.startswith(("file_", "query_"))}
    return {
        key: value for key, value in block.items() if not (key.startswith(("file_", "query_")) and key[-1] in sides)
    }


def _comparison(values: Mapping[str, Any], name: str) -> Comparison:
    where = f"compare.{name}" if name else "compare"
    wrong = [f"{where}.{key}: not a known key" for key in values if key not in KEYS]
    options = {key: _convert(values.get(key), empty, f"{where}.{key}") for key, empty in KEYS.items()}
    if wrong:
        raise ConfigError("The comparison cannot be understood", tuple(wrong), hint=f"Known keys: {', '.join(KEYS)}.")
    if bool(options["filter_column"]) != bool(options["filter_value"]):
        raise UsageError("A filter needs both --filter-column and --filter-value.")
    return Comparison(
        a=_source(options, "a", where),
        b=_source(options, "b", where),
        name=name,
        keys=options["key_cols"],
        columns=options["compare_cols"],
        filter_column=options["filter_column"],
        filter_value=options["filter_value"],
        separator=options["separator"],
        output=options["output_file"] or (f"differences_{name}.csv" if name else OUTPUT),
    )


def _source(options: Mapping[str, Any], side: str, where: str) -> Source:
    source = Source(options[f"file_{side}"], options[f"query_{side}"])
    if bool(source.file) == bool(source.query):
        many = "one of them, not both" if source.file else "one of them"
        raise UsageError(f"{where}: side {side.upper()} is a file or a query: --file-{side} or --query-{side}, {many}.")
    return source


def _convert(value: Any, empty: str | Sequence[str], where: str) -> Any:
    """Return the value in the type of `empty`; columns can also be a text, with commas between several."""
    if value is None:
        value = empty
    if isinstance(empty, str):
        if not isinstance(value, str | int | float):
            raise ConfigError(f"{where}: expected a string")
        return str(value) or empty
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(item, str) for item in texts):
        raise ConfigError(f"{where}: expected an array of column names")
    return tuple(part.strip() for item in texts for part in item.split(",") if part.strip())
