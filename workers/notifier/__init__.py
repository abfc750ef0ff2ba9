"""Who is notified of alerts of zones, and what became of that."""
