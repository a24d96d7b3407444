"""The standard actions, one module a theme. Importing this imports none of them."""

MODULES = (
    "assembly",
    "batches",
    "build",
    "compare",
    "config",
    "connection",
    "data",
    "deploy",
    "drop",
    "export",
    "init",
    "metadata",
    "project",
    "projects",
    "scan",
    "security",
    "structure",
    "test",
    "upgrade",
    "version",
)
