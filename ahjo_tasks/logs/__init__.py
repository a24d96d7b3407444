"""Where what the user reads is kept."""
