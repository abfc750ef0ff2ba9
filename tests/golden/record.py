"""Record the goldens again: `python -m tests.golden.record`.

What the stage sends and saves stays the same from release to release. Record it again only with a
new state version or a new schema, and with an ADR that says why; a rename or a rebuild of the code
is no reason. Checkpoints of former state versions stay, and are read by every later release.
"""

from tests.golden import files, run, world


def main() -> None:
    """Write `goldens.json`, and the checkpoint of this release's state version."""
    logs = world.detections()
    first = run.once_through(logs)
    files.write_goldens({"input": run.input_figures(logs), **first.figures()})
    files.write_checkpoint(first.checkpoints[world.RESTART_S][files.SAVED_PARTITION])


if __name__ == "__main__":
    main()
