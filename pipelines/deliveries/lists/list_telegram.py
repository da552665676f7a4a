"""The morning list as a short Telegram message: how many in which section, and where to read on.

By default it names nobody: a messenger's servers and a telephone's lock screen are no place for names. A programme may allow names; then each
line is a name and its headline, as many as fit into one message. Same list, same bytes.
"""

from __future__ import annotations

import json
from hashlib import sha256

from pipelines.deliveries.lists import list_html
from pipelines.deliveries.lists.list_mail import Mail, identity, sections_of, subject
from pipelines.deliveries.lists.list_model import CuratorList
from pipelines.deliveries.shared.language import Language

#: Longest text of a message (Bot API, sendMessage).
_CHARACTERS_MOST = 4096
KIND = "telegram"


def list_message(item: CuratorList, language: Language, *, chat_id: int, with_names: bool = False, page_url: str | None = None) -> Mail:
    """One curator's list as a message to ``chat_id``, ready for the outbox; ``content`` is the body of the request to the Bot API."""
    text = _text(item, language, with_names, page_url)
    body = json.dumps({"chat_id": chat_id, "text": text, "disable_web_page_preview": True}, ensure_ascii=False).encode()
    mail_id = identity(KIND, item.day.isoformat(), item.curator_id)
    return Mail(mail_id, KIND, item.curator_id, mail_id, sha256(body).hexdigest(), body)


def _text(item: CuratorList, language: Language, with_names: bool, page_url: str | None) -> str:
    head = list_html.head_view(item, language)
    sections = sections_of(item, language)
    first = [f"{subject(item, language)}."]
    if head["warnings"]:
        first.append(
            language.count("{n} source did not come as it should: see the list.", "{n} sources did not come as they should: see the list.", len(head["warnings"]))
        )  # fmt: skip
    last = [head["data_until"], *([page_url] if page_url else [])]
    rows: list[str] = []
    for section in sections:
        rows.append(f"{section['title']}: {len(section['lines'])}")
        if with_names:
            rows += [f"{line['number']}. {line['name']} — {line['headline']}" for line in section["lines"] if line["is_person"]]
    rows += [head["overflow"]] if head["overflow"] and with_names else []
    while rows and len("\n".join([*first, *rows, "…", *last])) > _CHARACTERS_MOST:
        rows.pop()
    return "\n".join([*first, *rows, *last])
