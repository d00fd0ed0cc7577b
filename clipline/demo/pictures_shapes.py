"""The ten outlines, as polygons inside the unit circle (y grows downwards, as in pictures)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

Point = tuple[float, float]
_ROUND = 72  # corners of what should look round


@dataclass(frozen=True, slots=True)
class Outline:
    """A filled polygon, and the polygon that is cut out of it, if any."""

    body: tuple[Point, ...]
    hole: tuple[Point, ...] = ()

    def placed(self, *, x: float, y: float, radius: float, tilt: float) -> Outline:
        """The same outline turned by `tilt` degrees, scaled and moved."""
        sine, cosine = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))

        def move(points: tuple[Point, ...]) -> tuple[Point, ...]:
            return tuple(
                (x + radius * (cosine * px - sine * py), y + radius * (sine * px + cosine * py)) for px, py in points
            )

        return Outline(move(self.body), move(self.hole))


@cache
def outline(shape: str) -> Outline:
    """The outline of one of the ten shapes."""
    match shape:
        case "circle":
            return Outline(_circle(0.92))
        case "square":
            return Outline(((-0.76, -0.76), (0.76, -0.76), (0.76, 0.76), (-0.76, 0.76)))
        case "triangle":
            return Outline(((0.0, -0.95), (0.92, 0.68), (-0.92, 0.68)))
        case "star":
            return Outline(_spikes(5, outer=1.0, inner=0.41))
        case "heart":
            return Outline(_heart())
        case "cross":
            return Outline(_cross(arm=0.3, reach=0.95))
        case "ring":
            return Outline(_circle(0.95), _circle(0.56))
        case "moon":
            return Outline(_crescent())
        case "arrow":
            return Outline(_arrow())
        case "flower":
            return Outline(_petals(6), _circle(0.2))
        case _:
            raise ValueError(f"no outline for the shape {shape!r}; known shapes are in pictures_scene.SHAPES")


def _circle(radius: float) -> tuple[Point, ...]:
    return tuple(_polar(radius, 360.0 * i / _ROUND) for i in range(_ROUND))


def _spikes(count: int, *, outer: float, inner: float) -> tuple[Point, ...]:
    return tuple(_polar(inner if i % 2 else outer, 180.0 * i / count - 90.0) for i in range(2 * count))


def _petals(count: int) -> tuple[Point, ...]:
    angles = [360.0 * i / (2 * _ROUND) for i in range(2 * _ROUND)]
    return tuple(_polar(0.46 + 0.52 * abs(math.cos(math.radians(angle * count / 2))), angle) for angle in angles)


def _heart() -> tuple[Point, ...]:
    turns = [2 * math.pi * i / _ROUND for i in range(_ROUND)]
    return tuple(
        (
            0.95 * math.sin(t) ** 3,
            -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 17.5 - 0.1,
        )
        for t in turns
    )


def _cross(*, arm: float, reach: float) -> tuple[Point, ...]:
    corner = ((arm, -reach), (arm, -arm), (reach, -arm))
    points: list[Point] = []
    for _ in range(4):
        points.extend(corner)
        corner = tuple((-y, x) for x, y in corner)  # type: ignore[assignment]
    return tuple(points)


def _crescent() -> tuple[Point, ...]:
    """A disc without a second disc that stands to its right; the two meet at the horns."""
    bite_x, bite_radius, radius = 0.46, 0.74, 0.95
    horn_x = (radius**2 - bite_radius**2 + bite_x**2) / (2 * bite_x)
    horn_y = math.sqrt(radius**2 - horn_x**2)
    start = math.degrees(math.atan2(horn_y, horn_x))
    bite_start = math.degrees(math.atan2(horn_y, horn_x - bite_x))
    back = [_polar(radius, start + (360.0 - 2 * start) * i / _ROUND) for i in range(_ROUND + 1)]
    bite = [_polar(bite_radius, -bite_start - (360.0 - 2 * bite_start) * i / _ROUND) for i in range(_ROUND + 1)]
    # Shifted a little so that the thin side does not pull the crescent off its centre.
    return tuple([(x + 0.2, y) for x, y in back] + [(x + bite_x + 0.2, y) for x, y in bite])


def _arrow() -> tuple[Point, ...]:
    return ((-0.95, -0.24), (0.1, -0.24), (0.1, -0.72), (0.97, 0.0), (0.1, 0.72), (0.1, 0.24), (-0.95, 0.24))


def _polar(radius: float, degrees: float) -> Point:
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))
