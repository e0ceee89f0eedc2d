"""Services that were made to break whoever tests them, and what a run against each has to keep."""
