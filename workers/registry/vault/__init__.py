"""The vault: random pseudonyms in the place of employee numbers and badge numbers."""
