"""The actions of {{name}}: all the standard ones, and those below. `inv --list` shows them."""

from ahjo_tasks import namespace

# An action of a standard name takes its place, also as a step of complete-build:
#
# from ahjo_tasks import action
# from ahjo_tasks.actions.deploy import deploy as standard_deploy
#
#
# @action(affects_database=True)
# def deploy(ctx):
#     """Deploy, then refresh the reports."""
#     standard_deploy(ctx)
#     ctx.run("python refresh_reports.py")


# With namespace(config="{{config}}") an `inv` without --config works on the development database.
ns = namespace()
