"""The run of a user: options, settings, the pytest session, accepted findings."""
