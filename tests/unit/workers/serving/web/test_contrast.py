"""The pages' colours can be told apart: text has a contrast of 4.5 to 1 or more (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest

from workers.serving.app import WEB

PAIRS = {
    "ground": {"text", "soft", "covered", "short", "unclear", "alarm", "idle"},
    "sheet": {"text", "soft", "covered", "short", "unclear", "alarm", "idle"},
    "short-ground": {"text", "soft", "short"},
    "unclear-ground": {"text", "unclear"},
    "alarm-ground": {"text", "alarm"},
    "stage": {"text", "soft"},
    "act": {"on-act"},
    "staff": {"on-staff"},
    "alarm": {"sheet"},
}
"""Text on each background."""

BLOCK = re.compile(r"(:root[^{]*)\{([^{}]*)\}")
COLOUR = re.compile(r"--([\w-]+): #([0-9a-f]{6})")


def palettes(*files: Path) -> dict[str, dict[str, str]]:
    """Colours by name, for light pages and for dark ones."""
    found: dict[str, dict[str, str]] = {"light": {}, "dark": {}}
    for file in files:
        for selector, body in BLOCK.findall(file.read_text()):
            dark = 'data-theme="dark"' in selector
            if dark or selector.strip() == ":root":
                found["dark" if dark else "light"] |= dict(COLOUR.findall(body))
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_contrast_that_the_standard_says() -> None:
    assert round(contrast("000000", "ffffff"), 1) == 21.0
    assert round(contrast("767676", "ffffff"), 2) == 4.54


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_with_its_background(scheme: str) -> None:
    colours = palettes(WEB / "board.css", WEB / "pages.css")[scheme]

    faint = {
        f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2)
        for ground, texts in PAIRS.items()
        for text in texts
        if contrast(colours[text], colours[ground]) < 4.5
    }

    assert faint == {}
