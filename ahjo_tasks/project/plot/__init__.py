"""The dependencies of a project's files as a picture."""
