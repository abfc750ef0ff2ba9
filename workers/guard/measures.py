"""Compare a picture with the background of its camera, in a way that light does not change.

Gradients are compared by direction, so that neither brightness nor contrast matters. The picture
is cut into blocks that are judged one by one: people hide some of them, while a camera that was
pushed displaces all of them.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.guard.pictures import Floats, Picture, coarse, gradients

BLOCK: Final = 40
"""Width and height of a block, px of the small picture."""

EDGE: Final = 3.0
"""Least gradient of an edge, luma a pixel."""

MOST_BLACK: Final = 3
"""Up to this luma a pixel may be of a privacy mask or of a black bar. Their borders stay where
they are when the camera moves, so edges there count for nothing."""

FOUND: Final = 0.5
"""Least agreement of a block whose edges are where they were."""

WEAK: Final = 0.5
"""Edges of a block that fall below this share of the background's are hidden or gone."""

_SOFT: Final = 3.0
"""Blur of the gradients with which the sharp ones are compared, px."""

_LEAST_EDGES: Final = 24
"""A block with fewer pixels of edges tells nothing."""

_NEAR_BLACK: Final = 3
"""Pixels around a black one that do not count either."""

_AT_REST: Final = 0.95
"""From this median agreement on the picture is displaced by less than 0.2 % of its width."""

_CLEAR_BLOCK: Final = 0.5
"""Least correlation at which the displacement of a block is believed."""

_CLEAR_BLOCKS: Final = 0.3
"""Least share of blocks with such a displacement for the picture to have one."""

_CLEAR_PICTURE: Final = 0.25
"""Least correlation at which the displacement of the whole picture is believed."""

Complex: TypeAlias = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Background:
    """A camera's view as it should be, and what is compared of it.

    Attributes:
        picture: The view without people.
        corners: Upper left corners of the `B` blocks with enough edges: top, left, px; `(B, 2)`.
        edges: Gradients of these blocks where there is an edge, else 0; `(B, BLOCK, BLOCK)`.
        strength: Mean size of those gradients; `(B,)`.
        fineness: Of the blocks, see `_fineness`; `(B,)`.
        block_spectra: Conjugate spectra of the blocks; `(B, BLOCK, BLOCK)`.
        block_scale: Their norms; `(B,)`.
        spectrum: Conjugate spectrum of the whole picture.
        scale: Its norm.
        coarse: The picture without detail.
    """

    picture: Picture
    corners: NDArray[np.int64]
    edges: Complex
    strength: Floats
    fineness: Floats
    block_spectra: Complex
    block_scale: Floats
    spectrum: Complex
    scale: float
    coarse: Floats

    @property
    def usable(self) -> bool:
        """Whether there is enough to see that a displacement or a cover would be noticed."""
        return len(self.corners) >= 4


@dataclass(frozen=True, slots=True)
class Measures:
    """How a picture differs from its background.

    Attributes:
        bright: 95th percentile of luma, 0 to 255.
        found: Share of blocks whose edges are where they were, 0 to 1.
        veiled: Share of blocks whose edges are neither there nor replaced by others, 0 to 1.
        sharp: How fine the detail is where it is best kept; 1 is as fine as the background's.
        shift: Displacement as a share of the picture's width; 0 where none is sure.
        likeness: Correlation of the two pictures without their detail, -1 to 1.
    """

    bright: float
    found: float
    veiled: float
    sharp: float
    shift: float
    likeness: float


def make_background(picture: Picture) -> Background:
    """Find what can be compared of a view."""
    field = gradients(picture)
    black = (picture <= MOST_BLACK).astype(np.uint8)
    around = np.ones((2 * _NEAR_BLACK + 1, 2 * _NEAR_BLACK + 1), np.uint8)
    edges = np.where((np.abs(field) >= EDGE) & (cv2.dilate(black, around) == 0), field, 0)
    height, width = picture.shape
    grid = np.array(
        [(top, left) for top in _starts(height) for left in _starts(width)], np.int64
    ).reshape(-1, 2)
    blocks = _cut(edges, grid)
    enough = np.count_nonzero(blocks, axis=(1, 2)) >= _LEAST_EDGES
    blocks = blocks[enough]
    count = np.count_nonzero(blocks, axis=(1, 2))
    fine = _cut(field, grid[enough])
    windowed = _windowed(blocks)
    whole = _windowed(edges[None])
    return Background(
        picture=picture,
        corners=grid[enough],
        edges=blocks,
        strength=(np.abs(blocks).sum(axis=(1, 2)) / count).astype(np.float32),
        fineness=_fineness(fine, _cut(gradients(picture, _SOFT), grid[enough])),
        block_spectra=np.fft.fft2(windowed).conj().astype(np.complex64),
        block_scale=_norms(windowed),
        spectrum=np.fft.fft2(whole)[0].conj().astype(np.complex64),
        scale=float(_norms(whole)[0]),
        coarse=coarse(picture),
    )


