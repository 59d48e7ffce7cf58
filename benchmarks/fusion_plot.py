"""The calibration of docs/fusion.md as a picture: an SVG that is text, for eyes and for a screen reader."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

PLOT = Path(__file__).parents[1] / "docs" / "fusion-calibration.svg"
SIDE, LEFT, TOP = 320, 60, 56  # of the square from 0 to 1, and where it begins


@dataclass(frozen=True)
class Bin:
    """Pairs whose probability lies in one band: how many, their mean, the share that is the same, its interval."""

    pairs: int
    mean: float
    share: float
    low: float
    high: float


def calibration_svg(bins: list[Bin], brier: float) -> str:
    """The observed share against the mean probability, a dot and an interval a band; every value stands beside it."""
    told = [
        f"{one.pairs} pairs: mean p {one.mean:.3f}, the same {one.share:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for one in bins
    ]
    title = f"Calibration of the fusion, out of fold: Brier score {brier:.4f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {TOP + SIDE + 60}" role="img" '
        'aria-labelledby="title desc" font-family="sans-serif" font-size="13" fill="#222">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape("Observed share of matches by predicted probability. " + "; ".join(told))}.</desc>',
        f'<rect width="800" height="{TOP + SIDE + 60}" fill="#fff"/>',
        f'<text x="{LEFT}" y="28" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#777"/>',
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#777" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        lines.append(f'<text x="{_x(tick)}" y="{_y(0) + 18}" text-anchor="middle">{tick:g}</text>')
        lines.append(f'<text x="{LEFT - 8}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    lines.append(f'<text x="{_x(0.5)}" y="{_y(0) + 42}" text-anchor="middle">mean predicted probability</text>')
    lines.append(
        f'<text x="18" y="{_y(0.5)}" text-anchor="middle" transform="rotate(-90 18 {_y(0.5)})">share the same</text>'
    )
    for at, (one, text) in enumerate(zip(bins, told, strict=True)):
        x = _x(one.mean)
        lines.append(f'<path d="M{x} {_y(one.low)}V{_y(one.high)}" stroke="#00527a" stroke-width="2"/>')
        lines.append(f'<circle cx="{x}" cy="{_y(one.share)}" r="5" fill="#00527a"/>')
        lines.append(f'<text x="{LEFT + SIDE + 24}" y="{TOP + 20 + at * 24}">{escape(text)}</text>')
    note = "weighted back; intervals 95 % by square kilometre; dashed: a model that is exactly as sure as it should be"
    lines.append(f'<text x="{LEFT}" y="{TOP + SIDE + 56}" font-size="11">{escape(note)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _x(value: float) -> float:
    return round(LEFT + value * SIDE, 1)


def _y(value: float) -> float:
    return round(TOP + (1 - value) * SIDE, 1)
