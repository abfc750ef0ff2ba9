"""The file of destinations: who gets the messages of whose rules, and how.

A list of mappings in YAML. Secrets stand in files or environment variables that it names; each
fault is named with its line and field, and no message shows a secret.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import SecretStr, ValidationError

from runtime.errors import Stop
from workers.notifier.delivery.connection import tls_context
from workers.notifier.delivery.destination import Destination, Mail, Web, web_address
from workers.notifier.delivery.destination_row import REST, DestinationRow
from workers.notifier.delivery.message import Route
from workers.notifier.delivery.signature import key_of
from workers.notifier.delivery.template import Template, TemplateRefused, read_template, shipped
from workers.registry.encoding import decode
from workers.registry.mappings import read_yaml
from workers.registry.tables import BadTable, Entry

Value = TypeVar("Value")

_MOST_BYTES: Final = 1024 * 1024
_MOST_SECRET: Final = 8192
_MOST_KEYS: Final = 4
_MAIL_PORTS: Final = {"tls": 465, "starttls": 587, "none": 25}
_OF_IMPORTS, _OF_THIS = "field of this import", "field of a destination"


class Destinations:
    """Destinations by owner and route.

    Args:
        destinations: All of them.
    """

    def __init__(self, destinations: Iterable[Destination]) -> None:
        self._by_name = {one.name: one for one in destinations}

    def __iter__(self) -> Iterator[Destination]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Destination | None:
        """The destination of a name; None when there is none."""
        return self._by_name.get(name)

    def of(self, owner: str, route: Route) -> tuple[Destination, ...]:
        """Where the messages of an owner go; nowhere when nobody is named and none takes the rest.

        Args:
            owner: As a rule names it; case and spaces do not count.
            route: To whom the message is.
        """
        of_route = [one for one in self if one.route == route]
        wanted = _plain(owner)
        own = [one for one in of_route if wanted in map(_plain, one.owners)]
        return tuple(own or [one for one in of_route if one.owners == (REST,)])


def read_destinations(path: Path, environment: Mapping[str, str]) -> Destinations:
    """Read and check a file of destinations, with the secrets that it names.

    Args:
        path: The file; paths in it start at its folder. An empty list is nobody.
        environment: Environment variables.

    Raises:
        Stop: It cannot be used; each line of the message names file, line, field and reason.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
    except OSError as error:
        raise Stop(f"{path}: cannot be read: {error.strerror or error}") from error
    if data is None:
        raise Stop(f"{path}: larger than {_MOST_BYTES // 2**20} MiB")
    try:
        text = decode(data).text
        if _is_empty(text):
            return Destinations([])
        entries = read_yaml(text, list(DestinationRow.model_fields))
    except (BadTable, ValueError) as error:
        raise Stop(f"{path.name} {error}") from error
    faults: list[str] = []
    found: dict[str, Destination] = {}
    for entry, lines in zip(entries, _rows_of_fields(text), strict=True):
        made, wrong = _made(entry, path.parent, environment)
        if made is not None and made.name in found:
            wrong.append(("name", "another destination has it"))
        elif made is not None:
            found[made.name] = made
        faults += [
            f"{path.name} line {lines.get(name, lines[''])}: {name or 'entry'}: {reason}"
            for name, reason in wrong
        ]
    if faults:
        raise Stop("\n".join(dict.fromkeys(faults)))
    return Destinations(found.values())


def _is_empty(text: str) -> bool:
    """Whether a file says that nobody is notified: it is an empty list."""
    try:
        return bool(yaml.safe_load(text) == [])
    except yaml.YAMLError:
        return False


def _plain(owner: str) -> str:
    return " ".join(owner.split()).casefold()


