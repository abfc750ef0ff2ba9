"""Structured logs: one event per line, with the ids of its camera and frame, without secrets."""

import logging
import sys
import threading

import structlog

from runtime.process.settings import Settings
from runtime.redaction import redacted, redacted_value


def configure_logging(settings: Settings, stage: str) -> None:
    """Send every log line of this process to standard error, tagged with its stage."""
    level = getattr(logging, settings.log_level.upper())
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    threading.excepthook = _log_uncaught
    structlog.contextvars.bind_contextvars(stage=stage)


def _redact(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {key: redacted_value(value) for key, value in event.items()}


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def _log_uncaught(caught: threading.ExceptHookArgs) -> None:
    name = None if caught.thread is None else caught.thread.name
    structlog.get_logger(__name__).error(
        "thread.crash", thread=name, exc_info=caught.exc_value or caught.exc_type
    )
