#!/usr/bin/env python3
"""Draws the extension's icon and the tasks' icons; run it after a change here and commit what it writes.

Shapes are given in a square of 32 units; each pixel is the mean of 8x8 samples. Only Python's standard library.
"""
import math
import struct
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = 8
DEEP, SEA, WHITE, SAND = (11, 58, 92), (0, 130, 160), (255, 255, 255), (255, 196, 87)


def tile(x, y):
    """A rounded square that fills the icon but for a thin transparent rim."""
    dx, dy = max(abs(x - 16) - 9.5, 0), max(abs(y - 16) - 9.5, 0)
    return math.hypot(dx, dy) <= 5.5


def polygon(*points):
    def inside(x, y):
        within = False
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1]):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                within = not within
        return within
    return inside


def disc(cx, cy, radius):
    return lambda x, y: math.hypot(x - cx, y - cy) <= radius


def both(first, second):
    return lambda x, y: first(x, y) and second(x, y)


def ring(cx, cy, outer, inner):
    return lambda x, y: inner < math.hypot(x - cx, y - cy) <= outer


def draw(file, size, shapes):
    """Paints the shapes, each over those before, onto a transparent square of `size` pixels."""
    rows = bytearray()
    step = 32 / size / SAMPLES
    for row in range(size):
        rows.append(0)
        for column in range(size):
            total, hits = [0, 0, 0], 0
            for index in range(SAMPLES * SAMPLES):
                x = (column * SAMPLES + index % SAMPLES + 0.5) * step
                y = (row * SAMPLES + index // SAMPLES + 0.5) * step
                colour = next((colour for shape, colour in reversed(shapes) if shape(x, y)), None)
                if colour:
                    colour = colour(x, y) if callable(colour) else colour
                    total, hits = [sum(pair) for pair in zip(total, colour)], hits + 1
            rows += bytes(round(channel / hits) if hits else 0 for channel in total)
            rows.append(round(255 * hits / SAMPLES**2))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b""))


def gradient(_, y):
    part = (y - 1) / 30
    return [round(a + (b - a) * part) for a, b in zip(SEA, DEEP)]


# A boat on the slip, about to be launched.
SLIP = both(tile, polygon((0, 17.5), (32, 27.5), (32, 32), (0, 32)))
WATER = both(tile, polygon((0, 26.5), (32, 26.5), (32, 32), (0, 32)))
HULL = polygon((5.6, 13.4), (26.6, 20.0), (21.8, 23.4), (10.6, 19.9), (7.4, 17.6))
MAST = polygon((15.3, 16.4), (17.9, 5.4), (18.9, 5.7), (16.4, 16.8))
SAIL = polygon((19.2, 7.2), (25.6, 17.6), (17.4, 15.0))
draw(ROOT / "marketplace/icon.png", 128, [(tile, gradient), (SLIP, SAND), (WATER, SEA), (HULL, WHITE), (MAST, WHITE), (SAIL, WHITE)])

# A key, fetched from the vault.
BOW = ring(11, 12.6, 5.6, 2.3)
BLADE = polygon((13.6, 16.2), (15.6, 14.2), (26.2, 24.8), (24.2, 26.8))
BITS = [polygon((20.4, 19.2), (23.4, 16.2), (25.2, 18.0), (22.2, 21.0)), polygon((23.6, 22.4), (26.6, 19.4), (28.0, 20.8), (25.0, 23.8))]
draw(ROOT / "tasks/keyvault-fetch/icon.png", 32, [(tile, gradient), (BOW, SAND), (BLADE, SAND), *((bit, SAND) for bit in BITS)])
