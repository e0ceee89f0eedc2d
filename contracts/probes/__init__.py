"""Probes: requests that the vocabulary aims at what generated requests reach only by luck. They never judge."""
