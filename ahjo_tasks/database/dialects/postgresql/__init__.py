"""PostgreSQL: the dialect, and a module for each thing that is large with this server."""

from ahjo_tasks.database.dialects.postgresql.dialect import PostgreSQL

__all__ = ["PostgreSQL"]
