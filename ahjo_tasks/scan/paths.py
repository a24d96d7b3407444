"""Which files a rule or an ignore entry is about: paths and globs, relative to the project."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[*?\[]")
_TOKEN = re.compile(r"\*\*/|/\*\*\Z|\*\*|\*|\?|\[!?\]?[^\]/]*\]|[^*?\[]+|\[")


class Paths:
    """A path stands for itself and everything below it; a glob without a slash, for names in any folder.

    In a glob `*` and `?` stop at a slash, `**` does not. No entries mean everything.
    """

    def __init__(self, entries: tuple[str, ...] = (".",)) -> None:
        self.entries = entries
        plain = [_trimmed(entry) for entry in entries]
        self._all = not plain or "" in plain
        self._names = frozenset(plain)
        self._folders = tuple(f"{path}/" for path in plain)
        globs = [_regex(path) for path in plain if _SPECIAL.search(path)]
        self._glob = re.compile("|".join(globs)) if globs else None

    def __contains__(self, path: str) -> bool:
        return (
            self._all
            or path.startswith(self._folders)
            or path in self._names
            or (self._glob is not None and self._glob.match(path) is not None)
        )


def _trimmed(entry: str) -> str:
    """The entry with slashes, and without a leading `./` or a slash at its end."""
    path = entry.replace("\\", "/").strip()
    while path.startswith("./"):
        path = path[2:]
    return "" if path == "." else path.rstrip("/")


def _regex(glob: str) -> str:
    """The expression for the path itself or anything below it."""
    anywhere = "" if "/" in glob else "(?:.*/)?"
    return rf"{anywhere}{''.join(_piece(token) for token in _TOKEN.findall(glob))}(?:/.*)?\Z"


def _piece(token: str) -> str:
    known = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in known:
        return known[token]
    if token.startswith("[") and len(token) > 1:
        inner = token[1:-1].replace("\\", "\\\\")
        return f"(?!/)[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)
