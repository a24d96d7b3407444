"""Two sets of rows side by side: which rows are missing, which values differ."""
