"""Values that must never be read over a shoulder or found in a log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus, unquote

MASK = "***"

_SECRET_NAME = re.compile(
    r"pass|pwd|(^|_)pw(_|$)|token|secret|credential|odbc_connect|conn(ection)?_?str|(api|access|account|private|shared)_?key|^key$",
    re.IGNORECASE,
)
_PLACE_NAME = re.compile(r"(_file|_path|_url)$", re.IGNORECASE)
_WEB_USER = re.compile(r"(https?://)[^/@\s]+@", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:).*(@)", re.DOTALL)
_ASSIGNED = re.compile(r"([\w.\-]+)(\s*=\s*)([^&;]*)")


class Secret:
    """A text that shows itself as `***`; only `reveal()` gives it away. It cannot be pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself: for the driver, never for a message."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __format__(self, _spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret is not written to files")


def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret; `password_file` does not, it says where one is."""
    return bool(_SECRET_NAME.search(name)) and not _PLACE_NAME.search(name)


def mask_text(text: str) -> str:
    """Hide the password of a URL, the user of a web address, and what is assigned to secret names as in `PWD=x`."""
    without_user = _WEB_USER.sub(rf"\1{MASK}@", text)
    return _ASSIGNED.sub(_mask_assigned, _URL_PASSWORD.sub(rf"\1{MASK}\2", without_user))


def _mask_assigned(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    return name + sign + (MASK if is_secret_name(name) else value)


def masked(name: str, value: object) -> object:
    """Return `value` as it may be shown under the key `name`: the same shape, its secrets as `***`."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret):
        return mask_text(value.reveal()) if name.endswith("url") else MASK
    if is_secret_name(name):
        return MASK
    return _masked_inside(name, value)


def _masked_inside(name: str, value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: masked(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(masked(name, item) for item in value)
    return value


def encoded_forms(secret: str) -> set[str]:
    """The secret as it may stand in SQL, in a URL, in JSON, in XML and in an annotation."""
    written = [json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (False, True)]
    doubled = [secret.replace(mark, mark * 2) for mark in "'\"]`"]
    # Not html.escape or saxutils.escape: importing either costs a git hook more than everything else it loads.
    markup = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = markup.replace('"', "&quot;")
    escaped = [markup, quoted, quoted.replace("'", "&#x27;"), secret.replace("%", "%25")]
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *written, *doubled, *escaped}


def url_passwords(url: str) -> Iterator[str]:
    """Yield the password in a URL, as written and decoded; nothing where there is none."""
    match = _URL_PASSWORD.search(url)
    if match:
        written = match[0].removeprefix(match[1]).removesuffix(match[2])
        yield from (written, unquote(written))
