"""Record the goldens again: `python -m tests.golden.record [--other-input]`.

The stage sends and saves the same bytes in every release. Record the goldens again only with a new
fold version, state version or topic, and with an ADR that says why; a rename or a refactoring is no
reason. A new topic leaves the records of all others as they were.
Checkpoints of former state versions stay, and every later release reads them: one of the same fold
leads to the golden bytes, one of a former fold to bytes of its own.

`--other-input` is for a new field of the detections: the input has other bytes, and so has what
quotes it. Before, run the goldens with the released schema of before: they must pass.
"""

import argparse

from tests.golden import figures, files, run, world
from tests.golden.adapter import DERIVED

VERSIONS = {
    "outputs": "fold_version",
    "order": "fold_version",
    "continued": "fold_version",
    "checkpoints": "state_version",
}
"""The version that rises when a part of the goldens changes."""


def main() -> None:
    """Write `goldens.json`, and the checkpoints of this release's state version."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--other-input", action="store_true")
    options = parser.parse_args()
    logs = world.detections()
    first = run.once_through(logs)
    before, found = files.read_goldens(), first.figures()
    if options.other_input and before["input"] == run.input_figures(logs):
        raise SystemExit("The input is that of the goldens: record them without --other-input.")
    found["continued"] = run.continued(logs, first)
    new = DERIVED - {name.split()[0] for name in before["outputs"]}
    others = run.without(first.sent, new)
    same = {
        "outputs": figures.of_outputs(others) == before["outputs"],
        "order": figures.of_order(others) == before["order"],
        "continued": found["continued"] == before.get("continued"),
        # Each state counts the records of a new topic too.
        "checkpoints": bool(new) or found["checkpoints"] == before["checkpoints"],
    }
    for part, version in VERSIONS.items():
        same_version = before.get(version) == found[version] and not options.other_input
        if not same[part] and same_version:
            raise SystemExit(f"{part} are not what they were. {files.ASK[part]}")
    files.write_goldens({"input": run.input_figures(logs), **found})
    for partition in files.SAVED_PARTITIONS:
        files.write_checkpoint(partition, first.checkpoints[world.RESTART_S][partition])


if __name__ == "__main__":
    main()
