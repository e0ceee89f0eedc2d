"""What is worth sending: Schemathesis's cases, right and wrong values, and what makes a request valid."""
