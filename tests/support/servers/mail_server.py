"""A mail server that takes mail by SMTP, and refuses or misbehaves on request."""

import base64
import socketserver
import ssl
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import NamedTuple, Self

from deploy.local.certificates import Certificate


class Taken(NamedTuple):
    """A mail that was taken.

    Attributes:
        sender: Sender of the envelope.
        recipients: Recipients of the envelope.
        data: The mail, as it came.
        encrypted: Whether it came by TLS.
        user: Who logged in; empty for nobody.
    """

    sender: str
    recipients: list[str]
    data: bytes
    encrypted: bool
    user: str

    @property
    def mail(self) -> EmailMessage:
        """The mail, read."""
        found = message_from_bytes(self.data, policy=default)
        assert isinstance(found, EmailMessage)
        return found


class MailServer:
    """Serves in threads while the block runs.

    Args:
        identity: Certificate for TLS; None for none.
        from_start: Whether TLS begins with the connection, in place of STARTTLS.
        login: User and password that may log in; None for no logins.

    Attributes:
        taken: Mails that were taken, in order.
        answers: Answers by command, in place of the usual one; DATA is that after the mail. An
            empty one leaves the command without any.
        mechanism: How it lets clients log in.
        host: Its address.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        identity: Certificate | None = None,
        *,
        from_start: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.taken: list[Taken] = []
        self.answers: dict[str, bytes] = {}
        self.login = login
        self.mechanism = b"PLAIN"
        self.ended = threading.Event()
        self.context: ssl.SSLContext | None = None
        self.from_start = from_start
        if identity is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(identity.certificate, identity.key)
        mail_server = self

        class Bound(_Session):
            server_of = mail_server

        self._server = _Server((self.host, 0), Bound)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Show nothing: a client that breaks off is what many tests are about."""


class _Session(socketserver.StreamRequestHandler):
    server_of: MailServer
    disable_nagle_algorithm = True

    def setup(self) -> None:
        context = self.server_of.context
        self.encrypted = self.server_of.from_start
        if self.encrypted:
            assert context is not None
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self._sender, self._user = "", ""
        self._recipients: list[str] = []
        self._reply("CONNECT", b"220 mail.test ready")
        while read := self.rfile.readline():  # another file once it is encrypted
            command = read.decode("ascii").rstrip("\r\n")
            word = command.partition(" ")[0].upper()
            if word == "QUIT":
                self._reply(word, b"221 bye")
                return
            self._serve(word, command)

    def _serve(self, word: str, command: str) -> None:
        if word == "EHLO":
            offers = [b"mail.test"]
            if self.server_of.context is not None and not self.encrypted:
                offers.append(b"STARTTLS")
            if self.server_of.login is not None:
                offers.append(b"AUTH " + self.server_of.mechanism)
            lines = [b"250-" + one for one in offers[:-1]] + [b"250 " + offers[-1]]
            self._reply(word, b"\r\n".join(lines))
        elif word == "STARTTLS":
            self._reply(word, b"220 go on")
            assert self.server_of.context is not None
            self.request = self.server_of.context.wrap_socket(self.request, server_side=True)
            self.rfile = self.request.makefile("rb")
            self.wfile = socketserver._SocketWriter(self.request)  # type: ignore[attr-defined]
            self.encrypted = True
        elif word == "AUTH":
            if word in self.server_of.answers:
                self._reply(word, b"")
                return
            _, user, password = base64.b64decode(command.split()[2]).decode().split("\0")
            good = (user, password) == self.server_of.login
            self._user = user if good else ""
            self._reply(word, b"235 welcome" if good else b"535 wrong password")
        elif word == "MAIL":
            self._sender = command.partition("<")[2].partition(">")[0]
            self._reply(word, b"250 ok")
        elif word == "RCPT":
            self._recipients.append(command.partition("<")[2].partition(">")[0])
            self._reply(word, b"250 ok")
        elif word == "DATA":
            self._take()
        else:
            self._reply(word, b"250 ok")

    def _take(self) -> None:
        self.wfile.write(b"354 go on\r\n")
        lines = []
        for line in iter(self.rfile.readline, b".\r\n"):
            if not line:
                return
            lines.append(line.removeprefix(b"."))
        taken = Taken(self._sender, self._recipients, b"".join(lines), self.encrypted, self._user)
        self.server_of.taken.append(taken)
        self._reply("DATA", b"250 taken")

    def _reply(self, word: str, usual: bytes) -> None:
        answer = self.server_of.answers.get(word, usual)
        if not answer:
            self.server_of.ended.wait(30)
            return
        self.wfile.write(answer + b"\r\n")
