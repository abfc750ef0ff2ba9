"""What the rows of every kind have in common, and the forms of fields that several kinds have."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from schemas.topics import Topic
from workers.registry import text, values

Identity = Annotated[str, BeforeValidator(text.identity)]
Name = Annotated[str, BeforeValidator(text.name)]
TimeZone = Annotated[str, BeforeValidator(values.time_zone)]
Whole = Annotated[int, BeforeValidator(values.whole)]
Identities = Annotated[list[Identity], BeforeValidator(values.listed), Field(max_length=1000)]


class Row(BaseModel):
    """A row of an import file; unknown columns are refused so that typos show.

    A field that is left blank is left out. `NEVER_BLANK` names fields for which a blank is
    refused, because leaving them out means much.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    topic: ClassVar[Topic]
    NEVER_BLANK: ClassVar[frozenset[str]] = frozenset()
    _where: str = PrivateAttr("")

    @classmethod
    def kind_of_fact(cls) -> str:
        """Kind of fact, as on the command line: `zone`."""
        return cls.identity().removesuffix("_id")

    @classmethod
    def identity(cls) -> str:
        """Name of the field that identifies a fact."""
        return cls.topic.key.removesuffix("@version")

    @property
    def where(self) -> str:
        """File and line of the row; empty when it comes from no file."""
        return self._where

    @where.setter
    def where(self, where: str) -> None:
        self._where = where

    @model_validator(mode="before")
    @classmethod
    def _leave_blanks_out(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {
            name: value
            for name, value in given.items()
            if name in cls.NEVER_BLANK or (value is not None and value != "")
        }

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - overridden
        """The row as fields of its Avro record, without version and times.

        Args:
            time_zone: That of the row's floor, for rows that name none.

        Raises:
            ValueError: A time does not exist there; the message starts with the field.
        """
        return self.model_dump()
