"""The page of settings, from `runtime/process/settings.py`."""

from itertools import groupby
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from docs.generate.markdown import code, table
from runtime.process.declare import fields_of
from runtime.process.settings import Settings, describe

INTRODUCTION = """\
# Settings

Every setting, from `settings.py` and `sections.py` in `runtime/process`. A value comes from the
environment, then from `wardstream.toml` (or the file that `WARDSTREAM_CONFIG` names), then from its
default. In the file, a section is a table:

```toml
redis_prefix = "ward-3"

[ingest]
fps = 5.0
```

`wardstream settings` prints the values that hold in your environment, with secrets hidden.

A name that is no setting is refused, in the file and in the environment, and so is a value that a
setting cannot have: each command ends with 78 and a sentence for each, which says what was meant or
what is right. Numbers are plain (`5`, `0.5`), durations are numbers of the unit in the table, and
switches are `true` or `false`. An empty value leaves a setting without a value out; a setting that
needs one refuses it. A section can be set whole, as JSON: `WARDSTREAM_INGEST='{"fps": 5}'`.

Variables that are no settings are let through: `WARDSTREAM_CONFIG`, `WARDSTREAM_CACHE` (where
installed services are), `WARDSTREAM_ENGINE`, those of `docker-compose.yml`, and what Kubernetes
sets for a Service whose name begins with `wardstream`, such as its host and ports.

A name or password in a URL has its special characters percent-encoded: `#` is `%23`, `/` is `%2F`,
`?` is `%3F`, `[` is `%5B`, `]` is `%5D`, `@` is `%40`, `%` is `%25`.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for section, found in groupby(describe(), key=lambda one: one[0].rpartition(".")[0]):
        parts.append(f"## {section or 'Addresses, names and logs'}\n")
        effect = _summary(section)
        if effect:
            parts.append(f"{effect}\n")
        parts.append(
            table(
                ("environment variable", "unit", "default", "effect"),
                (_row(name, info) for name, info in found),
            )
        )
    return "\n".join(parts)


def _row(name: str, info: FieldInfo) -> tuple[str, str, str, str]:
    extra = info.json_schema_extra
    unit = str(extra["unit"]) if isinstance(extra, dict) else ""
    variable = "WARDSTREAM_" + name.upper().replace(".", "__")
    return code(variable), unit, code(_shown(info.default)), info.description or ""


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "a secret"
    return "" if value in (None, "", {}) else str(value)


def _summary(section: str) -> str:
    if not section:
        return ""
    model: Any = Settings
    for name in section.split("."):
        model = fields_of(model)[name].annotation
    return (model.__doc__ or "").strip().splitlines()[0]
