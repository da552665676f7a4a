"""Attendance of one webinar as the conference system exports it, with Russian headers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.simulation.behaviour import moscow

FORMATS = ("%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S %p")


@dataclass(frozen=True)
class Stay:
    """One row: a name from joining to leaving."""

    name: str
    email: str
    joined: int
    left: int
    user: int | None  # truth; None: an outsider
    is_host: bool = False


def _stamp(at: int, form: str) -> str:
    clock: datetime = moscow(at)
    # strftime's %p depends on the locale of the machine
    return clock.strftime(form.replace("%p", "AM" if clock.hour < 12 else "PM"))


def write_attendance(path: Path, *, meeting: str, topic: str, starts: int, ends: int, host: str, form: str, stays: list[Stay]) -> None:
    """Write the file: a block on the meeting, a blank line, one row per stay in order of joining."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = sorted(stays, key=lambda stay: (stay.joined, stay.name))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerow(
            (
                "Идентификатор конференции",
                "Тема",
                "Время начала",
                "Время окончания",
                "Электронная почта пользователя",
                "Продолжительность (минуты)",
                "Участники",
            )
        )
        out.writerow(
            (meeting, topic, _stamp(starts, form), _stamp(ends, form), host, round((ends - starts) / 60), len({stay.name for stay in rows}))
        )
        file.write("\r\n")
        out.writerow(
            (
                "Имя (настоящее имя)",
                "Электронная почта пользователя",
                "Время входа",
                "Время выхода",
                "Продолжительность (минуты)",
                "Гость",
                "Согласие на запись",
                "В зале ожидания",
            )
        )
        for stay in rows:
            minutes = max(1, round((stay.left - stay.joined) / 60))
            out.writerow(
                (
                    stay.name,
                    stay.email,
                    _stamp(stay.joined, form),
                    _stamp(stay.left, form),
                    minutes,
                    "Нет" if stay.is_host else "Да",
                    "Да",
                    "Нет",
                )
            )
