"""product and purchase

Revision 5c0d1e7a94b2, 2025-01-01 12:00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "5c0d1e7a94b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "product",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
    )
    op.create_table(
        "purchase",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("product.id"), nullable=False, index=True),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("purchased_on", sa.Date, nullable=False),
    )


def downgrade():
    op.drop_table("purchase")
    op.drop_table("product")
