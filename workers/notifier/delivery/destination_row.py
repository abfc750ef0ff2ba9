"""One entry of the file of destinations, field by field."""

import ipaddress
import re
from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from workers.notifier.delivery.addresses import Network, check_host
from workers.notifier.delivery.destination import Encryption, Kind
from workers.notifier.delivery.message import Route
from workers.registry import text, values
from workers.registry.text import one_of

_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SCHEME = re.compile(r"[A-Za-z0-9-]{1,30}")
_MOST_OWNERS: Final = 100

REST: Final = "*"
"""Owner of a destination for messages whose owner has no other."""

OF_WEB: Final = (
    *("url", "url_file", "url_env", "token_file", "token_env", "auth_scheme"),
    *("secret_file", "secret_env"),
)
OF_MAIL: Final = (
    *("host", "port", "encryption", "sender", "recipient"),
    *("user", "password_file", "password_env"),
)
OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "webhook": OF_WEB,
    "ntfy": (*OF_WEB, "topic"),
    "slack": OF_WEB,
    "teams": OF_WEB,
    "template": (*OF_WEB, "topic", "template"),
    "mail": OF_MAIL,
}
"""Fields of each kind, beside those of all."""

OF_ALL: Final = ("name", "kind", "route", "owners", "allow", "ca")


def _networks(value: Any) -> list[Network]:
    found: list[Network] = []
    for one in values.listed(value):
        try:
            network = ipaddress.ip_network(str(one))
        except ValueError as error:
            raise ValueError(
                f"{text.shown(one)} is no address and no network such as 10.20.0.0/24"
            ) from error
        if network.prefixlen == 0:
            raise ValueError(f"{network} is every address: list those that are meant")
        found.append(network)
    return found


def _owners(value: Any) -> list[str]:
    """Owners as rules name them; one may be given alone, with its spaces."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError("is no list of owners, as rules name them")
    found = list(dict.fromkeys(text.name(one) for one in given if one.strip()))
    if REST in found and len(found) > 1:
        raise ValueError(f"{REST} stands alone: it takes what no other destination does")
    return found


def _matching(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"{text.shown(value)} is not {what}")
        return value

    return BeforeValidator(check)


def _variable(value: Any) -> str:
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise ValueError("is no name of an environment variable; write its name, not its value")
    if value.upper().startswith("WARDSTREAM_"):
        raise ValueError("begins with WARDSTREAM_, as settings alone do: give it another name")
    return value


def _host(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is no name of a host")  # noqa: TRY004 - pydantic reports it
    try:
        return check_host(value)
    except ValueError as error:
        raise ValueError(str(error).removeprefix("its host ")) from error


def _mailbox(value: Any) -> str:
    """An address that a header of a mail and a command of SMTP can hold as it is."""
    try:
        good = _MAILBOX.fullmatch(value) and Address(addr_spec=value).addr_spec == value
    except (TypeError, ValueError, MessageError):
        good = False
    if not good:
        raise ValueError(f"{text.shown(value)} is not an address such as ward-3@hospital.example")
    return str(value)


Mailbox = Annotated[str, BeforeValidator(_mailbox)]
Variable = Annotated[str, BeforeValidator(_variable)]


class DestinationRow(BaseModel):
    """A destination as it is written; secrets are named by file or environment variable."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    name: Annotated[str, BeforeValidator(text.identity)]
    kind: Annotated[Kind, BeforeValidator(lambda value: _word(value, "a kind", *OF_KIND))]
    route: Annotated[Route, BeforeValidator(one_of("a route", "WARD", "OPERATIONS"))] = "WARD"
    owners: Annotated[
        list[str], BeforeValidator(_owners), Field(min_length=1, max_length=_MOST_OWNERS)
    ]
    allow: Annotated[list[Any], BeforeValidator(_networks)] = []
    ca: str = ""

    url: str = ""
    url_file: str = ""
    url_env: Variable | None = None
    token_file: str = ""
    token_env: Variable | None = None
    auth_scheme: Annotated[str, _matching(_SCHEME, "a word such as Bearer")] = "Bearer"
    secret_file: str = ""
    secret_env: Variable | None = None
    topic: Annotated[str, _matching(_TOPIC, "1 to 64 of A-Z a-z 0-9 _ -")] = ""
    template: str = ""

    host: Annotated[str, BeforeValidator(_host)] = ""
    port: Annotated[int, BeforeValidator(values.whole), Field(ge=1, le=65535)] | None = None
    encryption: Annotated[
        Encryption,
        BeforeValidator(lambda value: _word(value, "an encryption", "tls", "starttls", "none")),
    ] = "starttls"
    sender: Mailbox = ""
    recipient: Mailbox = ""
    user: str = ""
    password_file: str = ""
    password_env: Variable | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "DestinationRow":
        given = self.model_fields_set
        fields = {*OF_ALL, *OF_KIND[self.kind]}
        for name in sorted(given - fields):
            raise ValueError(f"{name}: means nothing for the kind {self.kind}")
        for secret in ("url", "token", "secret", "password"):
            if {f"{secret}_file", f"{secret}_env"} <= given:
                raise ValueError(f"{secret}_env: {secret}_file is given too; give one")
        if self.kind == "mail":
            self._is_mail()
        else:
            self._is_web()
        return self

    def _is_mail(self) -> None:
        for name in ("host", "sender", "recipient"):
            if not getattr(self, name):
                raise ValueError(f"{name}: is missing")
        has_password = bool(self.password_file or self.password_env)
        if bool(self.user) != has_password:
            raise ValueError("user: goes with password_file or password_env")
        if self.user and self.encryption == "none":
            raise ValueError("encryption: is none, and a password would be sent in the clear")

    def _is_web(self) -> None:
        ways = [name for name in ("url", "url_file", "url_env") if name in self.model_fields_set]
        if len(ways) != 1:
            raise ValueError("url: give one of url, url_file and url_env")
        if self.kind in {"slack", "teams"} and ways == ["url"]:
            raise ValueError(
                f"url: is a secret for {self.kind}: give url_file or url_env, and make a new URL "
                "if this file was read by others"
            )
        if self.kind == "ntfy" and not self.topic:
            raise ValueError("topic: is missing")
        if self.kind == "template" and not self.template:
            raise ValueError("template: is missing")


def _word(value: Any, what: str, *known: str) -> str:
    return one_of(what, *(one.upper() for one in known))(value).lower()
