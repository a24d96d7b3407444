"""A SQL file of the project: decoded, with its variables replaced, its header read, split into batches."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, overload

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.contents import FileContents
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.effects import code, defines_only, gives_rights
from ahjo_tasks.sql.references import read_references, read_row_statements
from ahjo_tasks.sql.references.symbols import read_symbols
from ahjo_tasks.sql.scanner import OpaqueScanner, skip_gap
from ahjo_tasks.sql.source import LineIndex, SourceText, with_line_feeds
from ahjo_tasks.sql.splitters import Batches
from ahjo_tasks.sql.sqlcmd import IGNORE, Position, Preprocessed, expand, reject
from ahjo_tasks.sql.variables import substitute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.sql.definitions import Definition
    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.references.model import FileReferences, Key, Reference, Strength, Use
    from ahjo_tasks.sql.splitters import Batch

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ROW_KINDS = frozenset({"data", "testdata"})
LONGEST_READ = 65_536
"""Number of characters of a data file that are read for all names in them."""
LATE = "a comment about the transaction counts only at the head of the file"
DEPENDS, TRANSACTION, RUN = "depends", "transaction", "run"
RULES = ("always", "once", "on change")
"""Rules of `run`: each time, if no run has done it, if it has changed since."""
HEADERS = {
    f"{DEPENDS}: schema.name, other.name": "The file runs after those that create these objects. It replaces all that"
    " its SQL shows; anywhere in the file.",
    f"{TRANSACTION}: off": "The file runs outside of a transaction. At the head of the file.",
    f"{TRANSACTION}: rollback": "What the file changes is rolled back at its end, as a test may want."
    " At the head of the file.",
    f"{RUN}: {RULES[0]}": "A data file runs in every `data`; so it does without this header.",
    f"{RUN}: {RULES[1]}": "A data file runs once for each database. At the head of the file.",
    f"{RUN}: {RULES[2]}": "A data file runs where it has changed since it ran last. At the head of the file.",
}
"""The headers of a file as they are written, and what they mean, for the docs."""
SWITCHES = {"off": False, "no": False, "none": False, "on": True, "yes": True, "rollback": True}

_PRAGMA = re.compile(
    rf"^[ \t]*--[ \t]*({DEPENDS}|{TRANSACTION}|{RUN})[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)
_PREFILTER = re.compile(rf"--[ \t]*(?ai:{DEPENDS}|{TRANSACTION}|{RUN})[ \t]*:")
"""A part of every pragma: much faster to search, and missing in most files."""


class HeaderValue(NamedTuple):
    """The value of a pragma, and its line."""

    value: str
    line: int


class Header(NamedTuple):
    """The pragmas of a text. `late` is a `transaction` after the first statement, where it has no effect."""

    depends: HeaderValue | None = None
    transaction: HeaderValue | None = None
    late: HeaderValue | None = None
    run: HeaderValue | None = None


def header(text: str, syntax: Syntax) -> Header:
    """Read the pragmas of a text; those in strings and block comments do not count."""
    if not _PREFILTER.search(text):
        return Header()
    source = SourceText(with_line_feeds(text))
    scanner, lines, values = OpaqueScanner(syntax, unclosed="end"), LineIndex(text), dict[str, HeaderValue]()
    first_statement = skip_gap(re.compile(syntax.gap()), source.text, 0)
    end = 0
    for match in _PRAGMA.finditer(source.text):
        end = scanner.end_of_opaque(source, end, match.start())
        if end <= match.start():
            word = match[1].lower()
            late = word == TRANSACTION and match.start() > first_statement
            if word == RUN and match.start() > first_statement:
                continue
            values["late" if late else word] = HeaderValue(match[2], lines.position(match.start())[0])
    return Header(**values)


class Texts(Sequence[str]):
    """The texts of batches, each made when it is asked for."""

    def __init__(self, batches: Sequence[Batch], convert: Callable[[str], str]) -> None:
        self._batches = batches
        self._convert = convert

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self._batches)

    def __iter__(self) -> Iterator[str]:
        """Yield the texts, in order."""
        return (self._convert(batch.text) for batch in self._batches)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """Return the text of the batch at an index, or those of several."""
        if isinstance(index, slice):
            return Texts(self._batches[index], self._convert)
        return self._convert(self._batches[index].text)


@dataclass(frozen=True)
class FileText:
    """The text of a file, variables replaced, of which no SQL is read yet.

    `label` is its path as messages show it, relative to the project.
    """

    path: Path
    label: str
    kind: str
    text: str
    dialect: Dialect
    origin: Preprocessed | None = None
    """Origin of each part of the text, when not all of it is the file's own."""
    database: str | None = None
    """The name of the database that the file is for, where it is known."""
    raw_hash: str = field(default="", compare=False)
    """SHA-256 of the bytes of the file; empty for a text that was not read from it."""

    @property
    def ignores_some_errors(self) -> bool:
        """True if `:on error ignore` stands in the file."""
        return self.origin is not None and any(on for _offset, on in self.origin.switches)

    @property
    def includes_files(self) -> bool:
        """True if a part of the text may be that of another file."""
        parts = self.origin.parts if self.origin else ()
        return any(part.source.path != self.path or ":r" in part.source.text.lower() for part in parts)


