"""Why a video cannot be opened, in words."""

import av
from av.error import FFmpegError


def reason_of(error: FFmpegError | OSError) -> str:
    """Why opening failed, as text.

    Args:
        error: What FFmpeg or the system raised.
    """
    if isinstance(error, av.error.InvalidDataError):
        return "it is no video, or it was cut before its index was written"
    return str(error.strerror or error or "no reason is known")
