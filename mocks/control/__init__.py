"""The control plane under ``/__mock__/``: operations by which a test changes and inspects the mock."""
