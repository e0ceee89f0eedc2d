"""Verdicts on requests as they were sent: valid, invalid, or lenient where correct servers differ."""
