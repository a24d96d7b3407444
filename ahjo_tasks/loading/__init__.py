"""Loading rows from CSV and Parquet files into tables, in bounded memory."""

from ahjo_tasks.loading.load import load
from ahjo_tasks.loading.options import LoadOptions
from ahjo_tasks.loading.table_file import TableFile, read_table_files

__all__ = ["LoadOptions", "TableFile", "load", "read_table_files"]
