"""Why a zone's figure is what it is: its people, facts, cameras, models and records."""
