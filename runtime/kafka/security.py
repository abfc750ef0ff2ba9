"""Certificates and passwords as the settings of Kafka clients."""

import ssl
from pathlib import Path
from typing import Any, Final

from runtime.process.security import KafkaSecurity

MECHANISM: Final = "SCRAM-SHA-512"
"""The broker keeps no password, and the wire carries none."""


def librdkafka(security: KafkaSecurity) -> dict[str, Any]:
    """Settings of librdkafka."""
    if security.protocol == "PLAINTEXT":
        return {}
    found: dict[str, Any] = {"security.protocol": security.protocol}
    if security.user:
        found |= {
            "sasl.mechanism": MECHANISM,
            "sasl.username": security.user,
            "sasl.password": security.secret,
        }
    if security.tls:
        found["ssl.endpoint.identification.algorithm"] = (
            "https" if security.check_hostname else "none"
        )
        for name, path in (
            ("ssl.ca.location", security.ca),
            ("ssl.certificate.location", security.certificate),
            ("ssl.key.location", security.key),
        ):
            if path is not None:
                found[name] = str(path)
        if security.key_password is not None:
            found["ssl.key.password"] = security.key_password.get_secret_value()
    return found


def tls_context(security: KafkaSecurity) -> ssl.SSLContext | None:
    """TLS context for a client in Python; None without TLS."""
    if not security.tls:
        return None
    context = ssl.create_default_context(cafile=_text(security.ca))
    context.check_hostname = security.check_hostname
    if security.certificate is not None:
        password = security.key_password
        context.load_cert_chain(
            security.certificate,
            security.key,
            None if password is None else password.get_secret_value(),
        )
    return context


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
