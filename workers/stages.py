"""Names of the stages: consumer groups, dead letters and metrics are told apart by them."""

INFERENCE = "inference"
SINK_TIMESCALE = "sink-timescale"
SINK_REDIS = "sink-redis"
