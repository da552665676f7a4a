"""Files posted in chats: read where they lie beside the export, each content once, and never from elsewhere. All people are invented."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from pipelines.loading import load_source
from pipelines.loading.loads import Load
from pipelines.programme import Programme, Source
from pipelines.sources.formats.file_texts import pool
from pipelines.warehouse import Warehouse
from tests.unit.sources.chat_reading import packed
from tests.unit.sources.file_text_samples import docx_of, paragraph, run
from tests.unit.sources.report_reading import PSEUDONYMS
from tests.unit.sources.telegram_pages import write_pages

RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"


def document(words: str) -> bytes:
    return docx_of(paragraph(run(words)))


def hash_of(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()


def message(number: int, file: str | None, text: str = "", **more: Any) -> dict[str, Any]:
    about = {"file": file, "file_name": "x", "file_size": 1} if file is not None else {}
    return {
        "id": number, "type": "message", "date": "2026-10-05T10:00:00", "date_unixtime": str(1_791_000_000 + number), "from": f"Имя {number % 3}",
        "from_id": f"user{number % 3 + 1}", "text": text, **about, **more,
    }  # fmt: skip


def export(
    folder: Path, messages: Sequence[dict[str, Any]], files: dict[str, bytes] | None = None, kind: str = "private_supergroup"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    chat = {"name": "Поток", "type": kind, "id": 700, "messages": list(messages)}
    (folder / "result.json").write_text(json.dumps(chat, ensure_ascii=False, indent=1), encoding="utf-8")
    for name, content in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def load(warehouse: Warehouse, path: Path, kind: str = "telegram") -> list[Load]:
    source = Source(name="chat", kind=kind, path=path)
    done = load_source(warehouse, Programme(id="p", name="p", sources=(source,)), source, pseudonyms=PSEUDONYMS, run_at=RUN_AT)
    assert [one.problem for one in done] == [None] * len(done)
    return done


def empty() -> Warehouse:
    warehouse = Warehouse.open(None)
    warehouse.create_schemas()
    return warehouse


def held(warehouse: Warehouse) -> list[tuple[str, str, str | None]]:
    """(number of the message, hash, words) of every file."""
    return warehouse.rows(
        "select split_part(file.message_id, ':', 4), file.content_hash, written.text from raw.message_files as file "
        "left join personal.file_texts as written using (content_hash) order by 1, 2"
    )


def rejects(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    return warehouse.rows("select record, place, reason from raw.rejects order by all")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Contents that were opened for their text, as they are."""
    found: list[str] = []
    ask = pool._Worker.ask

    def noted(self: pool._Worker, content: pool.Content, expected: str | None) -> object:
        found.append(expected or "")
        return ask(self, content, expected)

    monkeypatch.setattr(pool._Worker, "ask", noted)
    return found


def test_a_document_beside_the_export_is_read_and_others_are_not(tmp_path: Path) -> None:
    answers, notes = document("Ответы на все задания"), "Черновик".encode()
    messages = [
        message(1, "files/otvety.docx", "держите"), message(2, "files/заметки.txt"), message(3, NOT_INCLUDED), message(4, None, "спасибо"),
        message(5, "voice_messages/a.ogg", media_type="voice_message"), message(6, "files/otvety.docx"),
    ]  # fmt: skip
    files = {"files/otvety.docx": answers, "files/заметки.txt": notes, "voice_messages/a.ogg": b"OggS"}
    with empty() as warehouse:
        load(warehouse, export(tmp_path, messages, files))
        assert held(warehouse) == [
            ("1", hash_of(answers), "Ответы на все задания"), ("2", hash_of(notes), "Черновик"), ("6", hash_of(answers), "Ответы на все задания"),
        ]  # fmt: skip
        assert rejects(warehouse) == []


def test_pages_lead_to_the_same_files(tmp_path: Path) -> None:
    answers = document("Ответы")
    messages = [message(1, "files/ответы & ключ.docx", "держите"), message(2, None, "спасибо")]
    folder = export(tmp_path, messages, {"files/ответы & ключ.docx": answers})
    (folder / "result.json").unlink()
    write_pages(folder, "Поток", messages)
    with empty() as warehouse:
        load(warehouse, folder)
        assert [(number, content) for number, content, _ in held(warehouse)] == [("1", hash_of(answers))]


def test_files_of_private_conversations_are_left_alone(tmp_path: Path, opened: list[str]) -> None:
    with empty() as warehouse:
        load(warehouse, export(tmp_path, [message(1, "files/a.docx")], {"files/a.docx": document("Личное")}, kind="personal_chat"))
        assert (held(warehouse), opened) == ([], [])


