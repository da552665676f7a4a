"""Words, numbers and dates in the languages that deliveries are written in.

Sentences stand in the code and the templates in English (gettext's way); ``translations/<language>.po`` holds the other languages
with all their plural forms and is compiled in memory when first used, so a checkout needs no build step. What belongs here: anything
that differs between languages and not between deliveries. What does not: the sentences themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.dates import format_date, format_time, get_timezone_location
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from pipelines.errors import BadConfiguration
from pipelines.thresholds import threshold

TRANSLATIONS_FOLDER = Path(__file__).parents[1] / "translations"
#: The language of the source sentences: it needs no catalogue.
SOURCE_LANGUAGE = "en"
LANGUAGES = ("ru", "en")

#: Keeps a number and its unit on one line.
NO_BREAK = "\u00a0"
HOURS_A_DAY = 24


def N_(message: str) -> str:
    """Mark a sentence for translation where it stands in a table; it is translated when it is shown."""
    return message


@cache
def catalogue(language: str) -> NullTranslations:
    """Compiled catalogue of a language. Raises BadConfiguration for a language that there is none of."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    path = TRANSLATIONS_FOLDER / f"{language}.po"
    if language not in LANGUAGES or not path.is_file():
        raise BadConfiguration(f"no deliveries in language {language!r}; there are: {', '.join(LANGUAGES)}")
    with path.open("rb") as source:
        parsed = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, parsed)
    compiled.seek(0)
    return Translations(compiled)


@dataclass(frozen=True)
class Language:
    """One language in one time zone: everything a writer needs to say a thing.

    Parameters
    ----------
    code: "ru" or "en".
    zone: time zone in which moments are shown.
    """

    code: str
    zone: tzinfo

    @property
    def translations(self) -> NullTranslations:
        """The catalogue (also what Jinja's i18n extension is given)."""
        return catalogue(self.code)

    def say(self, message: str, **values: object) -> str:
        """One sentence with its values filled in."""
        text = self.translations.gettext(message)
        return text.format(**values) if values else text

    def say_as(self, context: str, message: str) -> str:
        """A word that has several translations; ``context`` tells them apart."""
        return str(self.translations.pgettext(context, message))

    def count(self, singular: str, plural: str, number: float, **values: object) -> str:
        """A sentence about a number of things, in the plural form that the number asks for; ``{n}`` is the number.

        A fraction takes the form that the language uses for fractions (Russian: «2,5 часа»).
        """
        whole = float(number).is_integer()
        if whole or self.code == SOURCE_LANGUAGE:
            text = self.translations.ngettext(singular, plural, int(number) if whole else 2)
        else:
            text = self.translations.ngettext(singular, plural, 2)
        return text.format(n=self.number(number), **values)

    # -- numbers ------------------------------------------------------------------------------------------------------------

    def number(self, value: float, digits: int = 1) -> str:
        """A number with at most ``digits`` decimals."""
        pattern = "#,##0" if digits == 0 else "#,##0." + "#" * digits
        return format_decimal(value, format=pattern, locale=self.code)

    def percent(self, share: float) -> str:
        """A share (0 to 1) as whole per cents; one decimal under one per cent, so that a little is not nothing."""
        percents = share * 100
        return self.number(percents, 1 if 0 < abs(percents) < 1 else 0) + (f"{NO_BREAK}%" if self.code == "ru" else "%")

    def points(self, share: float) -> str:
        """A share (0 to 1) as whole per cents without the sign: the ends of an interval."""
        return self.number(share * 100, 0)

    def duration(self, hours: float) -> str:
        """A time span: minutes under an hour, hours under two days, then whole days."""
        if hours < 1:
            return self.count("{n} min", "{n} min", max(1, round(hours * 60)))
        if hours < threshold("duration_in_hours"):
            return self.count("{n} h", "{n} h", int(hours))
        return self.days(int(hours // HOURS_A_DAY))

    def days(self, number: int) -> str:
        """A number of days."""
        return self.count("{n} day", "{n} days", number)

    # -- times --------------------------------------------------------------------------------------------------------------

    def local(self, moment: datetime) -> datetime:
        """The moment on the programme's clock."""
        return moment.astimezone(self.zone)

    def zone_name(self) -> str:
        """The programme's time zone as people call it: «Москва»."""
        return get_timezone_location(getattr(self.zone, "key", str(self.zone)), locale=self.code, return_city=True)

    def long_date(self, day: date) -> str:
        """«понедельник, 23 ноября»."""
        return format_date(day, "EEEE, d MMMM", locale=self.code)

    def short_date(self, day: date) -> str:
        """«18 ноября»."""
        return format_date(day, "d MMMM", locale=self.code)

    def weekday(self, day: date) -> str:
        """«воскресенье», as it stands alone."""
        return format_date(day, "cccc", locale=self.code)

    def date_of(self, moment: datetime) -> str:
        """Date of a moment on the programme's clock."""
        return self.short_date(self.local(moment).date())

    def moment(self, moment: datetime) -> str:
        """«вс 22 ноября, 00:12»."""
        local = self.local(moment)
        return f"{format_date(local.date(), 'EEE d MMMM', locale=self.code)}, {format_time(local, 'HH:mm', locale=self.code)}"

    def dates(self, days: Sequence[date]) -> str:
        """«18 и 20 ноября»: the month once where all are of one month."""
        if not days:
            return ""
        if len({(day.year, day.month) for day in days}) == 1 and len(days) > 1:
            last = self.short_date(days[-1])
            numbers = [str(day.day) for day in days[:-1]]
            return (
                self.joined([*numbers, last])
                if self.code == "ru"
                else self.joined([*numbers, str(days[-1].day)]) + f" {last.split(' ', 1)[1]}"
            )
        return self.joined([self.short_date(day) for day in days])

    def period(self, first: date, last: date) -> str:
        """«16–22 ноября 2026», «30 ноября – 6 декабря 2026»."""
        end = f"{self.short_date(last)} {last.year}"
        if first.month == last.month and first.year == last.year:
            return f"{first.day}–{end}"
        start = self.short_date(first) + (f" {first.year}" if first.year != last.year else "")
        return f"{start} – {end}"

    def joined(self, parts: Sequence[str]) -> str:
        """«один, два и три»."""
        return format_list(list(parts), style="standard", locale=self.code) if self.code == "ru" else _english_list(parts)


def _english_list(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
