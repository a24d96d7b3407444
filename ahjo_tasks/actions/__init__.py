"""The standard actions, one module a theme. Importing this imports none of them."""

MODULES = (
    "alembic",
    "batches",
    "config",
    "data",
    "deploy",
    "descriptions",
    "doctor",
    "drop",
    "init",
    "package",
    "plot",
    "project",
    "projects",
    "scan",
    "security",
    "test",
)
