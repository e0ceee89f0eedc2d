"""The services, by framework and habit. Each module has functions ``build_…`` that return one service."""
