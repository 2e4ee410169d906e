"""Time against size as an SVG file: logarithmic axes, one line per step."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from pathlib import Path

WIDTH, HEIGHT = 920, 440
LEFT, TOP, RIGHT, BOTTOM = 70, 30, 390, 50
COLORS = ("#1b6e53", "#c2571a", "#3057a5", "#8a3ba0", "#a3262a", "#5b6b00", "#00728a", "#555555")
Line = Sequence[tuple[int, float]]


class _Axes:
    """Turns sizes and seconds into positions in the picture."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        points = [point for line in lines.values() for point in line]
        self.decades_x = _decades([size for size, _ in points])
        self.decades_y = _decades([seconds for _, seconds in points])

    def x(self, size: float) -> float:
        return LEFT + _share(size, self.decades_x) * (WIDTH - LEFT - RIGHT)

    def y(self, seconds: float) -> float:
        return HEIGHT - BOTTOM - _share(seconds, self.decades_y) * (HEIGHT - TOP - BOTTOM)


def draw(lines: Mapping[str, Line], path: Path, *, title: str) -> None:
    """Write the picture."""
    axes = _Axes(lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12"><rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
        *_grid(axes),
        *(_line(axes, n, name, line) for n, (name, line) in enumerate(lines.items())),
        "</svg>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n")


def _grid(axes: _Axes) -> list[str]:
    marks = []
    for power in range(axes.decades_x[0], axes.decades_x[1] + 1):
        x = axes.x(10**power)
        marks.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        marks.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10**power:,}</text>')
    for power in range(axes.decades_y[0], axes.decades_y[1] + 1):
        y = axes.y(10**power)
        marks.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g} s</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*marks, f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">devices</text>']


def _line(axes: _Axes, n: int, name: str, line: Line) -> str:
    color = COLORS[n % len(COLORS)]
    places = [(axes.x(size), axes.y(seconds)) for size, seconds in line]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in places)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    y = TOP + 16 + 20 * n
    label = f'<text x="{WIDTH - RIGHT + 34}" y="{y + 4}">{escape(name)}</text>'
    key = f'<path d="M{WIDTH - RIGHT + 12} {y}h16" stroke="{color}" stroke-width="3"/>'
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>{dots}{key}{label}'


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _share(value: float, decades: tuple[int, int]) -> float:
    return (log10(value) - decades[0]) / (decades[1] - decades[0])
