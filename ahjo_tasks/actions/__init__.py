"""The standard actions, one module a theme. Importing this imports none of them."""

MODULES = (
    "alembic",
    "batches",
    "compare",
    "config",
    "deploy",
    "descriptions",
    "doctor",
    "drop",
    "export",
    "init",
    "package",
    "plot",
    "project",
    "projects",
    "scan",
    "security",
    "test",
    "upgrade",
)
