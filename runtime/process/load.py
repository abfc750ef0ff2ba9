"""Load the settings of a process, or refuse them in a sentence each."""

from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from runtime.process.refusal import SettingsRefused, messages
from runtime.process.settings import Settings, known_settings
from runtime.redaction import redacted


def load_settings(**given: Any) -> Settings:
    """The settings of this process.

    Args:
        given: Values that win over the environment and the file.

    Raises:
        SettingsRefused: Some cannot be used; a sentence for each names it and what is right.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsRefused("\n".join(messages(error, known_settings()))) from error
    except SettingsError as error:
        raise SettingsRefused(redacted(str(error))) from error
