"""The project's folder on disk. Nothing here knows a database connection, Invoke or the terminal."""
