"""How a file is loaded: from the config, and from a header file beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADERS = (".load.yaml", ".load.yml", ".load.json", ".load.jsonc")


class LoadOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`insert` adds the rows, `replace` deletes the table's rows first, `upsert` updates the rows whose `key` is there.

    `separator`, `encoding` and `null_text` are of CSV files. Without a `null_text` a bare empty field is NULL, and `""`
    an empty text.
    """

    mode: Literal["insert", "replace", "upsert"] = "insert"
    key: tuple[str, ...] = ()
    separator: str = ";"
    encoding: str = "utf-8-sig"
    null_text: str = ""

    def __post_init__(self) -> None:
        if self.mode == "upsert" and not self.key:
            raise ValueError("mode upsert needs a key: the list of columns that tell rows apart")
        if len(self.separator) != 1:
            raise ValueError("separator is one character")


def options_for(path: Path, defaults: Mapping[str, Any]) -> LoadOptions:
    """The options of one file: `NAME.load.yaml` (or .json) beside `NAME.csv` over the config's `data_loading`.

    Raises SourceError for a header file that says something else.
    """
    header = next((found for ending in HEADERS if (found := path.with_suffix(ending)).is_file()), None)
    given = dict(defaults) | (dict(read(header).value) if header else {})
    try:
        return msgspec.convert(given, LoadOptions)
    except msgspec.ValidationError as error:
        raise SourceError(
            str(error), path=header or path, hint="data_loading in the config gives the defaults."
        ) from None
