"""Requests worth sending: Schemathesis's cases, valid and invalid values, and what makes a request valid."""
