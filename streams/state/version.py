"""Versions of the stream processor's state in checkpoints."""

STATE_VERSION = 14
"""Rises when a field of the camera or floor state is added or changes meaning: a release refuses
the states of a later one, whose additions it would drop. A new topic needs no new version, since
each state holds its seqs by topic name."""

SEQS_BY_TOPIC = 6
"""From this version on, a state holds its seqs by topic name; before, it had a field for each."""

OCCUPANCY_IN_FULL = 12
"""From this version on, the occupancy that was shown last says since when gaps are open."""

LONGEST_AND_BADGES = 14
"""From this version on, the occupancy that was shown last says when the longest stay began, and a
link of an open tick names the badge that it speaks of."""

OLDEST_READ = 4
"""Older states are refused: another tracker made them, and this one could not continue from them.
A floor of version 4 has sent no link yet, so its links begin at seq 1."""
