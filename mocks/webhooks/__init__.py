"""Webhooks: what the mock sends to its callers, where they ask for it, when the rows they created change."""
