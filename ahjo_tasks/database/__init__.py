"""Connections to databases, their credentials, locks and dialects."""
