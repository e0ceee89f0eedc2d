"""Values made from schemas: seeded, believable or adversarial, and always valid."""
