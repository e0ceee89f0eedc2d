"""The probes: requests that the vocabulary aims at what generated cases reach only by luck. They never judge."""
