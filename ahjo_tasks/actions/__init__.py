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
    "history",
    "init",
    "overview",
    "package",
    "plan",
    "plot",
    "project",
    "projects",
    "pull",
    "scan",
    "security",
    "test",
)
