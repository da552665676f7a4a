"""WhatsApp's chat exports: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadSource
from pipelines.sources.chats.whatsapp import WhatsAppReader
from tests.unit.sources.chat_reading import FIXTURES, Reading, loaded, names_of, packed, refused, state, texts, wholes

WHATSAPP = FIXTURES / "whatsapp"
COURSE = "Чат WhatsApp с контактом Курс-7.txt"
EARLIER = WHATSAPP / "earlier" / "WhatsApp Chat with Поток 3.txt"
LATER = WHATSAPP / "later" / "WhatsApp Chat with Поток 3 (1).txt"


def read(name: str | Path) -> Reading:
    return Reading(WhatsAppReader(), WHATSAPP / name)


def utc(day: int, hour: int, minute: int, second: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.fixture(scope="module")
def course() -> Reading:
    return read(COURSE)


def messages(reading: Reading) -> list[dict]:
    return reading.rows("messages")


def shown(reading: Reading) -> dict[str, str]:
    return {row["account_id"]: row["display_name"] for row in reading.rows("accounts")}


def test_notices_are_service_lines_without_an_author(course: Reading):
    service = [row["text"][:20] for row in messages(course) if row["kind"] == "service" and row["account_id"] is None]
    assert service == [
        "Сообщения и звонки з", "Лидия Примерова созд", "Вы добавили Пётр Обр", "Лидия Примерова изме", "Пётр Образцов покину",
    ]  # fmt: skip


def test_lines_without_a_time_go_on_with_the_message(course: Reading):
    message = messages(course)[3]
    assert message["text"] == "Коллеги, где задание 6.2?\nСмотрите во втором модуле:\n\nтам же и критерии."
    assert (message["question_marks"], message["words"]) == (1, 12)
    assert message["sent_at"] == utc(22, 11, 1)
    assert shown(course)[message["account_id"]] == "Лидия Примерова"


def test_equal_messages_of_one_minute_are_two(course: Reading):
    equal = [row for row in messages(course) if row["text"] == "+"]
    assert len(equal) == 2
    assert equal[1]["message_id"] == f"{equal[0]['message_id']}:2"


def test_media_left_out_attached_and_their_captions(course: Reading):
    media = [(row["media"], row["text"]) for row in messages(course) if row["media"]]
    assert media == [
        ("file", ""), ("photo", "схема"), ("poll", "Когда удобно?\nУтром\nВечером"),
        ("location", "Местоположение: https://maps.google.com/?q=55.75,37.61"),
    ]  # fmt: skip


def test_one_number_however_it_is_spaced_is_one_account_and_is_mentioned_by_its_digits(course: Reading):
    accounts = {row["native_id"]: row for row in course.rows("accounts")}
    assert accounts["+79990001122"]["phone"] == "+79990001122"
    (mention,) = course.rows("addressees")
    assert mention["role"] == "mention"
    assert mention["account_id"] == accounts["+79990001122"]["account_id"]


def test_a_name_somebody_gives_himself_is_known_in_this_chat_only(course: Reading):
    (native,) = (row["native_id"] for row in course.rows("accounts") if row["display_name"] == "Анна")
    assert native.endswith("|~Анна")
    assert native != "~Анна"


def test_deleted_words_are_a_service_line_and_the_mark_of_an_edit_is_no_word(course: Reading):
    by_text = {row["text"]: row for row in messages(course)}
    assert by_text["Данное сообщение удалено"]["kind"] == "service"
    assert by_text["Срок до пятницы"]["kind"] == "post"
    assert by_text["Срок до пятницы"]["edited_at"] is None


def test_title_is_the_files_name_and_two_exports_of_it_are_one_chat(course: Reading):
    (chat,) = course.rows("chats")
    assert (chat["title"], chat["kind"], chat["channel"]) == ("Курс-7", "group", "chat")
    assert "Курс" not in chat["chat_id"]
    assert [reading.column("chats", "title") for reading in (read(EARLIER), read(LATER))] == [["Поток 3"], ["Поток 3"]]
    assert read(EARLIER).column("chats", "chat_id") == read(LATER).column("chats", "chat_id")


def test_ios_with_marks_of_direction_and_seconds():
    rows = messages(read("ios_ru.txt"))
    assert [row["kind"] for row in rows] == ["service", "service", "post", "post", "post", "post", "post", "service"]
    assert rows[2]["text"] == "Доброе утро!\nвторая строка"
    assert rows[2]["sent_at"] == utc(22, 11, 0, 33)
    assert [row["media"] for row in rows] == [None, None, None, "photo", "photo", "file", None, None]
    assert rows[6]["text"] == "@Лидия Примерова вопрос?"


def test_mention_by_name():
    reading = read("ios_ru.txt")
    (mention,) = reading.rows("addressees")
    assert shown(reading)[mention["account_id"]] == "Лидия Примерова"
    assert mention["message_id"] == messages(reading)[6]["message_id"]


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("twelve_hours_narrow_space.txt", [utc(19, 6, 52, month=9), utc(19, 20, 44, month=9), utc(19, 21, 5, month=9), utc(20, 9, 5, month=9)]),
        ("russian_halves.txt", [utc(22, 6, 52), utc(21, 21, 10), utc(22, 18, 52)]),
        ("month_first_by_course_of_time.txt", [utc(5, 7, 0, month=1), utc(6, 7, 0, month=1), utc(1, 7, 0, month=2)]),
        ("day_first_padded.txt", [utc(5, 7, 0, month=6)]),
        ("year_first_two_digits.txt", [utc(2, 7, 0), utc(5, 7, 0), utc(30, 7, 0)]),
        ("no_comma_and_dots_in_time.txt", [utc(23, 10, 31, month=3), utc(24, 10, 32, month=3)]),
    ],
)  # fmt: skip
def test_order_and_clock_of_a_file(name: str, times: list[datetime]):
    assert read(name).column("messages", "sent_at") == times


def test_name_with_a_colon_is_told_by_all_that_it_wrote():
    reading = read("name_with_colon.txt")
    names = shown(reading)
    assert [(names[row["account_id"]], row["text"]) for row in messages(reading)] == [
        ("Отдел: кураторы", "раз"), ("Отдел: кураторы", "два"), ("Отдел: кураторы", "три: и ещё"), ("Анна", "итог: всё готово"), ("Анна", "без двоеточия"),
    ]  # fmt: skip


def test_rejected_lines_are_named_by_place_and_reason_only():
    why = "a time that is not understood or does not exist"
    assert read("impossible_times.txt").rejected == [("line 1", why), ("line 2", why)]
    assert read("words_before_the_first_message.txt").rejected == [("line 1", "words before the first message")]


def test_conversation_of_two():
    reading = read("WhatsApp Chat with Борис Образцов.txt")
    assert [(row["channel"], row["kind"]) for row in reading.rows("chats")] == [("direct", "personal")]
    names = shown(reading)
    assert [(row["role"], names[row["account_id"]]) for row in reading.rows("addressees")] == [
        ("member", "Лидия Примерова"), ("member", "Борис Образцов"),
    ]  # fmt: skip
    assert all(row["is_private"] for row in messages(reading))


def test_utf16():
    assert read("utf16.txt").column("messages", "text") == ["привет"]


@pytest.mark.parametrize(
    ("name", "found"),
    [("something_else.txt", "no message"), ("empty.txt", "an empty file"), ("windows_1251.txt", "another encoding")],
)
def test_other_files_are_refused(name: str, found: str):
    assert found in refused(WhatsAppReader(), WHATSAPP / name)


def test_zip_as_phones_make_it(tmp_path: Path):
    text = (WHATSAPP / "ios_ru.txt").read_bytes()
    zipped = packed(tmp_path / "WhatsApp Chat - Курс-8.zip", {"_chat.txt": text, "00000012-PHOTO.jpg": b"x", "notes.txt": "конспект"})
    reading = Reading(WhatsAppReader(), zipped)
    assert reading.column("chats", "title") == ["Курс-8"]
    assert len(messages(reading)) == 8


def test_title_of_an_unpacked_export_is_the_folders_name(tmp_path: Path):
    folder = tmp_path / "WhatsApp Chat - Курс-8"
    folder.mkdir()
    (folder / "_chat.txt").write_bytes((WHATSAPP / "ios_ru.txt").read_bytes())
    assert Reading(WhatsAppReader(), folder / "_chat.txt").column("chats", "title") == ["Курс-8"]


@pytest.mark.parametrize(
    ("words", "media"),
    [
        ("PTT-20261122-WA0003.opus (archivo adjunto)", "voice"), ("<adjunto: 00000007-STICKER-2026-11-22-14-00-00.webp>", "sticker"),
        ("STK-20261122-WA0001.webp (file attached)", "sticker"), ("задание 6.docx (файл добавлен)", "file"), ("Anna.vcf (file attached)", "contact"),
        ("<Медіа пропущено>", "file"), ("<Pominięto multimedia>", "file"), ("<Файл қосылған жоқ>", "file"),
        ("view once voice message omitted", "voice"), ("video omitted", "video"), ("голосовое сообщение пропущено", "voice"), ("видео не добавлено", "video"), ("видео посмотрели (файл тоже)", None),
        ("<script>", None), ("audio is omitted here", None),
    ],
)  # fmt: skip
def test_what_stands_for_media(words: str, media: str | None, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"22.11.2026, 14:01 - Анна: {words}\n", "utf-8")
    (row,) = messages(Reading(WhatsAppReader(), file))
    assert row["media"] == media
    assert row["text"] == ("" if media else words)


@pytest.mark.parametrize(
    "words",
    [
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Лидия Примерова добавил(-а) вас", "Лидия Примерова: раз\n22.11.2026, 14:02 - Анна left",
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Анна joined using this group's invite link",
        'Лидия Примерова: раз\n22.11.2026, 14:02 - Анна changed the subject from "A: 1" to "B: 2"',
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Курс: Сообщения и звонки защищены сквозным шифрованием.",
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Du hast den Gruppennamen von \"A: 1\" zu \"B\" geändert.",
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Анна: Пропущенный видеозвонок",
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Анна: Анна created group “Курс”",
        "Лидия Примерова: раз\n22.11.2026, 14:02 - Ваш код безопасности с Анной изменился.",
    ],
)  # fmt: skip
def test_notices_with_and_without_colons(words: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"22.11.2026, 14:01 - {words}\n", "utf-8")
    reading = Reading(WhatsAppReader(), file)
    assert reading.column("messages", "kind") == ["post", "service"]
    assert [row["display_name"] for row in reading.rows("accounts")] == ["Лидия Примерова"]


@pytest.mark.parametrize(
    "words",
    [
        "Анна left",
        "он добавил меня",
        "Сообщения и звонки не прошли",
        "теперь вы админ?",
        "Видеозвонок. Кто будет?",
        "изменил тему: см. выше",
    ],
)
def test_what_people_write_about_such_things_is_no_notice(words: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"22.11.2026, 14:01 - Борис: {words}\n", "utf-8")
    (row,) = messages(Reading(WhatsAppReader(), file))
    assert (row["kind"], row["text"]) == ("post", words)


def test_ios_writes_the_chats_notices_behind_its_title(tmp_path: Path):
    own = "\u200e"
    file = tmp_path / "_chat.txt"
    file.write_text(
        f"[22.11.2026, 14:01:00] Курс: {own}Сообщения и звонки защищены сквозным шифрованием.\n"
        f"[22.11.2026, 14:01:01] Курс: {own}Писать могут только админы.\n"
        f"[22.11.2026, 14:01:02] Анна: Когда созвон?\n"
        f"[22.11.2026, 14:01:03] Анна: {own}Сообщение не загружается\n",
        "utf-8",
    )
    reading = Reading(WhatsAppReader(), file)
    assert reading.column("messages", "kind") == ["service", "service", "post", "post"]
    assert [row["display_name"] for row in reading.rows("accounts")] == ["Анна"]


def test_a_partner_who_writes_is_no_title_of_the_chat(tmp_path: Path):
    own = "\u200e"
    file = tmp_path / "WhatsApp Chat - Анна.txt"
    file.write_text(
        f"[22.11.2026, 14:01:00] Анна: {own}Сообщения и звонки защищены сквозным шифрованием.\n"
        f"[22.11.2026, 14:01:01] Анна: {own}изображение отсутствует\n"
        f"[22.11.2026, 14:01:02] Борис: Получил\n",
        "utf-8",
    )
    reading = Reading(WhatsAppReader(), file)
    assert reading.column("messages", "kind") == ["service", "post", "post"]
    assert reading.column("chats", "channel") == ["direct"]


@pytest.mark.parametrize(
    "words",
    [
        "\u200eВы удалили это сообщение.",
        "\u200eЭто сообщение было удалено.",
        "\u200eСообщение удалено админом Борис.",
        "\u200eThis message was deleted by admin Boris.",
        "\u200eYou deleted this message as admin",
        "Diese Nachricht wurde von Admin Boris gelöscht.",
        "Це повідомлення видалено",
        "Бұл хабар жойылды",
        "Ushbu xabar oʻchirilgan",
        "\u200eBu mesaj silindi.",
        "Se eliminó este mensaje",
        "Ce message a été supprimé",
    ],
)
def test_whose_message_was_deleted_is_told(words: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"[22.11.2026, 14:01:00] Анна: {words}\n[22.11.2026, 14:02:00] Борис: раз\n", "utf-8")
    reading = Reading(WhatsAppReader(), file)
    assert reading.column("messages", "kind") == ["service", "post"]
    assert sorted(row["display_name"] for row in reading.rows("accounts")) == ["Анна", "Борис"]


def test_ios_sets_a_caption_before_the_words_for_a_medium_left_out(tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(
        "[22.11.2026, 14:01:00] Анна: Вот схема,\nпосмотрите \u200eизображение отсутствует\n[22.11.2026, 14:02:00] Анна: у меня image omitted\n",
        "utf-8",
    )
    with_photo, without = messages(Reading(WhatsAppReader(), file))
    assert (with_photo["media"], with_photo["text"]) == ("photo", "Вот схема,\nпосмотрите")
    assert (without["media"], without["text"]) == (None, "у меня image omitted")


def test_what_android_has_no_words_for_is_no_text(tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text("22.11.2026, 14:01 - Анна: null\n22.11.2026, 14:01 - Анна: null и ноль\n", "utf-8")
    assert [row["text"] for row in messages(Reading(WhatsAppReader(), file))] == ["", "null и ноль"]


@pytest.mark.parametrize("begin", ["22.11.2026, 14:01 Uhr - ", "22.11.2026 klo 14.01 - ", "22.11.2026 г., 14:01 ч. - "])
def test_words_of_the_phones_language_around_the_time(begin: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"{begin}Анна: раз\n", "utf-8")
    (row,) = messages(Reading(WhatsAppReader(), file))
    assert (row["sent_at"], row["text"]) == (utc(22, 11, 1), "раз")


@pytest.mark.parametrize(
    "name", ["Chat de WhatsApp con Курс.txt", "Conversa do WhatsApp com Курс.txt", "Discussion WhatsApp avec Курс (1).txt"]
)
def test_files_named_in_other_languages_tell_their_title(name: str, tmp_path: Path):
    file = tmp_path / name
    file.write_text("22.11.2026, 14:01 - Анна: раз\n", "utf-8")
    assert Reading(WhatsAppReader(), file).column("chats", "title") == ["Курс"]


def test_archives_that_are_none(tmp_path: Path):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(packed(tmp_path / "whole.zip", {"_chat.txt": "22.11.2026, 14:01 - Анна: три\n" * 1000}).read_bytes()[:-30])
    assert "a whole ZIP archive" in refused(WhatsAppReader(), cut)
    assert "0 text files" in refused(WhatsAppReader(), packed(tmp_path / "pictures.zip", {"a.jpg": b"x"}))
    bomb = packed(tmp_path / "bomb.zip", {"_chat.txt": b"\n" * (1 << 27)})
    assert "packed into" in refused(WhatsAppReader(), bomb)


def test_text_files_sent_in_a_chat_are_no_exports(tmp_path: Path):
    (tmp_path / "one").mkdir()
    for name, text in (("_chat.txt", "22.11.2026, 14:01 - Анна: три\n"), ("конспект.txt", "конспект\n")):
        (tmp_path / "one" / name).write_text(text, "utf-8")
    (tmp_path / "renamed.txt").write_text("22.11.2026, 14:01 - Анна: три\n", "utf-8")
    assert names_of(WhatsAppReader(), tmp_path) == ["one/_chat.txt", "renamed.txt"]
    with pytest.raises(BadSource, match="there is none"):
        names_of(WhatsAppReader(), (tmp_path / "empty").mkdir() or tmp_path / "empty")


def test_whole_from_the_minute_after_the_first_message():
    (whole,) = wholes(read(LATER))
    assert (whole.since, whole.until) == (utc(20, 6, 6), utc(21, 5, 0))


@pytest.mark.parametrize("order", [(EARLIER, LATER), (LATER, EARLIER)], ids=["earlier first", "later first"])
def test_overlapping_exports_give_the_same_whichever_comes_first(order: tuple[Path, Path]):
    with loaded("whatsapp", (EARLIER, LATER)) as forward, loaded("whatsapp", order) as warehouse:
        assert state(warehouse) == state(forward)
        standing = texts(warehouse, "deleted_at is null and kind = 'post'")
        assert sorted(standing) == sorted(["первое", "+", "+", "+", "исправлено", "", "последнее", "новое"])
        assert sorted(texts(warehouse, "deleted_at is not null")) == ["исправят", "удалят"]
        # The same picture, left out in one export and attached in the other.
        assert warehouse.rows("select media from raw.messages where media is not null") == [("photo",)]


def test_a_name_or_words_are_in_no_column_of_raw(course: Reading):
    for record in ("messages", "chats", "addressees"):
        for row in course.rows(record):
            public = {key: value for key, value in row.items() if key not in ("text", "subject", "title")}
            assert not any(word in str(public) for word in ("Лидия", "Образцов", "Курс", "задание"))


@pytest.mark.parametrize(
    "noise", ["[" * 100_000, "1" * 100_000, "12.12.2026, " * 20_000, "22.11.2026, 14:01 - " + "a hat " * 60_000, " " * 300_000]
)
def test_hostile_lines_take_no_time(noise: str, tmp_path: Path):
    file = tmp_path / "noise.txt"
    file.write_text(f"22.11.2026, 14:00 - Анна: раз\n{noise}\n22.11.2026, 14:02 - Анна: <{noise}\n", "utf-8")
    began = datetime.now(UTC)
    reading = Reading(WhatsAppReader(), file)
    assert len(messages(reading)) >= 2
    assert (datetime.now(UTC) - began).total_seconds() < 5


@pytest.mark.parametrize(
    ("words", "media", "text"),
    [
        ("\u200eHisobot 3.pdf (fayl biriktirilgan)", "file", ""),
        ("\u200e\u200eЗвіт 3.docx (файл додано)\nось", "file", "ось"),
        ("Rapor.pdf • 3 sayfa \u200e<eklendi: 00000007-Rapor.pdf>", "file", ""),
        ("Şuna bakın \u200e<eklendi: 00000008-resim.jpg>", "photo", "Şuna bakın"),
        ("report.pdf (final version)", None, "report.pdf (final version)"),
        ("<см. файл: a.pdf>", None, "<см. файл: a.pdf>"),
        ("ертең келемін \u200e<Бұл хабар өңделді>", None, "ертең келемін"),
        ("іспит\nзавтра \u200e<Це повідомлення змінено>", None, "іспит\nзавтра"),
        ("сравните 5 <а потом вот это>", None, "сравните 5 <а потом вот это>"),
        ("\u200eYou received a view once message. For added privacy, you can only open it on your phone.", None, ""),
    ],
)
def test_what_whatsapp_says_behind_its_mark_is_known_in_any_language(words: str, media: str | None, text: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"22.11.2026, 14:01 - Анна: {words}\n22.11.2026, 14:02 - Борис: раз\n", "utf-8")
    row, _ = messages(Reading(WhatsAppReader(), file))
    assert (row["kind"], row["media"], row["text"]) == ("post", media, text)


def test_ios_names_a_file_behind_its_title_or_the_words():
    media = [(row["kind"], row["media"], row["text"]) for row in messages(read("ios_media_named_behind_the_words.txt"))][1:]
    assert media == [
        ("post", "file", ""),
        ("post", "photo", "Смотрите таблицу"),
        ("post", "photo", ""),
        ("post", "file", ""),
        ("post", "file", ""),
        ("post", None, "Сравните 5 < 6 и <html> тоже"),
        ("post", None, "Итог: <прикреплено позже>"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # A clock of twelve hours is India's and Australia's as well, and they put the day first.
        ("05/11/26, 10:30\u202fpm - ", "05/11/26, 10:31\u202fpm - ", utc(5, 19, 30)),
        ("[5/11/2026, 10:30:00\u202fpm] ", "[5/11/2026, 10:31:00\u202fpm] ", utc(5, 19, 30)),
        ("5/11/26 10:30\u202fp.\u00a0m. - ", "5/11/26 10:31\u202fp.\u00a0m. - ", utc(5, 19, 30)),
        ("11/5/26, 10:30\u202fPM - ", "11/5/26, 10:31\u202fPM - ", utc(5, 19, 30)),
        ("[11/5/26, 10:30:00\u202fPM] ", "[11/5/26, 10:31:00\u202fPM] ", utc(5, 19, 30)),
        # Of the two numbers the day changes while the month stays.
        ("[05/11/2026, 10:30:00 PM] ", "[06/11/2026, 10:30:00 PM] ", utc(5, 19, 30)),
        ("11/05/2026, 22:30 - ", "11/06/2026, 22:30 - ", utc(5, 19, 30)),
    ],
)  # fmt: skip
def test_order_where_no_number_is_above_twelve(first: str, second: str, expected: datetime, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"{first}Анна: раз\n{second}Борис: два\n", "utf-8")
    assert messages(Reading(WhatsAppReader(), file))[0]["sent_at"] == expected


@pytest.mark.parametrize(
    "begin",
    [
        "\u200f22/11/2026، 2:01 م - ", "[\u0662\u0662\u200f/\u0661\u0661\u200f/\u0662\u0660\u0662\u0666، \u0662:\u0660\u0661:\u0660\u0660\u00a0م] ",
        "2026년 11월 22일 오후 2:01, ", "[2026. 11. 22. 오후 2:01:00] ", "[2026/11/22 下午2:01:00] ", "2026/11/22 下午2:01 - ", "2026/11/22 午後2:01 - ",
        "[2026-11-22 14 h 01 min 00 s] ", "22/11/2569 14:01 - ", "22/11/26, 2:01 μ.μ. - ", "22.11.2026 ÖS 2:01 - ",
        "[14:01, 22.11.2026] ", "14:01, 22/11/2026 - ",
    ],
)  # fmt: skip
def test_times_as_phones_of_other_languages_write_them(begin: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"{begin}Анна: раз\nи ещё\n", "utf-8")
    (row,) = messages(Reading(WhatsAppReader(), file))
    assert (row["sent_at"], row["text"]) == (utc(22, 11, 1), "раз\nи ещё")


def test_what_was_copied_out_of_the_window_into_a_message_is_its_words(tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text("22.11.2026, 14:01 - Анна: Было так:\n[10:30, 21.11.2026] Борис: нет\n", "utf-8")
    (row,) = messages(Reading(WhatsAppReader(), file))
    assert row["text"] == "Было так:\n[10:30, 21.11.2026] Борис: нет"


@pytest.mark.parametrize(
    ("words", "media", "text"),
    [
        ("\u200eimagem ocultada", "photo", ""), ("\u200efigurinha omitida", "sticker", ""), ("\u200eáudio ocultado", "voice", ""),
        ("\u200eвідео відсутнє", "video", ""), ("\u200egörüntü dahil edilmedi", "photo", ""), ("\u200eKişi kartı dahil edilmedi", "contact", ""),
        ("Vean \u200eimagen omitida", "photo", "Vean"), ("Plan.pdf • \u200e2 páginas \u200edocumento omitido", "file", ""),
        ("<Fayl o‘tkazib yuborildi>", "file", ""), ("<Hiányzó médiafájl>", "file", ""), ("<تم استبعاد الوسائط>", "file", ""),
        ("plan.docx (archivo adjunto)", "file", ""), ("hola <Se editó este mensaje.>", None, "hola"), ("привіт <Це повідомлення відредаговано>", None, "привіт"),
        ("audio omitido ayer", None, "audio omitido ayer"),
    ],
)  # fmt: skip
def test_media_and_edits_in_other_languages(words: str, media: str | None, text: str, tmp_path: Path):
    file = tmp_path / "chat.txt"
    file.write_text(f"[22.11.2026, 14:01:00] Анна: {words}\n[22.11.2026, 14:02:00] Борис: раз\n", "utf-8")
    row, _ = messages(Reading(WhatsAppReader(), file))
    assert (row["kind"], row["media"], row["text"]) == ("post", media, text)


def test_ios_notices_of_any_language_that_name_whom_they_stand_behind(tmp_path: Path):
    own = "\u200e"
    file = tmp_path / "_chat.txt"
    file.write_text(
        f"[22.11.2026, 14:01:00] Курс: {own}Mesajlar ve aramalar uçtan uca şifrelidir.\n"
        f"[22.11.2026, 14:01:01] ~ Анна: {own}Борис, ~ Анна kişisini ekledi\n"
        f"[22.11.2026, 14:01:02] ~ Анна: Меня зовут ~ Анна\n"
        f"{own}[22.11.2026, 14:01:03] Борис: {own}<eklendi: 00000003-Борис.pdf>\n",
        "utf-8",
    )
    reading = Reading(WhatsAppReader(), file)
    assert reading.column("messages", "kind") == ["service", "service", "post", "post"]
    assert sorted(row["display_name"] for row in reading.rows("accounts")) == ["Анна", "Борис"]
