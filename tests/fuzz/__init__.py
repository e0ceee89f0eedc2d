"""Random requests, as broken as they can be, to the mock: none of them may fail it or take it long."""