def _rows_of_fields(text: str) -> list[dict[str, int]]:
    """Line of each field of each entry, by its name; that of the entry under an empty name."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    return [
        {"": row.start_mark.line + 1}
        | {str(key.value).strip(): key.start_mark.line + 1 for key, _ in row.value}
        for row in root.value
    ]


def _made(
    entry: Entry, folder: Path, environment: Mapping[str, str]
) -> tuple[Destination | None, list[tuple[str, str]]]:
    """A destination of an entry, and what is wrong with it: field and reason."""
    faults = [
        (field, reason.replace(_OF_IMPORTS, _OF_THIS).partition(" (line ")[0])
        for field, reason in entry.faults
    ]
    given = {name: value for name, value in entry.values.items() if value not in ("", None)}
    try:
        row = DestinationRow.model_validate(given)
    except ValidationError as error:
        return None, faults + [_fault(one) for one in error.errors(include_url=False)]
    if faults:
        return None, faults
    return _Making(row, folder, environment, faults).destination(), faults


def _fault(error: Any) -> tuple[str, str]:
    field = ".".join(str(part) for part in error["loc"][:1])
    if error["type"] == "missing":
        return field, "is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    first, colon, rest = message.partition(": ")
    if not field and colon and first in DestinationRow.model_fields:
        return first, rest
    return field, message.replace("Input should be", "must be")


class _Making:
    """Makes a destination of a row, and notes what is wrong with files and secrets."""

    def __init__(
        self,
        row: DestinationRow,
        folder: Path,
        environment: Mapping[str, str],
        faults: list[tuple[str, str]],
    ) -> None:
        self._row, self._folder, self._environment = row, folder, environment
        self._faults = faults

    def destination(self) -> Destination | None:
        """The destination; None when something is wrong."""
        row = self._row
        channel = self._mail() if row.kind == "mail" else self._web()
        context = self._noting("ca", self._context)
        if self._faults or channel is None or context is None:
            return None
        return Destination(
            name=row.name,
            kind=row.kind,
            route=row.route,
            owners=tuple(row.owners),
            channel=channel,
            allowed=tuple(row.allow),
            context=context,
        )

    def _web(self) -> Web | None:
        row = self._row
        url_field = "url" if row.url else self._field_of("url")
        url = row.url or self._secret("url") or ""
        address = self._noting(url_field, lambda: web_address(url)) if url else None
        if address is not None and not address.encrypted and not row.allow:
            self._faults.append((url_field, "begins with http://: list its address under allow"))
        keys = self._noting(self._field_of("secret"), self._keys)
        token = self._secret("token")
        if token is not None and not _is_plain(token):
            self._faults.append((self._field_of("token"), "holds a space or another character"))
        template = self._noting("template", self._template)
        if address is None or template is None or keys is None:
            return None
        return Web(
            address=address,
            template=template,
            keys=keys,
            token=None if token is None else SecretStr(token),
            scheme=row.auth_scheme,
            topic=row.topic,
        )

    def _mail(self) -> Mail:
        row = self._row
        password = self._secret("password")
        for name, value in (("user", row.user), (self._field_of("password"), password or "")):
            if value and not (value.isascii() and value.isprintable()):
                self._faults.append((name, "holds a character that is no printable ASCII"))
        if row.encryption == "none" and not row.allow:
            self._faults.append(
                ("encryption", "is none: list the mail server's address under allow")
            )
        return Mail(
            host=row.host,
            port=row.port or _MAIL_PORTS[row.encryption],
            encryption=row.encryption,
            sender=row.sender,
            recipient=row.recipient,
            user=row.user,
            password=None if password is None else SecretStr(password),
        )

    def _context(self) -> ssl.SSLContext:
        try:
            return tls_context(self._folder / self._row.ca if self._row.ca else None)
        except (OSError, ValueError) as error:
            raise ValueError(f"{self._row.ca} is no file of certificates (PEM)") from error

    def _template(self) -> Template:
        if self._row.kind != "template":
            return shipped(self._row.kind)
        path = self._folder / self._row.template
        try:
            return read_template(path.read_bytes())
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        except TemplateRefused as error:
            raise ValueError(
                "; ".join(f"{path.name} {one}" for one in str(error).splitlines())
            ) from error

    def _keys(self) -> tuple[bytes, ...]:
        secrets = (self._secret("secret") or "").split()
        if len(secrets) > _MOST_KEYS:
            raise ValueError(f"holds more than {_MOST_KEYS} secrets")
        return tuple(key_of(secret) for secret in secrets)

    def _field_of(self, secret: str) -> str:
        return f"{secret}_env" if getattr(self._row, f"{secret}_env") else f"{secret}_file"

    def _secret(self, name: str) -> str | None:
        """A secret; None when the row names none, or when a fault was noted."""
        file, variable = getattr(self._row, f"{name}_file"), getattr(self._row, f"{name}_env")
        if not file and not variable:
            return None
        return self._noting(self._field_of(name), lambda: self._read(file, variable))

    def _read(self, file: str, variable: str | None) -> str:
        if variable:
            secret = self._environment.get(variable, "")
            named = f"the environment variable {variable}"
        else:
            named = str(self._folder / file)
            try:
                with (self._folder / file).open("rb") as opened:
                    secret = opened.read(_MOST_SECRET + 1).decode("utf-8-sig")
            except UnicodeDecodeError:
                raise ValueError(f"{named} is not UTF-8") from None
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or "no such path"
                raise ValueError(f"{named} cannot be read: {why}") from error
        secret = secret.strip()
        if not secret:
            raise ValueError(f"{named} is empty")
        if len(secret) > _MOST_SECRET:
            raise ValueError(f"{named} is longer than {_MOST_SECRET} characters")
        return secret

    def _noting(self, field: str, make: Callable[[], Value]) -> Value | None:
        try:
            return make()
        except ValueError as error:
            self._faults.append((field, str(error)))
            return None


def _is_plain(token: str) -> bool:
    return all("!" <= char <= "~" for char in token)
