"""The control plane: what a test does to the mock, under ``/__mock__/``, beside the APIs that the mock serves."""
