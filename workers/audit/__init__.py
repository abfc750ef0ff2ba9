"""The audit: who saw and did what, sealed in chains, and refused where it cannot be kept."""
