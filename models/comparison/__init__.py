"""Which of two arms is better on the same frames, and how sure that is (ADR 45)."""
