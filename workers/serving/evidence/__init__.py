"""Evidence that other systems send: reads of badges."""
