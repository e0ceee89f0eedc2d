"""Services that nobody wrote for this suite, with faults planted in them, and correct ones with habits of their own."""
