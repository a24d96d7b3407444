"""SQL Server and Azure SQL: the dialect, and a module for each thing that is large with this server."""

from ahjo_tasks.database.dialects.mssql.dialect import MSSQL

__all__ = ["MSSQL"]
