"""Logins and permissions that come before, or beside, the database's own connection."""
