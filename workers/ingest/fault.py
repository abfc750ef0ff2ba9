"""What is wrong with one camera, so that the others go on."""

from runtime.errors import EXIT_STOP, Stop


class CameraFault(Stop):
    """One camera cannot be served as it is registered.

    It ends a process that was given its cameras and sources. One that follows the registry goes on
    with its other cameras, and tries this one again.

    Args:
        message: What is wrong, and what to do; without credentials.
        field: Field of the camera that has to be corrected.
        exit_code: Exit code of a process that it ends.
    """

    def __init__(self, message: str, *, field: str, exit_code: int = EXIT_STOP) -> None:
        super().__init__(message, exit_code=exit_code)
        self.field = field
