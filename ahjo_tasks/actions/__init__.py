"""The standard actions, one module a theme. Importing this imports none of them."""

MODULES = (
    "batches",
    "build",
    "config",
    "connection",
    "data",
    "deploy",
    "drop",
    "init",
    "project",
    "structure",
    "test",
    "version",
)
