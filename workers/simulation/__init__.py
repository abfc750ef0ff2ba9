"""What rules of alerts would have done over the recorded past."""
