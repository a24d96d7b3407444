"""The databases that keep descriptions: one file each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahjo_tasks.dialects.base import Dialect
    from ahjo_tasks.metadata.base import Metadata

DATABASES = {
    "mssql": "ahjo_tasks.metadata.mssql:ExtendedProperties",
    "postgresql": "ahjo_tasks.metadata.postgresql:Comments",
    "mysql": "ahjo_tasks.metadata.mysql:TableComments",
}


def metadata_for(dialect: Dialect) -> Metadata | None:
    """How the dialect's database keeps descriptions; None when it has none."""
    place = DATABASES.get(dialect.name)
    if place is None:
        return None
    module, _, attribute = place.partition(":")
    made: Metadata = getattr(import_module(module), attribute)(dialect)
    return made
