"""What those who use this board are called, as their logins say, kept nowhere but in memory."""

from collections import OrderedDict
from typing import Final

from workers.access.principal import Principal

REMEMBERED: Final = 2_000
"""Logins whose names are remembered, the latest."""


class LoginNames:
    """Names of logins by their subjects. After a restart of the board they are learnt anew."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()

    def learn(self, caller: Principal) -> None:
        """Remember what somebody is called, where their login says it."""
        if not caller.name:
            return
        self._names[caller.subject] = caller.name
        self._names.move_to_end(caller.subject)
        if len(self._names) > REMEMBERED:
            self._names.popitem(last=False)

    def of(self, subject: str) -> str:
        """The name of a login; empty where it is not known."""
        return self._names.get(subject, "")
