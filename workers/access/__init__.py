"""Who may see and change what: access roles, their rights, and the units that they hold in."""
