"""Secret values: a type that shows itself masked, and the masking of texts and values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, Self
from urllib.parse import quote, quote_plus, unquote

MASK = "***"

_SECRET_NAME = re.compile(
    r"pass|pwd|(^|_)pw(_|$)|token|secret|credential|odbc_connect|conn(ection)?_?str|(api|access|account|private|shared)_?key|^key$",
    re.IGNORECASE,
)
_LOCATION_NAME = re.compile(r"(_file|_path|_url)$", re.IGNORECASE)
_WEB_USER = re.compile(r"(https?://)[^/@\s]++@", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*+:).*(@)", re.DOTALL)
_ASSIGNED = re.compile(r"(?<![\w.\-])([\w.\-]++)(\s*+=\s*+)([^&;]*+)")
"""Possessive and bound to the start of a word, so that a value of any size takes linear time."""


class Secret(str):
    """A text that is `***` to all who look at it, JSON included; only `reveal()` returns it. It cannot be pickled."""

    __slots__ = ("_text",)
    _text: str

    def __new__(cls, text: str) -> Self:
        """Keep the text, and be the mask."""
        secret = super().__new__(cls, MASK)
        secret._text = text
        return secret

    def reveal(self) -> str:
        """Return the text: for a driver, never for a message."""
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
    """Return whether a key of this name holds a secret; `password_file` does not: it names a file."""
    return bool(_SECRET_NAME.search(name)) and not _LOCATION_NAME.search(name)


def mask_text(text: str) -> str:
    """Mask the password of a URL, the user of a web address, and values assigned to secret names as in `PWD=x`."""
    if "@" in text:
        text = _URL_PASSWORD.sub(rf"\1{MASK}\2", _WEB_USER.sub(rf"\1{MASK}@", text))
    return _ASSIGNED.sub(_mask_assigned, text) if "=" in text else text


def _mask_assigned(match: re.Match[str]) -> str:
    name, equals, value = match.groups()
    return name + equals + (MASK if is_secret_name(name) else value)


def redact(name: str, value: object) -> object:
    """Return the value of the key `name` with its secrets as `***`, in the same shape."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret):
        return mask_text(value.reveal()) if name.endswith("url") else MASK
    if is_secret_name(name):
        return MASK
    return _redact_inside(name, value)


def protect(name: str, value: object, *, secret: bool = False) -> object:
    """Return the value of the key `name` with each text or number that is a secret as a `Secret`, in the same shape.

    `secret` is whether all in it is one, whatever the names of the keys inside.
    """
    secret = secret or is_secret_name(name)
    if isinstance(value, Mapping):
        return {str(key): protect(str(key), item, secret=secret) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [protect(name, item, secret=secret) for item in value]
    if value is None or isinstance(value, (bool, Secret)):
        return value
    if secret:
        return Secret(str(value))
    return Secret(value) if isinstance(value, str) and mask_text(value) != value else value


def _redact_inside(name: str, value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: redact(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact(name, item) for item in value)
    return value


def encoded_forms(secret: str) -> set[str]:
    """Return the secret as written in SQL, in a URL, in JSON, in XML and in an annotation."""
    json_forms = [json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)]
    doubled = [secret.replace(quote_mark, quote_mark * 2) for quote_mark in "'\"]`"]
    # Not html.escape or saxutils.escape: importing either costs a git hook more than everything else it loads.
    markup = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = markup.replace('"', "&quot;")
    escaped = [markup, quoted, quoted.replace("'", "&#x27;"), secret.replace("%", "%25")]
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), *json_forms, *doubled, *escaped}


def url_passwords(url: str) -> Iterator[str]:
    """Yield the password in a URL, as written and decoded; nothing where there is none."""
    match = _URL_PASSWORD.search(url)
    if match:
        written = match[0].removeprefix(match[1]).removesuffix(match[2])
        yield from (written, unquote(written))
