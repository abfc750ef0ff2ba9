"""Whether a point is in a polygon, one point at a time; `area.standing` does it for a table."""

from streams.domain.zones.geometry import Polygon


def inside(polygon: Polygon, x: float, y: float) -> bool:
    """Whether a point is in a polygon; a point on an edge or vertex is.

    So a person on the border of two zones is in both, whichever way they were drawn.

    >>> square = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
    >>> inside(square, 4.0, 2.0), inside(square, 4.1, 2.0)
    (True, False)
    """
    within = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        # Which side of the edge the point is on: 0 on its line, sign otherwise.
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0.0 and _between(ax, bx, x) and _between(ay, by, y):
            return True
        if (ay > y) != (by > y) and (side > 0.0) == (by > ay):
            within = not within
        ax, ay = bx, by
    return within


def _between(a: float, b: float, value: float) -> bool:
    return a <= value <= b or b <= value <= a
