"""Invented people: common first names, patronymics and surnames thrown together, and the ways people show a name in a channel.

Every combination is drawn; none is taken from anywhere. Addresses end in ``.example`` names that RFC 2606 reserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_WOMEN = (
    "Анна:Аня Мария:Маша Елена:Лена Ольга:Оля Наталья:Наташа Ирина:Ира Светлана:Света Татьяна:Таня Екатерина:Катя Юлия:Юля Людмила:Люда "
    "Галина:Галя Надежда:Надя Любовь:Люба Вера:Вера Марина:Марина Оксана:Оксана Лариса:Лариса Валентина:Валя Нина:Нина Евгения:Женя Алла:Алла "
    "Анастасия:Настя Дарья:Даша Ксения:Ксюша Алёна:Алёна Виктория:Вика Александра:Саша Полина:Поля Кристина:Кристя Эльвира:Эля Гульнара:Гуля "
    "Айгуль:Айгуль Алия:Алия Зинаида:Зина Раиса:Рая Тамара:Тома Лидия:Лида Инна:Инна Жанна:Жанна Диана:Диана Эльмира:Эля Сабина:Сабина "
    "Вероника:Ника Яна:Яна Регина:Рина Антонина:Тоня Клавдия:Клава Снежана:Снежа Маргарита:Рита Римма:Римма Фатима:Фатима Аида:Аида Сурия:Сурия"
)
_MEN = (
    "Александр:Саша Сергей:Серёжа Андрей:Андрей Дмитрий:Дима Алексей:Лёша Николай:Коля Иван:Ваня Михаил:Миша Владимир:Вова Павел:Паша "
    "Юрий:Юра Олег:Олег Виктор:Витя Денис:Денис Роман:Рома Максим:Макс Евгений:Женя Игорь:Игорь Антон:Антон Руслан:Руслан Тимур:Тимур Артём:Тёма "
    "Константин:Костя Григорий:Гриша Пётр:Петя Рустам:Рустам Ильдар:Ильдар Валерий:Валера Вадим:Вадим Станислав:Стас"
)
_FATHERS = (
    "Александров Сергеев Андреев Дмитриев Алексеев Николаев Иванов Михайлов Владимиров Павлов Юрьев Олегов Викторов Евгеньев Игорев Анатольев "
    "Васильев Петров Геннадьев Валерьев Борисов Григорьев Константинов Фёдоров Вячеславов Романов Степанов Ринатов Маратов Рашидов Леонидов Егоров"
)
_SURNAMES = (
    "Абрамов Авдеев Агафонов Аксёнов Алёхин Анисимов Антипов Артамонов Архипов Афонин Бабушкин Баженов Балашов Баранов Беликов Белоусов Березин Бессонов "
    "Блинов Бобров Богданов Болдырев Большаков Бородин Брагин Булатов Буров Быков Вавилов Вдовин Вершинин Виноградов Вишняков Власов Волгин Воронцов "
    "Гаврилов Галкин Герасимов Глебов Голиков Горбунов Гордеев Горшков Грачёв Гришин Громов Гуляев Гурьев Гусев Давыдов Данилов Дементьев Денисов Дорофеев "
    "Дробышев Дроздов Дьячков Евдокимов Егоров Елисеев Емельянов Еремин Ермаков Ершов Ефимов Жаров Жданов Жуков Журавлёв Завьялов Зайцев Захаров Зимин "
    "Зотов Зубов Игнатьев Изотов Исаков Кабанов Казаков Калинин Капустин Карасёв Карпов Киреев Киселёв Климов Князев Кобзев Козырев Колесов Колосов Комаров "
    "Кондратьев Коновалов Копылов Корнилов Королёв Костин Котов Кочетков Кошелев Краснов Кротов Крылов Крюков Кудрявцев Кузьмин Кулагин Куликов Лаврентьев "
    "Лазарев Лапин Ларионов Лебедев Леонтьев Лобанов Логинов Лосев Лукин Лыткин Макеев Малинин Малышев Мамонтов Маркелов Маслов Матвеев Медведев Мельников "
    "Мешков Минаев Миронов Митрофанов Моисеев Мухин Назаров Наумов Некрасов Нестеров Нечаев Никифоров Новиков Носов Овчинников Одинцов Орехов Осипов Панов "
    "Панфилов Парфёнов Пахомов Петухов Пименов Плотников Поздняков Поляков Потапов Прохоров Пухов Рогов Родионов Рожков Рубцов Русаков Рыжов Рябов Савельев "
    "Сазонов Самойлов Сафонов Селезнёв Селиванов Серов Сидоров Симонов Ситников Скворцов Соболев Софронов Спиридонов Старостин Стрелков Суворин Суслов Сухов "
    "Сычёв Тарасов Терентьев Тимофеев Титов Токарев Третьяков Трифонов Туманов Уваров Ульянов Устинов Ушаков Фадеев Федосеев Филатов Фокин Фомин Фролов "
    "Харитонов Хохлов Худяков Царёв Цветков Чернов Черняев Чижов Чистяков Шапошников Шарапов Шашков Шевелёв Шестаков Шилов Широков Шишкин Шубин Щеглов "
    "Щербаков Юдин Юрасов Яковлев Якушев Гатин Галиев Сафин Хасанов Каримов Валиев Дашиев Бадмаев Очиров Алиев Магомедов"
)
#: The same in both genders.
_UNCHANGED = (
    "Шевчук",
    "Ткач",
    "Бондаренко",
    "Савченко",
    "Лысенко",
    "Черных",
    "Долгих",
    "Седых",
    "Коваль",
    "Мороз",
    "Кравец",
    "Гончаренко",
    "Ким",
    "Цой",
)

CITIES = (
    # name, hours ahead of Moscow, IANA zone
    ("Москва", 0, "99"),
    ("Москва", 0, "99"),
    ("Москва", 0, "99"),
    ("Балашиха", 0, "99"),
    ("Тула", 0, "99"),
    ("Рязань", 0, "99"),
    ("Калуга", 0, "Europe/Moscow"),
    ("Воронеж", 0, "99"),
    ("с. Покровское", 0, "99"),
    ("пос. Лесной", 0, "99"),
    ("Самара", 1, "Europe/Samara"),
    ("Ижевск", 1, "Europe/Samara"),
    ("Екатеринбург", 2, "Asia/Yekaterinburg"),
    ("Уфа", 2, "Asia/Yekaterinburg"),
    ("Пермь", 2, "99"),
    ("Омск", 3, "Asia/Omsk"),
    ("Красноярск", 4, "Asia/Krasnoyarsk"),
    ("Улан-Удэ", 5, "Asia/Irkutsk"),
    ("Чита", 6, "Asia/Yakutsk"),
    ("Владивосток", 7, "Asia/Vladivostok"),
)
_SCHOOLS = (
    "МБОУ СОШ № {n}",
    "ГБОУ Школа № {n}",
    "МАОУ «Гимназия № {n}»",
    "МБОУ «Лицей № {n}»",
    "МКОУ СОШ № {n}",
    "МОУ СОШ №{n}",
    "школа {n}",
)

_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)
_LATIN["ъ"] = _LATIN["ь"] = ""
_EMOJI = ("🌷", "🌸", "☀️", "🍀", "✨", "🦋", "📚", "❤️", "🌿", "🐱")
_DEVICES = ("iPhone", "iPad", "Redmi Note 12", "Galaxy A51", "HUAWEI P30", "Honor 9X", "DESKTOP-7K2L", "User", "Ноутбук", "realme C21")


def latin(text: str) -> str:
    """Transliteration as in travel documents, without signs."""
    out = []
    for letter in text:
        new = _LATIN.get(letter.lower(), letter)
        out.append(new.capitalize() if letter.isupper() else new)
    return "".join(out)


def _pairs(words: str) -> list[tuple[str, str]]:
    return [tuple(word.split(":")) for word in words.split()]  # type: ignore[misc]


_WOMEN_PAIRS, _MEN_PAIRS = _pairs(_WOMEN), _pairs(_MEN)


def _feminine(surname: str) -> str:
    return surname if surname in _UNCHANGED else surname + "а"


@dataclass(frozen=True)
class Person:
    """One invented person."""

    first: str
    short: str
    patronymic: str
    last: str
    is_woman: bool
    school: str
    school_number: int
    city: str
    hours_ahead: int
    zone: str

    @property
    def full(self) -> str:
        return f"{self.last} {self.first} {self.patronymic}"

    @property
    def polite(self) -> str:
        return f"{self.first} {self.patronymic}"


def person(rng: Random, share_of_men: float = 0.1) -> Person:
    """Draw a person; teachers in these courses are mostly women."""
    man = rng.random() < share_of_men
    first, short = rng.choice(_MEN_PAIRS if man else _WOMEN_PAIRS)
    father = rng.choice(_FATHERS.split())
    surname = rng.choice(_UNCHANGED) if rng.random() < 0.07 else rng.choice(_SURNAMES.split())
    number = rng.randint(1, 140)
    city, ahead, zone = rng.choice(CITIES)
    return Person(
        first=first,
        short=short,
        patronymic=father + ("ич" if man else "на"),
        last=surname if man else _feminine(surname),
        is_woman=not man,
        school=rng.choice(_SCHOOLS).format(n=number),
        school_number=number,
        city=city,
        hours_ahead=ahead,
        zone=zone,
    )


def user_name(someone: Person, taken: set[str]) -> str:
    """A log-in name that nobody has yet: surname.initials, with a number where needed."""
    base = f"{latin(someone.last)}.{latin(someone.first)[0]}{latin(someone.patronymic)[0]}".lower().replace(" ", "")
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}{number}"
    taken.add(name)
    return name


def work_address(rng: Random, user: str, someone: Person) -> str:
    """The address in the LMS."""
    host = rng.choice((f"school{someone.school_number}.example.org", "edu.example.net", "mail.example.com"))
    return f"{user}@{host}"


def private_address(rng: Random, someone: Person, number: int) -> str:
    """Another address of the same person, made of what private addresses are made of; ``number`` keeps it unique."""
    first, last = latin(someone.first).lower(), latin(someone.last).lower()
    head = rng.choice(
        (
            f"{first}{number}",
            f"{last}_{first[0]}{number}",
            f"{first}-{last}{number}",
            f"{latin(someone.short).lower()}.{number}",
            f"{last}{number}",
        )
    )
    return f"{head}@{rng.choice(('pochta.example.com', 'yaschik.example.org', 'inbox.example.net'))}"


def lms_name(rng: Random, someone: Person) -> tuple[str, str]:
    """(firstname, lastname) as the LMS has them: mostly with the patronymic inside the first name, sometimes Latin, capitals, blanks."""
    first = someone.polite if rng.random() < 0.8 else someone.first
    last = someone.last
    draw = rng.random()
    if draw < 0.03:
        return latin(someone.first), latin(last)
    if draw < 0.06:
        return first.upper(), last.upper()
    if draw < 0.09:
        return first + " ", last
    if draw < 0.14:
        return first.replace("ё", "е"), last.replace("ё", "е")
    return first, last


def chat_name(rng: Random, someone: Person) -> tuple[str, str]:
    """(name shown in the chat, style)."""
    styles = {
        "full": (f"{someone.first} {someone.last}", 22),
        "swapped": (f"{someone.last} {someone.first}", 13),
        "polite": (someone.polite, 10),
        "three": (someone.full, 6),
        "latin": (f"{latin(someone.first)} {latin(someone.last)}", 12),
        "first": (someone.first, 9),
        "short": (someone.short, 4),
        "short_last": (f"{someone.short} {someone.last}", 6),
        "school": (f"{someone.first} школа {someone.school_number}", 5),
        "initials": (f"{someone.last} {someone.first[0]}.{someone.patronymic[0]}.", 5),
        "emoji": (f"{someone.first} {rng.choice(_EMOJI)}", 4),
        "emoji_last": (f"{someone.first} {someone.last[0]}. {rng.choice(_EMOJI)}", 2),
        "latin_first": (latin(someone.first), 2),
    }
    style = rng.choices(list(styles), [weight for _, weight in styles.values()])[0]
    return styles[style][0], style


def webinar_name(rng: Random, someone: Person) -> tuple[str, str]:
    """(name shown in the webinar, style); a second device often shows only its own name."""
    styles = {
        "full": (f"{someone.first} {someone.last}", 24),
        "three": (someone.full, 22),
        "swapped": (f"{someone.last} {someone.first}", 10),
        "initials": (f"{someone.last} {someone.first[0]}.{someone.patronymic[0]}.", 10),
        "school": (f"{someone.last} {someone.first[0]}. СОШ {someone.school_number}", 8),
        "latin": (f"{latin(someone.first)} {latin(someone.last)}", 14),
        "first": (someone.first, 4),
        "device": (device_name(rng, someone), 6),
    }
    style = rng.choices(list(styles), [weight for _, weight in styles.values()])[0]
    return styles[style][0], style


def device_name(rng: Random, someone: Person) -> str:
    """What a phone or tablet calls itself."""
    device = rng.choice(_DEVICES)
    return f"{device} ({someone.short})" if device in ("iPhone", "iPad") and rng.random() < 0.5 else device
