"""The page of settings, from `runtime/process/settings.py`."""

from itertools import groupby
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from docs.generate.markdown import code, table
from runtime.process.settings import Settings, describe, fields_of

INTRODUCTION = """\
# Settings

Every setting, from `runtime/process/settings.py`. A value comes from the environment, then from
`wardstream.toml` (or the file that `WARDSTREAM_CONFIG` names), then from its default. In the
file, a section is a table:

```toml
redis_prefix = "ward-3"

[ingest]
fps = 5.0
```

`wardstream settings` prints the values that hold in your environment, with secrets hidden.
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
