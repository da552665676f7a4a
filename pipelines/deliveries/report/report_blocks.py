"""What a report is set of (tables, pictures, notes, definitions), and how a figure is written in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.deliveries.report.report_model import is_small
from pipelines.deliveries.shared.language import Language
from pipelines.thresholds import threshold

UNKNOWN = "—"
#: Stands for a figure of a group that is large enough, hidden because with it a small one could be reckoned out.
PROTECTED = "×"


def amount(value: float | None, unit: str | None, language: Language) -> str:
    """A value in its unit; "—" where it is not known."""
    if value is None:
        return UNKNOWN
    match unit:
        case "share":
            return language.percent(value)
        case "hours":
            return language.count("{n} h", "{n} h", round(value, 1))
        case "days":
            return language.count("{n} day", "{n} days", round(value, 1))
        case "minutes":
            return language.count("{n} min", "{n} min", round(value))
        case "rating":
            return language.number(value, 2)
        case _:
            return language.number(value, 1)


def small(number: int | None, language: Language) -> str:
    """How many people or items; "<10" for few, "—" for not known."""
    if number is None:
        return UNKNOWN
    return f"<{int(threshold('small_group'))}" if is_small(number) else language.number(number, 0)


def veiled(number: int | None) -> str:
    """What stands for a hidden figure: "<10" of a small group, "×" of one hidden to protect it."""
    return f"<{int(threshold('small_group'))}" if number is not None and is_small(number) else PROTECTED


def spread(low: float | None, high: float | None, language: Language) -> str:
    """Ends of the interval of a share: «62–79 %»; empty where there is none."""
    return "" if low is None or high is None else f"{language.points(low)}–{language.percent(high)}"


def with_spread(share: float | None, low: float | None, high: float | None, language: Language) -> str:
    """A share with its interval in brackets: «71 % (62–79 %)»; "—" where it is not known."""
    if share is None:
        return UNKNOWN
    around = spread(low, high, language)
    return language.percent(share) + (f" ({around})" if around else "")


def heading(title: str, align: str, width: float = 1.0) -> dict[str, Any]:
    """A column of a table; widths are shares of the line."""
    return {"title": title, "align": align, "width": width}


def table(columns: Sequence[dict[str, Any]], rows: Iterable[Sequence[str]], caption: str = "") -> dict[str, Any]:
    """A table of finished cells."""
    return {"kind": "table", "columns": list(columns), "rows": [list(row) for row in rows], "caption": caption}


def picture(name: str, caption: str) -> dict[str, Any]:
    """A picture of the document, by its name."""
    return {"kind": "picture", "name": name, "caption": caption}


def definitions(items: Sequence[tuple[str, str]], language: Language) -> dict[str, Any]:
    """What the figures above count, of whom."""
    return {"kind": "definitions", "title": language.say("What is counted"), "items": [list(item) for item in items]}


def warning(items: Sequence[str]) -> dict[str, Any]:
    """What has to be known before the rest is read."""
    return {"kind": "warning", "items": list(items)}


def note(text: str) -> dict[str, Any]:
    """A sentence by itself."""
    return {"kind": "note", "text": text}


def legend(language: Language) -> tuple[str, str, str]:
    """Names of the three marks of a dot chart."""
    return language.say("this week"), language.say("a week ago"), language.say("the stream before, same course day")


def cut(text: str, most: int) -> str:
    """The text's beginning, cut between words."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[:most].rsplit(" ", 1)[0] + " …"


#: Characters of a row's label before it goes on in a second line: a third of the picture's width.
LABEL_CHARACTERS = 34


def wrapped(label: str) -> str:
    """A label of a picture, in several lines."""
    lines: list[str] = [""]
    for word in label.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > LABEL_CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
