"""Who is told of alerts of zones, and what became of that."""
