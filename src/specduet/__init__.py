"""specduet: one OpenAPI document, two readers: a mock server that keeps it, a contract suite that checks it.

``specduet.specs`` loads documents, ``specduet.mocks`` serves them, ``specduet.contracts`` tests servers against them.
"""
