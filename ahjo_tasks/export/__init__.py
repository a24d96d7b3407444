"""Rows of a database in a file: streamed, in bounded memory, whole or not at all."""