def measure(picture: Picture, background: Background) -> Measures:
    """Compare a picture with its background.

    Args:
        picture: A view of the same size.
        background: The view as it should be; a usable one.
    """
    field = gradients(picture)
    blocks = _cut(field, background.corners)
    seen = background.edges != 0
    there = np.where(seen, blocks, 0)
    agreement = _agreement(background.edges, there)
    # Edges may have moved inside a block: its strongest gradients count, wherever they are.
    strength = _strongest(blocks, np.count_nonzero(seen, axis=(1, 2))) / background.strength
    soft = _cut(gradients(picture, _SOFT), background.corners)
    sharpness = _fineness(blocks, soft) / background.fineness
    found = agreement >= FOUND
    at_rest = float(np.median(agreement)) >= _AT_REST  # most often, and it costs less to know
    return Measures(
        bright=float(np.percentile(picture, 95)),
        found=float(found.mean()),
        veiled=float((~found & (strength < WEAK)).mean()),
        sharp=float(np.percentile(sharpness, 75)),
        shift=0.0 if at_rest else _shift(field, blocks, background) / picture.shape[1],
        likeness=_correlation(coarse(picture), background.coarse),
    )


def _starts(length: int) -> list[int]:
    """Starts of the blocks along one side; the rest is left over at both ends."""
    count = length // BLOCK
    first = (length - count * BLOCK) // 2
    return [first + number * BLOCK for number in range(count)]


def _cut(field: Complex, corners: NDArray[np.int64]) -> Complex:
    """The blocks at these corners; `(B, BLOCK, BLOCK)`."""
    if not len(corners):
        return np.zeros((0, BLOCK, BLOCK), np.complex64)
    return np.stack([field[top : top + BLOCK, left : left + BLOCK] for top, left in corners])


def _agreement(before: Complex, now: Complex) -> Floats:
    """Correlation of the gradients of each block, -1 to 1: 1 when all directions agree."""
    common = (before.conj() * now).real.sum(axis=(1, 2))
    scale = _norms(before) * _norms(now)
    return cast(Floats, np.divide(common, scale, out=np.zeros_like(scale), where=scale > 0))


def _fineness(fine: Complex, soft: Complex) -> Floats:
    """How much stronger gradients are than on a softened picture, whatever the contrast; `(B,)`."""
    sizes = _norms(soft)
    return cast(Floats, _norms(fine) / np.maximum(sizes, 1e-3))


def _strongest(blocks: Complex, counts: NDArray[np.int64]) -> Floats:
    """Mean of the strongest gradients of each block, as many as `counts` says."""
    sizes = np.sort(np.abs(blocks).reshape(len(blocks), -1), axis=1)[:, ::-1]
    sums = np.cumsum(sizes, axis=1)
    return cast(Floats, np.take_along_axis(sums, counts[:, None] - 1, axis=1)[:, 0] / counts)


def _shift(field: Complex, blocks: Complex, background: Background) -> float:
    """Displacement of the picture, px; 0 where none is sure."""
    window = _windowed(blocks)
    moved, peak = _displacement(window, background.block_spectra, background.block_scale)
    clear = moved[peak >= _CLEAR_BLOCK]
    if len(clear) >= max(3, _CLEAR_BLOCKS * len(blocks)):
        # Blocks know of turning and zooming, which move no two of them alike.
        return float(np.median(clear))
    whole = _windowed(field[None])
    far, height = _displacement(
        whole, background.spectrum[None], np.array([background.scale], np.float32)
    )
    return float(far[0]) if height[0] >= _CLEAR_PICTURE else 0.0


def _windowed(blocks: Complex) -> Complex:
    """Directions of gradients, the weak ones damped, fading out towards the border."""
    height, width = blocks.shape[-2:]
    fade = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32)
    return cast(Complex, (blocks / (np.abs(blocks) + np.float32(EDGE)) * fade).astype(np.complex64))


def _displacement(now: Complex, before: Complex, scale: Floats) -> tuple[Floats, Floats]:
    """How far blocks have moved, px, and their correlation there; `(B,)` each.

    Args:
        now: Windowed blocks, `(B, H, W)`.
        before: Conjugate spectra of the background's.
        scale: Norms of the background's.
    """
    count, height, width = now.shape
    norms = np.maximum(_norms(now) * scale, 1e-6)
    surface = np.fft.ifft2(np.fft.fft2(now) * before).real / norms[:, None, None]
    row, column = np.unravel_index(surface.reshape(count, -1).argmax(axis=1), (height, width))
    each = np.arange(count)
    peak = surface[each, row, column]
    down = _vertex(
        surface[each, (row - 1) % height, column], peak, surface[each, (row + 1) % height, column]
    )
    right = _vertex(
        surface[each, row, (column - 1) % width], peak, surface[each, row, (column + 1) % width]
    )
    y = (row + height // 2) % height - height // 2 + down
    x = (column + width // 2) % width - width // 2 + right
    return np.hypot(x, y).astype(np.float32), peak.astype(np.float32)


def _vertex(before: Floats, at: Floats, after: Floats) -> Floats:
    """Where the parabola through three neighbours has its top, -0.5 to 0.5."""
    curve = before - 2 * at + after
    return cast(
        Floats,
        np.divide(0.5 * (before - after), curve, out=np.zeros_like(curve), where=curve < 0),
    )


def _norms(blocks: Complex) -> Floats:
    return cast(Floats, np.sqrt((blocks.real**2 + blocks.imag**2).sum(axis=(1, 2))))


def _correlation(first: Floats, second: Floats) -> float:
    a, b = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0