@dataclass(frozen=True)
class SqlFile(FileText):
    """One file, ready to run."""

    batches: Sequence[Batch] = field(default=(), compare=False)
    refused: str = ""
    """The statement in it that cannot run in a transaction; empty when there is none."""

    @property
    def name(self) -> str:
        """The name of the file without its suffix."""
        return self.path.stem

    @cached_property
    def names(self) -> FileReferences:
        """The names that the file creates, needs and writes to. Of a large data file only the tables are read."""
        rows = self.kind in ROW_KINDS and len(self.text) > LONGEST_READ
        return (read_row_statements if rows else read_references)(self.texts, self.dialect.syntax)

    @cached_property
    def symbols(self) -> Mapping[str, Strength]:
        """The operators in a file of PostgreSQL, and after a dot the names that stand behind one."""
        return read_symbols(self.texts)

    @property
    def references(self) -> Mapping[Reference, Use]:
        """The names that the file needs, and how strongly."""
        return self.names.references

    @property
    def written(self) -> tuple[Name, ...]:
        """The tables that the file adds rows to."""
        return self.names.written

    @property
    def updated(self) -> tuple[Name, ...]:
        """The tables whose rows the file changes."""
        return self.names.updated

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that the file adds to tables."""
        return self.names.keys

    @property
    def brought(self) -> tuple[Definition, ...]:
        """The objects that those which the file creates bring along, as a sequence of a column."""
        return self.names.brought

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The objects that the file creates."""
        return self.names.definitions

    @cached_property
    def replaced(self) -> tuple[Definition, ...]:
        """The objects that the file drops and creates."""
        dropped = {(made.kind, made.name.name.lower()) for made in self.names.dropped}
        return tuple(made for made in self.definitions if (made.kind, made.name.name.lower()) in dropped)

    @cached_property
    def defines_only(self) -> bool:
        """True if the file only defines objects, so that it need not run again while they are as it left them."""
        names, dialect = self.names, self.dialect
        if not names.definitions or names.written or names.updated:
            return False
        return defines_only(self.texts, dialect.syntax, single_statements=dialect.batch_is_statement)

    @cached_property
    def gives_rights(self) -> bool:
        """True if the file grants rights or names owners."""
        return gives_rights(self.texts, self.dialect.syntax)

    @property
    def code(self) -> str:
        """The words of the file in lower case, without comments, and a quote in place of each string."""
        return code(self.texts, self.dialect.syntax)

    @property
    def texts(self) -> Texts:
        """The SQL of the batches, without rows that are no SQL, and without what the server skips."""
        return Texts(self.batches, self.dialect.executed_sql)

    def location(self, line: int) -> str:
        """Return `file:line` on disk for a line of the text, as messages show it."""
        position = self.position(line)
        return f"{self._label(position)}:{position.line}"

    def position(self, line: int, column: int | None = None) -> Position:
        """Return the position on disk for a line and column of the text, both counted from 1."""
        return self.origin.position(line, column) if self.origin else Position(self.path, line, column, self.text)

    def ignores_errors(self, batch: Batch) -> bool:
        """Tell whether `:on error ignore` is in force where the batch starts."""
        return self.origin is not None and self.origin.ignores(batch.line, batch.column)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about what is legal and probably not meant, each with its position."""
        warnings = [
            (self.position(warning.line, warning.column), warning.message)
            for warning in self.dialect.splitter.warnings(self.text)
        ]
        run = self._header.run
        if run and self.kind in ROW_KINDS and run.value.lower() not in RULES:
            message = f"run: expected {', '.join(RULES)}, got {run.value!r}: the file runs each time"
            warnings.append((self.position(run.line, 1), message))
        late = self._header.late
        if late and late.value.lower() in SWITCHES:
            warnings.append((self.position(late.line, 1), LATE))
        return tuple(f"{self._label(at)}:{at.line}:{at.column}: {message}" for at, message in warnings)

    def _label(self, position: Position) -> str:
        return self.label if position.path in {None, self.path} else str(position.path)

    @cached_property
    def _header(self) -> Header:
        return header(self.text, self.dialect.syntax)

    @cached_property
    def depends(self) -> tuple[Name, ...] | None:
        """The names of a `-- depends: schema.name, other` comment, which replace what the SQL refers to."""
        if self._header.depends is None:
            return None
        words = [word.strip() for word in self._header.depends.value.split(",")]
        return tuple(Name.parse(word) for word in words if word and word.lower() != "none")

    @cached_property
    def transactional(self) -> bool:
        """True if the file runs in a transaction: not with `-- transaction: off`, nor with some statements."""
        value, line = self._header.transaction or ("on", 0)
        if value.lower() not in SWITCHES:
            raise SourceError(f"transaction: expected on, off or rollback, got {value!r}", path=self.path, line=line)
        return SWITCHES[value.lower()] and not self.refused

    @cached_property
    def transaction_control(self) -> str:
        """The first statement that begins or ends a transaction; empty where there is none."""
        with suppress(SourceError):
            return self.dialect.transaction_control(self.text)
        return ""

    @property
    def sent_in_one_call(self) -> bool:
        """True if the file is one batch that runs once."""
        return len(self.batches) == 1 and self.batches[0].count == 1

    @property
    def is_one_statement(self) -> bool:
        """True if the file is a single statement, as far as that can be told."""
        return self.sent_in_one_call and self.dialect.is_one_statement(self.single_text)

    @property
    def single_text(self) -> str:
        """The text of a file that is a single call."""
        return self.batches[0].text

    @property
    def rolls_back(self) -> bool:
        """True if the file is rolled back at its end: `-- transaction: rollback`."""
        transaction = self._header.transaction
        return self.transactional and transaction is not None and transaction.value.lower() == "rollback"

    def check_rollback(self) -> None:
        """Raise SourceError where `-- transaction: rollback` stands above a statement that cannot be rolled back."""
        value, line = self._header.transaction or ("", 1)
        if value.lower() != "rollback":
            return
        commits = next((batch for batch in self.batches if self.dialect.commit_offsets(batch.text)), None)
        statement = self.refused or self.transaction_control or (commits.text.split()[0].upper() if commits else "")
        if statement:
            message = f"transaction: rollback cannot take back what {statement} does"
            raise SourceError(message, path=self.path, line=line, hint=f"Leave {statement} out, or the rollback.")

    @property
    def run_rule(self) -> str:
        """`once`, `on change` or `always`: when a data file runs, by `-- run:` at its head."""
        value = self._header.run.value.lower() if self._header.run else ""
        return value if value in RULES else "always"

    def depends_line(self) -> int:
        """Return the line of the `-- depends:` comment."""
        return self._header.depends.line if self._header.depends else 1


def read(
    path: Path, kind: str, dialect: Dialect, *, label: str, variables: Mapping[str, object] | None = None
) -> SqlFile:
    """Read one file. Raises SourceError with file, line and column, or byte offset, when it is invalid."""
    return split(read_text(path, kind, dialect, label=label, variables=variables))


def read_text(  # noqa: PLR0913 - the parts of a file
    path: Path,
    kind: str,
    dialect: Dialect,
    *,
    label: str,
    variables: Mapping[str, object] | None = None,
    database: str | None = None,
    contents: FileContents | None = None,
) -> FileText:
    """Read the text of one file. Raises SourceError."""
    raw = read_bytes(path, contents)
    text = decode_bytes(dialect.as_text(raw), path, dialect.encoding_hint)
    if dialect.supports_sqlcmd:
        reject(text, path)
    text = substitute(text, variables, path=path, syntax=dialect.syntax)
    return FileText(path, label, kind, text, dialect, database=database, raw_hash=sha256(raw).hexdigest())


def expand_text(  # noqa: PLR0913 - the parts of a file
    path: Path,
    kind: str,
    dialect: Dialect,
    *,
    label: str,
    variables: Mapping[str, object] | None = None,
    database: str | None = None,
    contents: FileContents | None = None,
) -> FileText:
    """Read the text of one file, with its directives of sqlcmd carried out. Raises SourceError."""
    hashes = []

    def read_noted(file: Path) -> str:
        raw = read_bytes(file, contents)
        hashes.append(sha256(raw).hexdigest())
        return decode_bytes(raw, file)

    origin = expand(path, variables or {}, read_noted)
    return FileText(path, label, kind, origin.text, dialect, origin, database, raw_hash=hashes[0])


def split(source: FileText) -> SqlFile:
    """Return a text as a file, ready to run. Raises SourceError, with the position in the file that it came from."""
    text, dialect, origin = source.text, source.dialect, source.origin
    refused = IGNORE if source.ignores_some_errors else _refused(text, dialect)
    facts = (source.path, source.label, source.kind, text, dialect, origin, source.database, source.raw_hash)
    file = SqlFile(*facts, refused=refused)
    try:
        return _split(file)
    except SourceError as error:
        raise (origin.relocated(error) if origin else error) from None


def read_for_sqlcmd(
    path: Path, kind: str, dialect: Dialect, *, label: str, variables: Mapping[str, object] | None = None
) -> SqlFile:
    """Read one file and carry out its directives of sqlcmd.

    Raises SourceError, with the position in the file that the text came from.
    """
    return split(expand_text(path, kind, dialect, label=label, variables=variables))


def _split(file: SqlFile) -> SqlFile:
    dialect = file.dialect
    splitter = dialect.splitter if file.transactional else dialect.statement_splitter or dialect.splitter
    batches = splitter.split(file.text, path=file.path)
    if len(batches) > 1 and file.transactional and dialect.implicit_transaction_per_call and file.transaction_control:
        return _split(replace(file, refused=file.transaction_control))
    splitter.check(batches, file.path)
    split = _in_memory_once(replace(file, batches=batches))
    split.check_rollback()
    return split


def _in_memory_once(file: SqlFile) -> SqlFile:
    """Return a large file of one statement with that as its text: a copy without the semicolon is as large again."""
    if len(file.text) <= LONGEST_READ or not file.sent_in_one_call or file.origin:
        return file
    statement = file.single_text
    if not file.text.startswith(statement):
        return file
    return replace(file, text=statement, batches=Batches(statement, [(0, len(statement), 1, "")]))


def _refused(text: str, dialect: Dialect) -> str:
    """Name the statement that cannot run in a transaction; what cannot be split is the splitter's to report."""
    with suppress(SourceError):
        return dialect.non_transactional_statement(text)
    return ""


