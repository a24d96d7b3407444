"""The LOCAL file: what each developer fills in, kept out of version control."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import AhjoError, ConfigError

if TYPE_CHECKING:
    from pathlib import Path

MARK = "$"
OWNER_ONLY = 0o600


class LocalFile(NamedTuple):
    """The file to be, and what it will hold."""

    path: Path
    text: str

    def write(self) -> None:
        """Create the file, for its owner alone: passwords are to come into it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self.text)


def local_file(config: Path | None) -> LocalFile:
    """The file that the config's LOCAL key names, with the keys whose value is `$`, nesting kept.

    Raises ConfigError without such a key, AhjoError when the file exists; an existing file is never changed.
    """
    if config is None:
        raise ConfigError("No config is named.", hint="inv init-config --config dev.jsonc")
    document = read(config).value
    named = document.get("LOCAL")
    if not isinstance(named, str) or not named:
        raise ConfigError(f"{config.name}: there is no top-level key LOCAL with a path.")
    target = config.parent / named
    if target.exists():
        raise AhjoError(f"{target} exists already; it was not changed.")
    return LocalFile(target, json.dumps(marked(document) or {}, indent=4, ensure_ascii=False) + "\n")


def marked(node: Any) -> Any:
    """The part of a document whose leaves are `$`, or lists that hold one; None when there is none."""
    if isinstance(node, dict):
        found = {key: part for key, value in node.items() if (part := marked(value)) is not None}
        return found or None
    if isinstance(node, list):
        return node if MARK in node else None
    return node if node == MARK else None
