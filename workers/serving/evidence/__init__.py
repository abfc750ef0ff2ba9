"""What others send in: reads of badges, and feedback on figures."""
