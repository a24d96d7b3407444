"""A file of rows for one table: `schema.table.csv`, `table.csv`, or the same in Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import msgspec

from ahjo_tasks.config.document import read
from ahjo_tasks.data.csv import CsvReader, line_of_bad_byte, without_mark
from ahjo_tasks.errors import ConfigError, SourceError
from ahjo_tasks.sql.definitions import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ahjo_tasks.project.files import ProjectFiles

OPTION_SUFFIXES = (".load.yaml", ".load.yml", ".load.json", ".load.jsonc")


class LoadOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`insert` adds the rows, `replace` deletes the table's rows first, `upsert` updates the rows whose `key` is there.

    `run` says when the file is loaded. `separator`, `encoding` and `null_text` are of CSV files. Without a `null_text`
    a bare empty field is NULL, and `""` an empty text.
    """

    mode: Literal["insert", "replace", "upsert"] = "insert"
    key: tuple[str, ...] = ()
    separator: str = ";"
    encoding: str = "utf-8-sig"
    null_text: str = ""
    run: Literal["always", "once", "on change"] = "always"

    def __post_init__(self) -> None:
        if self.mode == "upsert" and not self.key:
            raise ValueError("mode upsert needs a key: the list of columns that tell rows apart")
        if len(self.separator) != 1:
            raise ValueError("separator is one character")


def options_for(path: Path, defaults: Mapping[str, Any]) -> LoadOptions:
    """Return the options of a file: `NAME.load.yaml` (or .json) next to `NAME.csv` over the config's `data_loading`.

    Raises SourceError for unknown options and wrong values.
    """
    candidates = (path.with_suffix(suffix) for suffix in OPTION_SUFFIXES)
    options_file = next((candidate for candidate in candidates if candidate.is_file()), None)
    options = dict(defaults) | (dict(read(options_file).value) if options_file else {})
    try:
        return msgspec.convert(options, LoadOptions)
    except msgspec.ValidationError as error:
        raise SourceError(
            str(error), path=options_file or path, hint="data_loading in the config gives the defaults."
        ) from None


TABLE_SUFFIXES = frozenset({".csv", ".parquet"})
CHUNK_ROWS = 5_000
"""Rows held in memory at a time."""

Row = tuple[Any, ...]


class RowChunk(NamedTuple):
    """Some rows, and the line of the file that each of them begins on."""

    rows: list[tuple[Any, ...]]
    lines: list[int]


@dataclass(frozen=True)
class TableFile:
    """One file and how to load it. `label` is its path as the user knows it."""

    path: Path
    label: str
    kind: str
    options: LoadOptions

    depends = None
    includes_files = False
    updated: ClassVar[tuple[Name, ...]] = ()

    @property
    def written(self) -> tuple[Name, ...]:
        """The tables that the file writes to, by which data files are ordered."""
        return (self.table,)

    @property
    def table(self) -> Name:
        """The table that the file is named after."""
        return Name.parse(self.path.stem)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file. Raises SourceError for a file without a header, or with a column twice."""
        names = self._parquet().schema_arrow.names if self._is_parquet else next(self._records(), ((), 1))[0]
        columns = tuple(str(name or "") for name in names)
        if not any(columns):
            raise SourceError("the first line has to name the columns", path=self.path, line=1)
        if not all(columns):
            empty = columns.index("") + 1
            raise SourceError(f"the first line does not name column {empty}", path=self.path, line=1)
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise SourceError(f"the first line names {', '.join(twice)} more than once", path=self.path, line=1)
        folded = {name.lower() for name in columns}
        unknown = [name for name in self.options.key if name.lower() not in folded]
        if unknown:
            raise SourceError(f"the key names {', '.join(unknown)}, which is not a column", path=self.path, line=1)
        return columns

    def chunks(self) -> Iterator[RowChunk]:
        """The rows, a bounded number at a time. Raises SourceError with the line of a row of another width."""
        return self._parquet_chunks() if self._is_parquet else self._csv_chunks()

    @property
    def run_rule(self) -> str:
        """`once`, `on change` or `always`: when the file is loaded."""
        return self.options.run

    def check(self) -> None:
        """Read the columns. Raises SourceError for an unusable header line."""
        _ = self.columns

    @property
    def _is_parquet(self) -> bool:
        return self.path.suffix.lower() == ".parquet"

    def _csv_chunks(self) -> Iterator[RowChunk]:
        records = self._records()
        next(records, None)
        width = len(self.columns)
        while block := list(islice(records, CHUNK_ROWS)):
            for record, line in block:
                if len(record) != width:
                    raise SourceError(f"{width} columns were expected, {len(record)} found", path=self.path, line=line)
            yield RowChunk([tuple(record) for record, _ in block], [line for _, line in block])

    def _records(self) -> Iterator[tuple[Sequence[str | None], int]]:
        """Yield each record with its first line. An empty line is a NULL if there is one column, else skipped."""
        line, width = 1, 0
        try:
            with self.path.open(encoding=self.options.encoding, newline="") as file:
                reader = CsvReader(without_mark(file), self.path, self.options.separator, self.options.null_text)
                for record in reader.records:
                    width = width or len(record)
                    if record or width == 1:
                        yield record or [None], line
                    line = reader.line + 1
        except UnicodeDecodeError as error:
            raise SourceError(
                f"is not {self.options.encoding}: {error.reason}",
                path=self.path,
                line=line_of_bad_byte(self.path, self.options.encoding),
                hint="Save the file as UTF-8, or set `encoding` in data_loading or a .load.yaml next to the file.",
            ) from None
        except (LookupError, UnicodeError):
            raise SourceError(f"there is no text encoding {self.options.encoding!r}", path=self.path) from None

    def _parquet(self) -> Any:
        try:
            from pyarrow import parquet
        except ModuleNotFoundError:
            raise ConfigError(
                f"{self.label}: Parquet needs pyarrow.", hint="pip install 'ahjo-tasks[parquet]'"
            ) from None
        return parquet.ParquetFile(self.path)

    def _parquet_chunks(self) -> Iterator[RowChunk]:
        first = 1
        for batch in self._parquet().iter_batches(CHUNK_ROWS):
            columns = [column.to_pylist() for column in batch.columns]
            rows = list(zip(*columns, strict=True))
            yield RowChunk(rows, list(range(first, first + len(rows))))
            first += len(rows)


def read_table_files(project: ProjectFiles, kind: str, defaults: Mapping[str, Any]) -> list[TableFile]:
    """Return the CSV and Parquet files of a kind, with options and columns checked. Raises SourceError."""
    files = [
        TableFile(path, project.label(path), kind, options_for(path, defaults))
        for path in project.paths(kind, TABLE_SUFFIXES)
    ]
    for file in files:
        file.check()
    return files
