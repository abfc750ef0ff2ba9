"""`wardstream audit verify|anchor|report`."""

from typing import Annotated

import typer

from runtime.errors import Stop
from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.process.service import Service, run_service
from runtime.process.user import user_name
from runtime.storage.objects import ObjectStore
from workers.audit.anchor import Anchor
from workers.audit.anchoring import AuditAltered, add_anchor, run_anchoring, verify
from workers.audit.report import as_report
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_error, print_json, print_text

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Check the audit, and keep copies of its heads where nobody can delete them.",
)

Anchors = Annotated[
    str | None,
    typer.Option("--anchors", metavar="URL", help="Where anchors are; default: audit.anchors_url."),
]


@app.command("verify")
def verify_(
    anchors: Anchors = None,
    printed: Annotated[
        str | None,
        typer.Option(
            metavar="SHA256", help="Digest on a printed report: its anchor must be there."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that the audit is as it was written; each change to it is one sentence.

    Only anchors find for certain that a chain was cut at its end, rewritten whole or dropped.
    """
    with exit_codes():
        url = anchors or read_settings().audit.anchors_url
        store = ObjectStore(url) if url else None
        held, known, faults = verify(open_cluster(), store)
        if printed is not None:
            if store is None:
                raise Stop("--printed needs --anchors")
            if printed.strip().lower() not in {anchor.sha256 for anchor in known}:
                faults.append(f"no anchor has the printed digest {printed.strip()}")
    chains = len({entry["chain_id"] for entry in held.entries})
    if as_json:
        counts = {"entries": len(held.entries), "chains": chains, "anchors": len(known)}
        print_json([{**counts, "faults": faults}])
    else:
        for fault in faults:
            print_error(fault)
        until = f"anchored until {known[-1].day}" if known else "compared with no anchor"
        outcome = f"{len(faults)} faults" if faults else "as it was written"
        typer.echo(f"{len(held.entries)} entries in {chains} chains, {until}: {outcome}")
    raise typer.Exit(1 if faults else 0)


@app.command()
def anchor(
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="s3:// or file://; default: audit.anchors_url."),
    ] = None,
    daily: Annotated[
        bool, typer.Option("--daily", help="Stay, and anchor every audit.anchor_every_s.")
    ] = False,
) -> None:
    """Verify the audit and write its heads where this principal may not delete them."""
    settings = read_settings()
    url = to or settings.audit.anchors_url
    if daily:
        raise typer.Exit(run_service("anchor", lambda service: _daily(service, url), settings))
    with exit_codes():
        try:
            made = add_anchor(open_cluster(), _store(url), user_name())
        except AuditAltered as error:
            for fault in error.faults:
                print_error(fault)
            raise typer.Exit(1) from error
    typer.echo(_line(made))


@app.command()
def report(anchors: Anchors = None) -> None:
    """Print the newest anchor with the heads of its chains, for paper or mail.

    Who keeps the digest elsewhere can later prove by `verify --printed` that nothing before it
    was changed.
    """
    with exit_codes():
        store = _store(anchors or read_settings().audit.anchors_url)
        held, known, faults = verify(open_cluster(), store)
    print_text("\n".join(as_report(held.entries, known, faults)))
    raise typer.Exit(1 if faults else 0)


def _store(url: str) -> ObjectStore:
    if not url:
        raise Stop(
            "say where anchors are: --to URL, --anchors URL or WARDSTREAM_AUDIT__ANCHORS_URL"
        )
    return ObjectStore(url)


def _daily(service: Service, url: str) -> None:
    cluster = Cluster.of(service.settings, service.clock)
    check_access(cluster, rights_of("anchor"))
    every_s = service.settings.audit.anchor_every_s
    run_anchoring(service, cluster, _store(url), "wardstream-anchor", every_s=every_s)


def _line(made: Anchor) -> str:
    chains = len(made.heads)
    return f"anchor {made.number} of {made.day}: {chains} chains have grown, SHA-256 {made.sha256}"
