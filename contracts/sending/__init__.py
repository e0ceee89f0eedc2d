"""The target, its secrets, and the only place that sends requests."""
