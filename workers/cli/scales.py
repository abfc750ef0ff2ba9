"""The option that names the scale of a file's scores."""

from enum import StrEnum


class Scores(StrEnum):
    """How the scores of a file are read."""

    auto = "auto"
    unit = "unit"
    percent = "percent"
    none = "none"
    dpm = "dpm"
    acf = "acf"
    logit = "logit"
