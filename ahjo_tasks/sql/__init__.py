"""The SQL language: lexer, splitters, references. No files, no database."""
