"""``make bench``: the mock beside a bare server, FastAPI and Prism, measured in turns in one run."""
