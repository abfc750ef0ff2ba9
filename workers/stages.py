"""Names of the stages, as consumer groups, dead letters and metrics have them."""

INFERENCE = "inference"
GUARD = "guard"
CLOCKS = "clocks"
SINK_TIMESCALE = "sink-timescale"
SINK_REDIS = "sink-redis"
