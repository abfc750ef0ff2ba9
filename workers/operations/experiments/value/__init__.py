"""What an experiment is: pure values, and the id that follows from them."""
