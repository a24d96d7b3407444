"""The actions of {{name}}: all the standard ones, and those below. `inv --list` shows them."""

from ahjo_tasks import action, namespace

# An action of a standard name takes its place, also as a step of complete-build:
#
# from ahjo_tasks.actions.deploy import deploy as standard_deploy
#
#
# @action(affects_database=True)
# def deploy(ctx):
#     """Deploy, then refresh the reports."""
#     standard_deploy(ctx)
#     ctx.run("python refresh_reports.py")


@action
def best_seller(ctx):
    """Show the product that sells best."""
    rows = ctx.database.connection.query("SELECT name, sold, revenue FROM best_seller ORDER BY name")
    ctx.console.table(["Product", "Sold", "Revenue"], rows)


# With namespace(best_seller, config="{{config}}") an `inv` without --config works on the development database.
ns = namespace(best_seller)
