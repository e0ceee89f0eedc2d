"""What goes out and comes back: the target, its secrets, and the only place that sends."""
