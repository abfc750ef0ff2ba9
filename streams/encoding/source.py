"""Functions that are made of text at run time: the lines, and what turns them into a function."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from typing import Any

from streams.encoding import avro
from streams.encoding.jit import entry


class SourceText:
    """Source that grows line by line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def __call__(self, *lines: str) -> None:
        """Add lines at the depth of the block that is open."""
        self._lines += ["    " * self._depth + line for line in lines]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines within belong to a block that a line opens."""
        self(head)
        self._depth += 1
        yield
        self._depth -= 1

    def take(self, lines: "SourceText") -> None:
        """Add the lines of another."""
        self(*lines._lines)

    def text(self) -> str:
        """The whole."""
        return "\n".join(self._lines) + "\n"


@cache
def entry_of(source: str) -> Callable[..., Any]:
    """Compile the function that a text defines, once a process; see `entry`.

    Args:
        source: As for `function_of`; it calls what is in `avro`, and NumPy as `np`.
    """
    function = function_of(source, vars(avro))
    # The cache distinguishes functions by name and bytecode, which lacks the constants.
    digest = blake2b(source.encode(), digest_size=6).hexdigest()
    function.__qualname__ = f"{function.__name__}_{digest}"
    return entry(function)


def function_of(source: str, namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that a text defines.

    It passes for one of this file, since the cache of compiled code wants a file that exists. What
    the texts are made of is among the sources after which the cache is named.

    Args:
        source: A definition of one function, made of a schema's field names.
        namespace: What the function calls, by name.
    """
    found = dict(namespace) | {"__name__": __name__}
    exec(compile(source, __file__, "exec"), found)  # noqa: S102 - the source is ours
    function: Callable[..., Any] = found[source.removeprefix("def ").partition("(")[0]]
    return function
