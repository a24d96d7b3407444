"""What changes a database: plans, and applying them."""
