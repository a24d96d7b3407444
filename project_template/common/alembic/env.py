"""Run by Alembic for every command; connection and version table come from the project's config."""

from ahjo_tasks.alembic_env import run

# What `alembic revision --autogenerate` compares the database with. To describe the tables in Python, import their
# MetaData here; a table that neither it nor a revision knows is left alone:
#
# from {{name}}_models import Base
#
# target_metadata = Base.metadata
target_metadata = None

# Further options of Alembic's `context.configure` may follow, such as include_schemas=True.
run(target_metadata)
