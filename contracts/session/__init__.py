"""A run as its operator ordered it: options, settings, pytest, accepted findings."""
