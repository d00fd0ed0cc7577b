"""A scene as pixels: anti-aliased shapes with a soft shadow on a plain or textured ground.

Masks are drawn at twice the size and reduced, which is all the anti-aliasing that is needed. Nothing here is
random: a scene and a size give the same bytes every time. Training draws with the same function as the files
do, only smaller.
"""

from __future__ import annotations

import math
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from clipline.demo.pictures_scene import Scene, Tone
from clipline.demo.pictures_shapes import Outline, Point, outline

_OVERSAMPLE: Final = 2


def draw(scene: Scene, *, width: int, height: int) -> Image.Image:
    """The picture as it is meant to be seen, upright, RGB."""
    canvas = Canvas(width, height)
    picture = _ground(scene, canvas)
    shapes = _shapes_mask(scene, canvas)
    picture.paste(_shade(scene.ground, 0.42), mask=_shadow(shapes, canvas))
    picture.paste(_fill(scene.tone, shapes, canvas), mask=shapes)
    return picture


class Canvas:
    """The size of a picture and its central square, in pixels of the picture."""

    __slots__ = ("height", "left", "side", "top", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.side = min(width, height)
        self.left = (width - self.side) / 2
        self.top = (height - self.side) / 2

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def mask(self, outlines: list[Outline]) -> Image.Image:
        """Outlines in picture pixels as one anti-aliased mask."""
        large = Image.new("L", (self.width * _OVERSAMPLE, self.height * _OVERSAMPLE), 0)
        pen = ImageDraw.Draw(large)
        for shape in outlines:
            pen.polygon([(x * _OVERSAMPLE, y * _OVERSAMPLE) for x, y in shape.body], fill=255)
            if shape.hole:
                pen.polygon([(x * _OVERSAMPLE, y * _OVERSAMPLE) for x, y in shape.hole], fill=0)
        return large.reduce(_OVERSAMPLE)


def _shapes_mask(scene: Scene, canvas: Canvas) -> Image.Image:
    return canvas.mask(
        [
            outline(scene.shape).placed(
                x=canvas.left + place.x * canvas.side,
                y=canvas.top + place.y * canvas.side,
                radius=place.radius * canvas.side,
                tilt=place.tilt,
            )
            for place in scene.placements
        ]
    )


def _fill(tone: Tone, shapes: Image.Image, canvas: Canvas) -> Image.Image:
    """The colour, a touch darker along the lower right edges so that the shapes look solid."""
    step = max(1, canvas.side // 60)
    lit = ImageChops.offset(_blurred(shapes, canvas.side / 48), step, step)
    return Image.composite(Image.new("RGB", canvas.size, tone), Image.new("RGB", canvas.size, _shade(tone, 0.74)), lit)


def _shadow(shapes: Image.Image, canvas: Canvas) -> Image.Image:
    step = max(1, canvas.side // 50)
    soft = ImageChops.offset(_blurred(shapes, canvas.side / 55), step, step)
    return soft.point([value * 5 // 10 for value in range(256)])


def _blurred(mask: Image.Image, radius: float) -> Image.Image:
    """A blur at half the size: nobody sees the difference, and it costs a quarter."""
    small = mask.reduce(2).filter(ImageFilter.GaussianBlur(radius / 2))
    return small.resize(mask.size, Image.Resampling.BILINEAR)


def _ground(scene: Scene, canvas: Canvas) -> Image.Image:
    """A gentle gradient from light to dark; textures lie on it as lighter threads."""
    fall = Image.linear_gradient("L").resize(canvas.size, Image.Resampling.BILINEAR)
    ground = Image.composite(
        Image.new("RGB", canvas.size, _shade(scene.ground, 0.93)),
        Image.new("RGB", canvas.size, _shade(scene.ground, 1.06)),
        fall,
    )
    if scene.background != "plain":
        threads = canvas.mask(_texture(scene, canvas)).point([value * 40 // 100 for value in range(256)])
        ground.paste(_shade(scene.ground, 1.24), mask=threads)
    return ground


def _texture(scene: Scene, canvas: Canvas) -> list[Outline]:
    """Stripes, dots or checks on a grid around the picture's centre, turned by the slant."""
    period = scene.weave * canvas.side
    reach = math.ceil(math.hypot(canvas.width, canvas.height) / period / 2) + 1
    steps = range(-reach, reach + 1)
    match scene.background:
        case "striped":
            far = reach * period
            cells = [_box(i * period, -far, i * period + period / 2, far) for i in steps]
        case "dotted":
            spot = outline("circle").body[::4]
            size = period * 0.3
            cells = [
                tuple((i * period + size * x, j * period + size * y) for x, y in spot) for i in steps for j in steps
            ]
        case "checked":
            cells = [
                _box(i * period, j * period, (i + 1) * period, (j + 1) * period)
                for i in steps
                for j in steps
                if (i + j) % 2
            ]
        case _:
            raise ValueError(f"no texture {scene.background!r}; known ones are in pictures_scene.BACKGROUNDS")
    centre = {"x": canvas.width / 2, "y": canvas.height / 2}
    return [Outline(cell).placed(**centre, radius=1.0, tilt=scene.slant) for cell in cells]


def _box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _shade(tone: Tone, factor: float) -> Tone:
    red, green, blue = (min(255, round(part * factor)) for part in tone)
    return red, green, blue
