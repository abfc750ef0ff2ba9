"""What the provider answers, as far as the board uses it."""

from pydantic import BaseModel, ConfigDict


class Metadata(BaseModel):
    """What the board uses of the discovery document (OpenID Connect Discovery 1.0)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    revocation_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


class Tokens(BaseModel):
    """Answer of the token endpoint."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: str = ""
    id_token: str = ""
    refresh_token: str = ""
    expires_in: float = 60.0


class DeviceCode(BaseModel):
    """Answer of the device authorisation endpoint (RFC 8628)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: float = 600.0
    interval: float = 5.0
