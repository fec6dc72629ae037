"""Ways in: each reader makes a `Trace` of what the user has."""
