"""`wardstream notify`: who is told of alerts, and whether that works."""

import os
import socket
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.process.names import variable_of
from runtime.process.service import run_service
from runtime.process.settings import Settings
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_error, print_json, print_lines, print_table, print_text
from workers.notifier.delivery.addresses import AddressRefused, resolve
from workers.notifier.delivery.destination import Destination, Mail
from workers.notifier.delivery.destinations import Destinations, read_destinations
from workers.notifier.delivery.message import receipt_key_of
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused
from workers.notifier.delivery.proxy import Proxy, judge, proxy_of
from workers.notifier.delivery.send import send
from workers.notifier.delivery.wording import TEST, trial_message
from workers.notifier.process import STAGE, run_notifier
from workers.registry.files import read_rows
from workers.registry.rule_rows import RuleRow

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Send alerts to people; check and try where they are sent.",
)

_FILE = "File of destinations; default: the setting delivery.destinations."
_LOOKUP_S = 5.0


@app.command()
def run() -> None:
    """Send alerts to whom they concern; one works, and others stand by."""
    raise typer.Exit(run_service(STAGE, run_notifier, read_settings()))


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help=_FILE)] = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="Rules as for `wardstream rule import`: name owners without any."),
    ] = None,
    look_up: Annotated[
        bool, typer.Option("--look-up", help="Resolve each host, and judge its addresses.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a file of destinations with the secrets that it names; nothing is sent.

    Ends with 1 when an owner of the rules has no destination, or a host has no address that may be
    used.
    """
    with exit_codes():
        settings = read_settings()
        destinations = _read(settings, file)
        rows = [_row(one) for one in destinations]
        if as_json:
            print_json(rows)
        elif not rows:
            print_text("there are no destinations: nobody is notified")
        else:
            print_table(list(rows[0]), [tuple(map(str, row.values())) for row in rows])
        faults = [] if rules is None else _without(destinations, rules, settings.watchdog.owner)
        if look_up:
            proxy = proxy_of(settings.delivery.proxy)
            faults += [fault for one in destinations if (fault := _unusable(one, proxy))]
        if as_json:
            print_json({"fault": fault} for fault in faults)
        else:
            print_lines(faults)
        if faults:
            raise typer.Exit(1)


@app.command("test")
def send_test(
    destination: Annotated[str, typer.Argument(help="Name of the destination.")],
    file: Annotated[Path | None, typer.Option(help=_FILE)] = None,
    as_json: Json = False,
) -> None:
    """Send one message that says that it is a test, and say what became of it.

    It is tried once. Ends with 75 when it may be received later, with 78 when something must be
    changed first.
    """
    with exit_codes():
        settings, clock = read_settings(), SystemClock()
        destinations = _read(settings, file)
        found = destinations.named(destination)
        if found is None:
            names = ", ".join(one.name for one in destinations)
            raise Stop(f"no destination is called {destination!r}; there are {names}")
        key = receipt_key_of(f"trial/{uuid4()}", clock.now_us(), TEST, found.name)
        owner = ", ".join(one for one in found.owners if one != "*")
        message = trial_message(found.name, owner, found.route, key, clock.now_us())
        started_s = clock.monotonic_s()
        outcome = send(
            message,
            found,
            clock,
            settings.delivery.answer_s,
            proxy=proxy_of(settings.delivery.proxy),
        )
        took_s = clock.monotonic_s() - started_s
    _report(found, outcome, took_s, as_json=as_json)


def _read(settings: Settings, file: Path | None) -> Destinations:
    path = file or settings.delivery.destinations
    if path is None:
        raise Stop(f"give a file of destinations, or set {variable_of('delivery.destinations')}")
    return read_destinations(path, os.environ)


def _row(destination: Destination) -> dict[str, Any]:
    channel = destination.channel
    if isinstance(channel, Mail):
        proofs = ["login"] if channel.user else []
    else:
        proofs = ["signature"] if channel.keys else []
        proofs += ["token"] if channel.token else []
    return {
        "name": destination.name,
        "kind": destination.kind,
        "route": destination.route.lower(),
        "owners": ", ".join(destination.owners),
        "where": destination.shown,
        "proof": ", ".join(proofs) or "-",
        "allow": ", ".join(map(str, destination.allowed)) or "-",
    }


def _without(destinations: Destinations, rules: Path, operators: str) -> list[str]:
    """A line for each owner of the rules, and who runs the machine, whom no message would reach."""
    missing: dict[str, list[str]] = {}
    for row in read_rows(rules, RuleRow):
        for owner in filter(None, (row.owner, row.escalate_to)):
            if not destinations.of(owner, "WARD"):
                missing.setdefault(owner, []).append(row.rule_id)
    faults = [f"no destination for {owner!r} ({', '.join(ids)})" for owner, ids in missing.items()]
    if operators and not destinations.of(operators, "OPERATIONS"):
        faults.append(f"no destination of the route operations for {operators!r}")
    return faults


def _unusable(destination: Destination, proxy: Proxy | None) -> str:
    """Why no address of a destination may be used now; empty when one may.

    What is reached through the proxy need not be resolved here.
    """
    channel = destination.channel
    host, port = (
        (channel.host, channel.port)
        if isinstance(channel, Mail)
        else (channel.address.host, channel.address.port)
    )
    by_proxy = proxy is not None and not destination.allowed and not isinstance(channel, Mail)
    try:
        if by_proxy:
            judge(host, port, _LOOKUP_S, socket.getaddrinfo)
        else:
            resolve(host, port, destination.allowed, _LOOKUP_S, socket.getaddrinfo)
    except (AddressRefused, Retry) as error:
        return f"{destination.name}: {error}"
    return ""


def _report(destination: Destination, outcome: Outcome, took_s: float, *, as_json: bool) -> None:
    """Say what became of a message.

    Raises:
        typer.Exit: It was not received.
    """
    received = isinstance(outcome, Receipt)
    code = 0 if received else EXIT_STOP if isinstance(outcome, Refused) else EXIT_REPLAY
    result = {0: "received", EXIT_STOP: "refused", EXIT_REPLAY: "not received now"}[code]
    detail = outcome.detail if isinstance(outcome, Receipt) else outcome.reason
    if as_json:
        row = {"destination": destination.name, "result": result, "detail": detail}
        print_json([{**row, "took_s": round(took_s, 3)}])
    else:
        line = f"{destination.name}: {result}: {detail} ({took_s:.1f} s)"
        if received:
            print_text(line)
        else:
            print_error(line)
    if code:
        raise typer.Exit(code)