def test_an_export_made_again_opens_nothing_anew_and_loads_nothing_twice(tmp_path: Path, opened: list[str]) -> None:
    first, second = document("Первые ответы"), document("Вторые ответы")
    export(tmp_path / "1", [message(1, "files/a.docx")], {"files/a.docx": first})
    with empty() as warehouse:
        load(warehouse, tmp_path)
        assert opened == [hash_of(first)]
        both = {"files/a.docx": first, "files/b.docx": second, "files/c.docx": first}
        export(tmp_path / "2", [message(1, "files/a.docx"), message(2, "files/b.docx"), message(3, "files/c.docx")], both)
        load(warehouse, tmp_path)
        assert opened == [hash_of(first), hash_of(second)]
        day_by_day = held(warehouse)
        assert [one.state for one in load(warehouse, tmp_path)] == ["unchanged", "unchanged"]
    with empty() as warehouse:
        load(warehouse, tmp_path / "2")
        assert held(warehouse) == day_by_day
        assert len(day_by_day) == 3


def test_a_document_that_comes_after_its_export_is_read(tmp_path: Path) -> None:
    export(tmp_path, [message(1, "files/a.docx"), message(2, "files/b.docx")])
    with empty() as warehouse:
        load(warehouse, tmp_path)
        # No file at all is an export without its files, and no row lost.
        assert (held(warehouse), rejects(warehouse)) == ([], [])
        export(tmp_path, [message(1, "files/a.docx"), message(2, "files/b.docx")], {"files/a.docx": document("Ответы")})
        load(warehouse, tmp_path)
        assert [number for number, _, _ in held(warehouse)] == ["1"]
        assert rejects(warehouse) == [("message_files", "message id 2", "file is not beside the export")]


def test_nothing_is_read_from_outside_of_the_export(tmp_path: Path, opened: list[str]) -> None:
    secret = tmp_path / "secret.docx"
    secret.write_bytes(document("Чужое"))
    names = [
        "../secret.docx",
        str(secret),
        "files/link.docx",
        "files/folder/secret.docx",
        "files/circle.docx",
        "files",
        "files/pipe",
        "x" * 300,
        "files/a\0",
    ]
    folder = export(tmp_path / "export", [message(number, name) for number, name in enumerate(names, 1)], {"files/a.txt": b"a"})
    (folder / "files" / "link.docx").symlink_to(secret)
    (folder / "files" / "folder").symlink_to(tmp_path)
    (folder / "files" / "circle.docx").symlink_to(folder / "files" / "circle.docx")
    os.mkfifo(folder / "files" / "pipe")
    with empty() as warehouse:
        load(warehouse, folder)
        assert (held(warehouse), opened) == ([], [])
        reasons = {place.removeprefix("message id "): reason for _, place, reason in rejects(warehouse)}
    outside, missing = "file lies outside the export", "file is not beside the export"
    assert reasons == dict.fromkeys("1234", outside) | dict.fromkeys("589", missing) | dict.fromkeys("67", "cannot be opened")


def test_a_hostile_file_costs_one_reject(tmp_path: Path) -> None:
    bomb = docx_of(paragraph(run("а" * 40_000_000)))
    files = {"files/bomb.docx": bomb, "files/half.docx": document("Ответы")[:200], "files/good.docx": document("Ответы")}
    with empty() as warehouse:
        load(warehouse, export(tmp_path, [message(number, name) for number, name in enumerate(files, 1)], files))
        # What it holds is unknown; that the same bytes were posted is not.
        assert [(number, text) for number, _, text in held(warehouse)] == [("1", None), ("2", None), ("3", "Ответы")]
        assert rejects(warehouse) == [("file_texts", "message id 1", "unpacks to too much"), ("file_texts", "message id 2", "damaged")]


WHATSAPP = "22.11.2026, 14:05 - Анна Примерова: {attached}\n22.11.2026, 14:06 - Борис Образцов: спасибо\n"


@pytest.mark.parametrize(
    "attached",
    [
        pytest.param("ключ к заданиям.docx (файл добавлен)\nдержите", id="android, russian"),
        pytest.param("ключ к заданиям.docx (file attached)", id="android, english"),
        pytest.param("\u200e<attached: ключ к заданиям.docx>", id="ios"),
        pytest.param(
            "ключ к заданиям.docx • \u200e3 страницы \u200e<прикреплено: ключ к заданиям.docx>", id="ios, behind what is known of it"
        ),
    ],
)
@pytest.mark.parametrize("is_archive", [False, True])
def test_whatsapp_has_documents_beside_the_text(tmp_path: Path, attached: str, is_archive: bool) -> None:
    files = {"_chat.txt": WHATSAPP.format(attached=attached).encode(), "ключ к заданиям.docx": document("Ответы")}
    if is_archive:
        packed(tmp_path / "WhatsApp Chat - Поток.zip", files)
    else:
        (tmp_path / "WhatsApp Chat - Поток").mkdir()
        for name, content in files.items():
            (tmp_path / "WhatsApp Chat - Поток" / name).write_bytes(content)
    with empty() as warehouse:
        load(warehouse, tmp_path, "whatsapp")
        assert [(content, text) for _, content, text in held(warehouse)] == [(hash_of(files["ключ к заданиям.docx"]), "Ответы")]
        assert rejects(warehouse) == []


