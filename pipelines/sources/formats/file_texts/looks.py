"""What a reader of a document does not see: text that is said to be hidden, of the colour of its ground, or too small.

Where a colour is not known nothing is called hidden: a learner is not to be suspected of what a program's defaults did.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.sources.formats.file_texts.limits import SAME_COLOUR, TINY_POINTS

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
#: A ground that is there and whose colour is not known: text on it is never called hidden.
UNKNOWN_GROUND = None


@dataclass(frozen=True)
class Look:
    """What text looks like, as far as a style or a run says it; None: not said here."""

    hidden: bool | None = None
    #: False: said to be automatic or in words that are not understood, which is never the ground's colour.
    ink: Colour | bool | None = None
    points: float | None = None
    #: False: there is a ground and its colour is not known.
    ground: Colour | bool | None = None

    def over(self, below: Look) -> Look:
        """This one where it says something, else the one below it."""
        return Look(
            self.hidden if self.hidden is not None else below.hidden,
            self.ink if self.ink is not None else below.ink,
            self.points if self.points is not None else below.points,
            self.ground if self.ground is not None else below.ground,
        )

    def is_unseen(self, ground: Colour | None) -> bool:
        """Does a reader not see text of this look on that ground?"""
        ink = self.ink if isinstance(self.ink, tuple) else None
        return bool(self.hidden) or is_tiny(self.points) or melts(ink, laid(self.ground, ground))


PLAIN = Look()


def laid(shading: Colour | bool | None, ground: Colour | None) -> Colour | None:
    """The ground after a shading is laid on it."""
    if shading is None:
        return ground
    return shading if isinstance(shading, tuple) else UNKNOWN_GROUND


def colour_of(text: str | None) -> Colour | None:
    """RRGGBB, with or without #; None for "auto", names and anything else."""
    text = (text or "").strip().lstrip("#")
    if len(text) != 6:
        return None
    try:
        number = int(text, 16)
    except ValueError:
        return None
    return number >> 16, number >> 8 & 255, number & 255


def melts(ink: Colour | None, ground: Colour | None) -> bool:
    """Is text of this colour invisible on that ground? Never where one of them is not known."""
    return ink is not None and ground is not None and all(abs(one - other) <= SAME_COLOUR for one, other in zip(ink, ground, strict=True))


def is_tiny(points: float | None) -> bool:
    """Is text of that size unreadable?"""
    return points is not None and points < TINY_POINTS
