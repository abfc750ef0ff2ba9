"""Record the goldens again: `python -m tests.golden.record`.

What the stage sends and saves stays the same from release to release. Record it again only
with a new fold version or state version, and with an ADR that says why; a rename or a rebuild of
the code is no reason. Checkpoints of former state versions stay, and every later release reads
them.
"""

from tests.golden import files, run, world


def main() -> None:
    """Write `goldens.json`, and the checkpoint of this release's state version."""
    logs = world.detections()
    first = run.once_through(logs)
    before, found = files.read_goldens(), first.figures()
    for version, part in (("fold_version", "outputs"), ("state_version", "checkpoints")):
        if before[part] != found[part] and before.get(version) == found[version]:
            raise SystemExit(f"{part} are not what they were. {files.ASK[part]}")
    files.write_goldens({"input": run.input_figures(logs), **found})
    files.write_checkpoint(first.checkpoints[world.RESTART_S][files.SAVED_PARTITION])


if __name__ == "__main__":
    main()