def test_words_typed_like_an_attachment_lead_nowhere(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "secret.docx").write_bytes(document("Чужое"))
    folder = tmp_path / "chats"
    folder.mkdir()
    typed = "../secret.docx", "WhatsApp Chat with Личное.txt", "нет такого.docx", "есть.txt"
    lines = "".join(f"22.11.2026, 14:0{place} - Анна Примерова: <attached: {name}>\n" for place, name in enumerate(typed))
    (folder / "WhatsApp Chat with Поток.txt").write_text(lines + WHATSAPP.format(attached="и ещё"), encoding="utf-8")
    (folder / "WhatsApp Chat with Личное.txt").write_text("22.11.2026, 14:05 - Анна Примерова: личное\n", encoding="utf-8")
    (folder / "есть.txt").write_text("Ответы", encoding="utf-8")
    with empty() as warehouse:
        load(warehouse, folder, "whatsapp")
        assert [text for _, _, text in held(warehouse)] == ["Ответы"]
        assert rejects(warehouse) == [("message_files", "line 3", "file is not beside the export")]
    assert len(opened) == 1


def test_a_member_that_cannot_be_unpacked_costs_one_reject(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "WhatsApp Chat - Поток.zip",
        {"_chat.txt": WHATSAPP.format(attached="a.docx (file attached)"), "a.docx": document("Ответы")},
    )
    content = bytearray(path.read_bytes())
    # The document's first bytes stand behind its name, the second of the archive.
    content[content.index(b"a.docx") + 40 : content.index(b"a.docx") + 60] = b"\xff" * 20
    path.write_bytes(content)
    with empty() as warehouse:
        load(warehouse, tmp_path, "whatsapp")
        assert rejects(warehouse) == [("message_files", "line 1", "damaged")]
        assert warehouse.value("select count(*) from raw.messages") == 2


def written(folder: Path, kind: str) -> None:
    """An export of one message that holds a document, with its files beside it."""
    if kind == "discord":
        sent = {"id": "5", "type": "Default", "timestamp": "2026-10-05T10:00:00+00:00", "content": "", "author": {"id": "9", "name": "a"}}
        attachments = [
            {"id": "1", "url": "Поток.json_Files\\ключ-1A2B.docx", "fileName": "ключ.docx"},
            {"id": "2", "url": "https://cdn.example.org/b.docx", "fileName": "b.docx"},
        ]
        channel = {"id": "7", "type": "GuildTextChat", "name": "поток"}
        (folder / "Поток.json").write_text(
            json.dumps({"guild": {"id": "1", "name": "g"}, "channel": channel, "messages": [sent | {"attachments": attachments}]})
        )
        place = folder / "Поток.json_Files" / "ключ-1A2B.docx"
    elif kind == "mattermost":
        post = {
            "team": "t",
            "channel": "potok",
            "user": "a",
            "message": "",
            "create_at": 1_791_000_000_000,
            "attachments": [{"path": "2026/ключ.docx"}],
        }
        lines = [
            {"type": "version", "version": 1},
            {"type": "channel", "channel": {"team": "t", "name": "potok", "type": "O"}},
            {"type": "post", "post": post},
        ]
        (folder / "export.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        place = folder / "data" / "2026" / "ключ.docx"
    else:
        (folder / "potok").mkdir()
        (folder / "channels.json").write_text(json.dumps([{"id": "C1", "name": "potok", "members": ["U1"]}]))
        (folder / "users.json").write_text(json.dumps([{"id": "U1", "name": "a"}]))
        file = {"id": "F1" if kind == "slack" else "F01AB", "name": "ключ.docx", "url_private": "https://files.example.org/F1"}
        day = [{"type": "message", "user": "U1", "ts": "1791000000.000100", "text": "", "files": [file, {"id": "F2", "name": "b.docx"}]}]
        (folder / "potok" / "2026-10-05.json").write_text(json.dumps(day))
        place = folder / "__uploads" / "F1" / "ключ.docx" if kind == "slack" else folder / "potok" / "attachments" / "F01AB-ключ.docx"
    place.parent.mkdir(parents=True)
    place.write_bytes(document("Ответы"))


@pytest.mark.parametrize("kind", ["discord", "mattermost", "slack", "slack in folders of channels"])
def test_files_that_were_fetched_with_an_export_are_read(tmp_path: Path, kind: str) -> None:
    written(tmp_path, kind)
    with empty() as warehouse:
        load(warehouse, tmp_path, kind.split()[0])
        assert [text for _, _, text in held(warehouse)] == ["Ответы"]
        assert rejects(warehouse) == []
