"""Bringing a database from the git tag that it holds to newer ones, each with the files of its own tag."""
