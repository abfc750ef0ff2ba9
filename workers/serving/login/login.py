"""Everything that logs in, put together for one board."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from starlette.responses import Response

from runtime.clock import Clock
from runtime.process.login import KEY_BYTES, LoginSettings, decoded
from runtime.process.names import variable_of
from runtime.process.sections import ServingSettings
from workers.audit.recorder import Recorder
from workers.serving.live.state import connect
from workers.serving.login.audit import LoginAudit
from workers.serving.login.authenticate import LoginAuthenticator
from workers.serving.login.background import Background
from workers.serving.login.checks import check_login
from workers.serving.login.cookies import Cookies
from workers.serving.login.entrance import Entrance
from workers.serving.login.keys import Keys
from workers.serving.login.provider import Provider
from workers.serving.login.refreshing import Refresher
from workers.serving.login.revoking import Revoker
from workers.serving.login.sealing import Sealer
from workers.serving.login.session import Session
from workers.serving.login.sessions import SessionStore
from workers.serving.login.tokens import TokenChecker
from workers.serving.login.wall import WallEntrance

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 2.0
"""Redis counts as out of reach after this, s."""

CALLBACK = "login/callback"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """The parts of the logins of one board.

    Attributes:
        public_url: Where browsers reach the board, with `/` at its end.
        provider: The provider.
        checker: Judges its tokens.
        store: The sessions.
        cookies: Names of the cookies.
        entrance: Logs people in.
        walls: Logs wall displays in.
        authenticator: Tells who sends a request.
        audit: Where logins are recorded.
        background: Work that outlives requests.
        redis: Connection to the sessions.
        revoker: Ends logins at the provider.
    """

    public_url: str
    provider: Provider
    checker: TokenChecker
    store: SessionStore
    cookies: Cookies
    entrance: Entrance
    walls: WallEntrance
    authenticator: LoginAuthenticator
    audit: LoginAudit
    background: Background
    redis: Redis
    revoker: Revoker

    async def open(self, session: Session, response: Response) -> None:
        """Begin a session, and let the browser keep its cookie.

        Raises:
            Retry: Redis is away.
        """
        cookie, key = await self.store.create(session)
        left_s = (session.limit_us - session.started_us) / 1e6
        self.cookies.put(response, self.cookies.session, cookie, left_s)
        self.audit.started(session, key)

    async def end(self, key: str, session: Session, *, by: str, why: str) -> None:
        """End a session here, and then at the provider, which is tried for minutes.

        The access tokens of its login are refused from now on, whoever holds them.

        Args:
            key: Its key.
            session: The session.
            by: Subject of who ends it.
            why: How it ends, for the audit.

        Raises:
            Retry: Redis is away; the session goes on.
        """
        await self.store.end_tokens(session.sid, session.sub)
        await self.store.end(key)
        self.audit.ended(session, key, by=by, why=why)
        self.revoker.revoke(session)

    async def close(self) -> None:
        """Let what is nearly done end, and close the connections."""
        await self.background.close()
        await self.provider.close()
        await self.redis.aclose()


def login_of(
    settings: LoginSettings,
    serving: ServingSettings,
    *,
    redis_url: str,
    prefix: str,
    url: str,
    recorder: Recorder,
    clock: Clock,
) -> Login | None:
    """The logins of a board; None where no provider is configured.

    Args:
        settings: Settings of the logins.
        serving: Settings of the board.
        redis_url: Where sessions are kept; may hold a password.
        prefix: Prefix of every key in Redis.
        url: Where the board listens.
        recorder: The audit.
        clock: Source of the time.

    Raises:
        Stop: As `check_login`.
    """
    check_login(settings, serving)
    if settings.issuer is None:
        return None
    public_url = (settings.public_url or url).rstrip("/") + "/"
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
    provider = Provider(settings.issuer, settings.client_id, secret, clock, settings.ca)
    checker = TokenChecker(
        Keys(provider.key_set, clock),
        issuer=settings.issuer,
        client_id=settings.client_id,
        audience=settings.audience,
        algorithms=settings.algorithm_names,
        skew_s=settings.skew_s,
        clock=clock,
    )
    redis = connect(redis_url, answer_within_s=ANSWER_WITHIN_S)
    sealer = Sealer(_key(settings))
    store = SessionStore(redis, prefix, sealer, settings.session_idle_s, clock)
    background = Background()
    audit = LoginAudit(recorder, background, clock)
    cookies = Cookies(https=public_url.startswith("https://"))
    revoker = Revoker(provider, background, settings.wall_client_id)
    refresher = Refresher(
        provider,
        checker,
        store,
        background,
        revoker,
        roles_claim=settings.roles_claim,
        wall_client_id=settings.wall_client_id,
        clock=clock,
    )
    return Login(
        public_url=public_url,
        provider=provider,
        checker=checker,
        store=store,
        cookies=cookies,
        entrance=Entrance(
            provider,
            checker,
            sealer,
            store,
            redirect_uri=public_url + CALLBACK,
            scopes=settings.scopes,
            roles_claim=settings.roles_claim,
            session_max_s=settings.session_max_s,
            clock=clock,
        ),
        walls=WallEntrance(
            provider,
            checker,
            sealer,
            client_id=settings.wall_client_id,
            scopes=settings.wall_scopes,
            roles_claim=settings.roles_claim,
            session_max_s=settings.wall_session_max_s,
            clock=clock,
        ),
        authenticator=LoginAuthenticator(
            sealer=sealer,
            cookies=cookies,
            store=store,
            refresher=refresher,
            checker=checker,
            audit=audit,
            issuer=settings.issuer,
            roles_claim=settings.roles_claim,
            wall_client_id=settings.wall_client_id,
            refresh_s=settings.refresh_s,
            skew_s=settings.skew_s,
            origin=origin_of(public_url),
            clock=clock,
        ),
        audit=audit,
        background=background,
        redis=redis,
        revoker=revoker,
    )


def origin_of(url: str) -> str:
    """The origin of a URL.

    >>> origin_of("https://ward.example/board/")
    'https://ward.example'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _key(settings: LoginSettings) -> bytes:
    if settings.session_key is not None:
        return decoded(settings.session_key)
    log.warning(
        "login.session_key_made",
        effect="sessions end with this process",
        set=variable_of("login.session_key"),
    )
    return secrets.token_bytes(KEY_BYTES)
