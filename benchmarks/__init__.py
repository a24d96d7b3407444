"""The package measured against one psql session that does the same work: `inv bench`."""
