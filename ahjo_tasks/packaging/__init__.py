"""Making an executable that needs no Python."""