def read_bytes(path: Path, contents: FileContents | None = None) -> bytes:
    """Read a file as it is; `contents` are those that were read already. Raises SourceError."""
    try:
        return (contents or FileContents()).read(path)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", path=path) from None


def decode(path: Path) -> str:
    """Read a file as text. Raises SourceError."""
    return decode_bytes(read_bytes(path), path)


def decode_bytes(raw: bytes, path: Path, hint_of: Callable[[bytes], str | None] = lambda _raw: None) -> str:
    """Decode a file: UTF-8 with or without BOM, or UTF-16 with BOM. Newlines stay as they are. Raises SourceError.

    `hint_of` says what to do about bytes that are not UTF-8, where it is not the usual.
    """
    encoding = next((name for bom, name in BOMS if raw.startswith(bom)), "utf-8")
    if len(raw) > LONGEST_READ and encoding != "utf-16":
        raw = raw.rstrip(b" \t\r\n")  # what is one statement is then one text, and not another one without the blanks
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-16":
            offset = error.start + encoding.endswith("sig") * len(codecs.BOM_UTF8)
            raise _not_utf8(raw, offset, path, hint_of(raw)) from None
        raise SourceError(
            f"is not UTF-16: invalid byte at offset {error.start}",
            path=path,
            line=raw.count(b"\n", 0, error.start) + 1,
            hint="Save the file as UTF-8.",
        ) from None
    if "\0" in text:
        hint = "Is it UTF-16 without a byte order mark?"
        raise SourceText(text, path).error(text.index("\0"), "a NUL character, which no server reads", hint=hint)
    return text


def _not_utf8(raw: bytes, offset: int, path: Path, hint: str | None) -> SourceError:
    """Return an error about a byte of a file, with the letter that it is in Western Europe's old encoding."""
    start = raw.rfind(b"\n", 0, offset) + 1
    letter = raw[offset : offset + 1].decode("cp1252", "ignore")
    meant = f', "{letter}" in Windows-1252' if letter.isprintable() and letter else ""
    return SourceError(
        f"is not UTF-8: byte 0x{raw[offset]:02X} at offset {offset}{meant}",
        path=path,
        line=raw.count(b"\n", 0, offset) + 1,
        column=len(raw[start:offset].decode("utf-8-sig")) + 1,
        hint=hint or f"Save it as UTF-8 in an editor, or: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > new.sql",
    )
