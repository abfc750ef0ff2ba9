"""Polygons, in image pixels or floor metres.

Every check is plain arithmetic on doubles, so it gives the same answer on every machine.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

Vertex = tuple[float, float]
"""`(x, y)` in the polygon's own frame."""

Polygon = tuple[Vertex, ...]
"""Vertices of a simple polygon in either direction, the first not repeated."""

_MAX_VERTICES: Final = 200


class InvalidPolygon(ValueError):
    """A polygon that bounds no area, or crosses itself."""


def polygon_of(points: Sequence[Mapping[str, float]]) -> Polygon:
    """Check a polygon and return its vertices.

    A first vertex repeated at the end, as map formats write it, is dropped.

    Args:
        points: Vertices, `{"x": ..., "y": ...}` each.

    Raises:
        InvalidPolygon: Fewer than three vertices, more than 200, one that is not finite, or
            edges that touch or cross beyond their shared vertex.
    """
    vertices = [(float(point["x"]), float(point["y"])) for point in points]
    if len(vertices) > 1 and vertices[0] == vertices[-1]:
        vertices.pop()
    if not 3 <= len(vertices) <= _MAX_VERTICES:
        raise InvalidPolygon(f"a polygon has 3 to {_MAX_VERTICES} vertices, not {len(vertices)}")
    for index, (x, y) in enumerate(vertices):
        if not (math.isfinite(x) and math.isfinite(y)):
            raise InvalidPolygon(f"vertex {index} is not finite")
    count = len(vertices)
    for first in range(count):
        for second in range(first + 1, count):
            if _touch(vertices, first, second):
                raise InvalidPolygon(f"edges {first} and {second} touch or cross")
    return tuple(vertices)


def _between(a: float, b: float, value: float) -> bool:
    return a <= value <= b or b <= value <= a


def _side(a: Vertex, b: Vertex, c: Vertex) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on(a: Vertex, b: Vertex, c: Vertex) -> bool:
    return _side(a, b, c) == 0.0 and _between(a[0], b[0], c[0]) and _between(a[1], b[1], c[1])


def _touch(vertices: Sequence[Vertex], first: int, second: int) -> bool:
    """Whether two edges meet where those of a simple polygon may not."""
    count = len(vertices)
    a, b = vertices[first], vertices[(first + 1) % count]
    c, d = vertices[second], vertices[(second + 1) % count]
    if b == c and a == d:  # only in a polygon of two vertices
        return True
    if b == c:
        return a == b or _on(a, b, d) or _on(c, d, a)
    if a == d:
        return c == d or _on(a, b, c) or _on(c, d, b)
    if _on(a, b, c) or _on(a, b, d) or _on(c, d, a) or _on(c, d, b):
        return True
    return (_side(a, b, c) > 0.0) != (_side(a, b, d) > 0.0) and (_side(c, d, a) > 0.0) != (
        _side(c, d, b) > 0.0
    )
