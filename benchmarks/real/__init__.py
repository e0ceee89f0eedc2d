"""Services that nobody here wrote, started from their packages and judged: ``python -m benchmarks.real``."""
