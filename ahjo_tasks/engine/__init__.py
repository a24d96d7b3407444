"""Plans that change a database, and the executor that applies them."""
