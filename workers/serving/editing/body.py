"""Read the body of a request, up to a limit."""

from typing import Final

from starlette.requests import Request

from workers.serving.editing.refusals import BadRequest, TooLarge, WrongForm

MOST_BYTES: Final = 5 * 1024 * 1024
"""A larger body is refused, bytes."""

JSON: Final = "application/json"


async def body_of(request: Request) -> bytes:
    """The body of a request; it is not read further than it may be.

    Raises:
        TooLarge: It is larger than `MOST_BYTES`.
    """
    length = request.headers.get("content-length", "")
    too_large = TooLarge(f"the body is larger than {MOST_BYTES // 2**20} MiB; send it in parts")
    if length.isascii() and length.isdigit() and int(length[:20]) > MOST_BYTES:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def media_type(request: Request) -> str:
    """The media type of the body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def json_text(request: Request, body: bytes) -> str:
    """The body as the text of a JSON document.

    Raises:
        WrongForm: It says to be something else.
        BadRequest: It is not UTF-8.
    """
    if media_type(request) != JSON:
        raise WrongForm(f"send {JSON}")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: byte {error.start + 1} is wrong") from error
