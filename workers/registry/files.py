"""Read import files: YAML (a list of mappings) or CSV (a header line), by their extension."""

import csv
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from workers.registry.rows import Row

R = TypeVar("R", bound=Row)

_MAX_BYTES = 20 * 1024 * 1024


class ImportRefused(ValueError):
    """An import file that is refused; every line of the message names row and field."""


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """Read and check a whole file; returns its rows only if all are valid.

    Raises:
        ImportRefused: The file cannot be read, or rows are wrong; the message names file, row
            and field.
    """
    faults: list[str] = []
    rows: list[R] = []
    for where, data in _entries(path):
        try:
            rows.append(kind.model_validate(data))
        except ValidationError as error:
            for cause in error.errors(include_url=False, include_context=False):
                field = ".".join(str(part) for part in cause["loc"]) or "row"
                faults.append(f"{path.name} {where}: {field}: {cause['msg']}")
    if faults:
        raise ImportRefused("\n".join(faults))
    return rows


def _entries(path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ImportRefused(f"{path.name}: larger than 20 MiB; split it")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ImportRefused(f"{path}: cannot be read: {error}") from error
    if path.suffix.lower() == ".csv":
        return _csv(path, text)
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return _yaml(path, text)
    raise ImportRefused(f"{path.name}: write .csv, .yaml or .json")


def _csv(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    entries = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ImportRefused(
                    f"{path.name} line {reader.line_num}: not as many columns as the header"
                )
            entries.append((f"line {reader.line_num}", dict(row)))
    except csv.Error as error:
        raise ImportRefused(f"{path.name} line {reader.line_num}: {error}") from error
    return entries


def _yaml(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ImportRefused(f"{path.name}: not valid YAML: {error}") from error
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise ImportRefused(f"{path.name}: must be a list of mappings, one per row")
    return [(f"entry {number}", entry) for number, entry in enumerate(data, 1)]
