"""The vendors' own clients against the mock, each in an environment of its own: ``python -m tests.clients``."""
