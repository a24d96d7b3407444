"""The session of a database that a dry run would create: there is nothing to connect to yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConnectionFailedError
from ahjo_tasks.session import Session

if TYPE_CHECKING:
    from ahjo_tasks.door import Door


class UnbornSession(Session):
    """Knows the database's name and login, and says of the database that it does not exist."""

    @property
    def door(self) -> Door:
        """Raise ConnectionFailedError, as for a database that is missing."""
        raise ConnectionFailedError(f"{self.database}: the dry run did not create it.", missing_database=True)
