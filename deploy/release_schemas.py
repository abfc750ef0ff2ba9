"""Copy each schema that changed to its next released version: `make schemas`.

A released version stays readable for ever and is never edited. So a schema that no release has
written yet is changed by deleting its copy first.
"""

import json
import sys
from pathlib import Path

from schemas.codec import AVRO_FOLDER, schema_text
from schemas.compatibility import differences
from schemas.topics import TOPICS, Topic

RELEASED = AVRO_FOLDER.parent / "released"


def released_versions(topic: Topic, folder: Path = RELEASED) -> list[Path]:
    """Released versions of a topic's schema, the oldest first."""
    return sorted((folder / topic.name).glob("*.avsc"), key=lambda path: int(path.stem))


def release(topic: Topic, text: str, folder: Path = RELEASED) -> Path | None:
    """Write a schema as the next released version, if it differs from the newest.

    Args:
        topic: Topic of the schema.
        text: Avro JSON.
        folder: Folder with a folder of versions for each topic.

    Returns:
        The file that was written; None when the schema is released already.

    Raises:
        ValueError: A released version and this one cannot read each other.
    """
    versions = released_versions(topic, folder)
    known = [json.loads(path.read_text()) for path in versions]
    schema = json.loads(text)
    if known and known[-1] == schema:
        return None
    for path, old in zip(versions, known, strict=True):
        for reason in differences(old, schema):
            raise ValueError(f"{topic.name}: {reason} (against version {path.stem})")
    number = int(versions[-1].stem) + 1 if versions else 1
    path = folder / topic.name / f"{number}.avsc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def main() -> None:
    """Release every schema; says which files it wrote."""
    for topic in TOPICS.values():
        if topic.avro:
            try:
                path = release(topic, schema_text(topic))
            except ValueError as error:
                sys.exit(str(error))
            if path is not None:
                print(path.relative_to(RELEASED.parents[1]))


if __name__ == "__main__":
    main()
