"""What others send in: reads of badges, feedback on figures, and what they do about alerts."""
