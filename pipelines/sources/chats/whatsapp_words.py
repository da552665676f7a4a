"""What WhatsApp itself writes into an exported chat, in Russian, English and German: notices, stand-ins for media, marks; of others' languages the words for a deleted message.

Collected from the patterns of gesiscss/WhatsR (Languages.csv), starkdmi/whats_json, and exports quoted in public code. A chat in another
language is read all the same: its notices without an author are still notices, and of media it is the file names that tell.
"""

from __future__ import annotations

import re

#: Marks of direction and byte order marks, which WhatsApp sets around names and before its own words; joiners belong to emoji and stay.
MARKS = {code: None for code in (0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
#: No-break spaces of three widths become plain ones.
SPACES = {0x00A0: " ", 0x202F: " ", 0x2007: " "}

_MARK = re.compile("[" + "".join(map(chr, MARKS)) + "]")
_SPACE = re.compile("[" + "".join(map(chr, SPACES)) + "]")

#: Said once of a chat, and of nothing else.
_ENCRYPTED = (
    r"(?:messages|messages and calls|nachrichten|nachrichten und anrufe|сообщения|сообщения и звонки|звонки и сообщения)\b.*"
    r"(?:end-to-end|ende-zu-ende|сквозн\w+ шифрован\w+).*"
)
#: Notices that some layouts put behind a name (the caller's, or the chat's title) like words of somebody's.
_AS_WORDS = (
    _ENCRYPTED,
    r"(?:missed (?:group )?(?:voice|video) call|пропущенный (?:групповой )?(?:аудиозвонок|видеозвонок|голосовой (?:вызов|звонок)|видеовызов)|"
    r"verpasster (?:sprach|video)anruf)(?: (?:at|в|um) \d[\d:. apm]{3,12})?(?:[.,] .*)?\.?",
    r"(?:voice call|video call|аудиозвонок|видеозвонок|видеовызов|голосовой (?:звонок|вызов)|sprachanruf|videoanruf)[,.]\s"
    r"(?:\d|no answer|нет ответа|keine antwort|\S* ?нажмите|tap|tippe).*",
    r"(?:waiting for this message|ожидание (?:этого )?сообщения|warten auf diese nachricht)\.(?: .*)?",
)
#: Notices about a chat as a whole, which have no author.
_NOTICES = (
    r"(?:your|dein)\w* (?:security code|sicherheitscode).*",
    r"(?:ваш )?код безопасности.*(?:измен\w+).*",
    r"(?:this chat is with a business account|этот чат ведется с бизнес-аккаунтом|you(?:'re| are) (?:now|no longer) an admin).*",
    r"(?:теперь вы админ\w*|вы теперь админ\w*|вы (?:больше )?не админ\w*|du bist jetzt .*admin.*|du bist keine?\S* .*admin.*).*",
    r"(?:you|вы|du) (?:blocked|unblocked|заблокировали|разблокировали|hast) (?:this contact|этот контакт|diesen kontakt).*",
    r"(?:voice call|video call|аудиозвонок|видеозвонок|голосовой звонок|sprachanruf|videoanruf).*",
)
#: What somebody did: the deed follows the name, and no colon stands before it.
_DEEDS = (
    r"(?:created (?:this |the )?(?:group|community)|создал\S* (?:эту )?(?:группу|сообщество)|hat die gruppe .* erstellt|hast (?:die|diese) gruppe)",
    r"(?:added|removed) \S", r"was added\b", r"were added\b", r"was removed\b", r"left(?: the group)?\.?$",
    r"joined\b", r"requested to join\b",
    r"(?:changed|deleted|updated) (?:the|this|their|to) ?(?:group|subject|message|phone|settings|\+)", r"changed (?:this group's|to \+)",
    r"changed the (?:group name|subject|group description|settings)", r"(?:turned (?:on|off)|enabled|disabled|reset|pinned|started) \S",
    r"(?:is|are) (?:now|no longer) (?:an )?admins?\b", r"is a contact\b",
    r"добавил\S* \S", r"удалил\S* (?!данное|это)\S", r"исключил\S* \S", r"покинул\S*(?: группу)?\.?$", r"(?:вышел|вышла|вышли)\S*(?: из группы)?\.?$",
    r"присоединил\S*", r"вступил\S*", r"(?:был|была|были)\S* (?:добавлен|удален)\S*", r"добавлен\S*\.?$",
    r"изменил\S* (?:тему|название|описание|изображение|картинку|фото|иконку|значок|настройки|номер|код|таймер|данные)",
    r"(?:включил|выключил|отключил|сбросил|закрепил|начал|обновил)\S* (?!.*:)\S", r"(?:теперь|больше не) админ\S*",
    r"hat .*(?:hinzugefügt|entfernt|geändert|gelöscht|verlassen|angeheftet|aktiviert|deaktiviert|gestartet|aktualisiert|gewechselt|eingeschaltet|ausgeschaltet)\b",
    r"hast .*(?:hinzugefügt|entfernt|geändert|aktiviert|deaktiviert|aktualisiert)\b", r"wurden? (?:hinzugefügt|entfernt)\b",
    r"ist (?:der gruppe|über).* beigetreten", r"ist ein kontakt\b",
)  # fmt: skip
ENCRYPTED = re.compile(_ENCRYPTED, re.IGNORECASE | re.DOTALL)
NOTICE_AS_WORDS = re.compile(rf"(?:{'|'.join(_AS_WORDS)})", re.IGNORECASE | re.DOTALL)
NOTICE = re.compile(rf"(?:{'|'.join((*_AS_WORDS, *_NOTICES))})", re.IGNORECASE | re.DOTALL)
DEED = re.compile(rf"[^:\n]{{1,120}}? (?:{'|'.join(_DEEDS)})", re.IGNORECASE)
#: Deeds that only groups know.
GROUP_DEED = re.compile(
    r"[^:\n]{1,120}? (?:created group|created this group|added|removed|left|joined|changed (?:the (?:group|subject)|this group)|создал\S* (?:эту )?группу|"
    r"добавил|удалил|исключил|покинул|присоединил|изменил\S* (?:тему|название|описание|изображение|картинку|фото|иконку|значок)|"
    r"hat (?:die gruppe|.* (?:hinzugefügt|entfernt)|den gruppennamen|das gruppenbild)|hast (?:die gruppe|diese gruppe|.* (?:hinzugefügt|entfernt)))",
    re.IGNORECASE,
)

DELETED = re.compile(
    r"(?:you deleted this message|this message was deleted|message deleted|данное сообщение удалено|вы удалили (?:данное|это) сообщение|"
    r"(?:это )?сообщение (?:было )?удалено|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht)"
    r"(?: (?:(?:by|as) (?:an )?admin|админом|администратором|von admin|als admin)\b[^\n]*)?\.?"
    r"|diese nachricht wurde von admin [^\n]{1,100} gelöscht\.?"
    r"|(?:це )?повідомлення (?:було )?видалено\.?|ви видалили це повідомлення\.?|бұл хабар(?:лама)? (?:жойылды|жойылған)\.?|сіз бұл хабар(?:лама)?ды жойдыңыз\.?"
    r"|(?:bu|ushbu) xabar o.?chiril(?:di|gan)\.?|(?:siz )?(?:bu|ushbu) xabarni o.?chirdingiz\.?|bu mesaj silindi\.?|bu mesajı sildiniz\.?"
    r"|se eliminó este mensaje\.?|eliminaste este mensaje\.?|ce message a été supprimé\.?|vous avez supprimé ce message\.?"
    r"|questo messaggio è stato eliminato\.?|hai eliminato questo messaggio\.?|(?:esta )?mensagem (?:foi )?apagada\.?|você apagou esta mensagem\.?"
    r"|ta wiadomość została usunięta\.?|usunięto tę wiadomość\.?",
    re.IGNORECASE,
)
#: What stands where an export has no words for what was sent: "null" on Android, notices that send the reader to the phone.
NOTHING_TOLD = re.compile(
    r"null|you (?:received|sent) a view once (?:message|photo|video|voice message)\.[^\n]*|this message can[\u2019']t be displayed here\.[^\n]*",
    re.IGNORECASE,
)
EDITED = re.compile(
    r"\s*<(?:this message was edited|message edited|(?:это )?сообщение (?:было )?изменено|diese nachricht wurde bearbeitet)\.?>\s*$",
    re.IGNORECASE,
)
#: Stand-ins where media were left out, whole line; the group says what it was.
OMITTED = re.compile(
    r"<(?P<any>media omitted|multimedia omitido|archivo omitido|médias omis|fichier omis|media omess[io]|mídia (?:oculta|omitida)|ficheiro não revelado|"
    r"media weggelaten|pominięto multimedia|pliki pominięto|medya dahil edilmedi|медіа пропущено|файл қосылған жоқ|файлдар қосылмаған|без медиафайлов|медиа (?:отсутствует|пропущено)|medien (?:ausgeschlossen|weggelassen)|video note omitted|videonachricht weggelassen|[^<>\n]{2,60} (?:omitted|отсутству\w+|опущен\w*|пропущен\w*|скрыт\w*|weggelassen|ausgeschlossen))>"
    r"|(?:(?P<photo>image|(?:view once )?photo|gif|изображение|фото|фотография|gif-файл|bild)"
    r"|(?P<video>(?:view once )?video|video message|video note|видео|видеозаметка|видеосообщение|videonachricht|videonotiz)"
    r"|(?P<voice>audio|(?:view once )?voice message|аудио|аудиофайл|голосовое сообщение)"
    r"|(?P<sticker>sticker|стикер)"
    r"|(?P<contact>contact card|карточка контакта|контакт|kontaktkarte)"
    r"|(?P<file>document|документ|dokument|[^\n]{1,200}\.\w{2,5}(?: \u2022 [^\n]{1,80})?(?: (?:document|документ|dokument))?))"
    r" (?:omitted|отсутству\w+|опущен\w*|пропущен\w*|не (?:сохран|добавл|включ)\w+|weggelassen|ausgelassen)",
    re.IGNORECASE,
)
ATTACHED = re.compile(
    r"<(?:attached|прикреплено|anhang|вложение): ?(?P<ios>[^\n>]{1,255})>"
    # iOS until 2018.
    r"|(?P<ios_old>[^\n:]{1,255}\.\w{2,5}) <(?:attached|прикреплено|anhang|angehängt|вложение)>"
    # The names that WhatsApp gives to files, whatever the language says about them.
    r"|<[^\n<>:]{3,30}: ?(?P<ios_name>\d{8}-(?:photo|video|audio|gif|sticker)-[^\n>]{1,255})>"
    r"|(?P<android_name>(?:IMG|VID|PTT|AUD|STK|DOC)-\d{8}-WA\d{4,}\.\w{2,5}) \([^\n()]{3,40}\)"
    r"|(?P<android>[^\n:]{1,255}\.\w{2,5}) \((?:file attached|файл (?:добавлен|прикреплен|прикреплён)|datei angehängt)\)",
    re.IGNORECASE,
)
#: iOS puts what it knows of a document, or what was written with the medium, before the file's name.
ATTACHED_BEHIND = re.compile(r"(?P<before>[^\n]*\S) ?<(?:attached|прикреплено|anhang|вложение): ?(?P<name>[^\n<>]{1,255})>", re.IGNORECASE)
#: The mark of direction, behind which stands what WhatsApp itself wrote: a file's name with words in the phone's language, whichever that is …
OWN_FILE = re.compile(
    r"\u200e+(?:(?P<android>[^\n:\u200e]{1,255}\.\w{2,5}) \([^\n()]{3,40}\)|<[^\n<>:]{3,30}: ?\u200e?(?P<ios>[^\n<>]{1,255}\.\w{2,5})>)\s*$"
)
#: … or that the message was edited.
OWN_REMARK = re.compile(r"\u200e+(<[^\n<>:]{5,60}>)\s*$")
DOCUMENT = re.compile(r"[^\n:]{1,255}\.\w{2,5}(?: \u2022 [^\n]{1,80})?")
LOCATION = re.compile(
    r"[^\n:]{2,40}: ?https://(?:maps\.google\.com|maps\.apple\.com|foursquare\.com)/|"
    r"(?:live location shared|live-standort wird geteilt|геоданные отправлены|трансляция (?:геоданных|местоположения))",
    re.IGNORECASE,
)
POLL = re.compile(r"(?:poll|опрос|umfrage):", re.IGNORECASE)
_OPTION_CHARS = 400
_OPTION = re.compile(r"(?:option|вариант|вариант ответа): ?(.*?)\s*(?:\(\d+ [^()]*\))?", re.IGNORECASE)

#: "WhatsApp Chat with Kurs", "Чат WhatsApp с контактом Курс", "WhatsApp Chat - Kurs": what follows is the title.
EXPORT_NAME = re.compile(
    r"(?:whatsapp[ -]chat|chat (?:de )?whatsapp|чат whatsapp|переписка whatsapp|discussion whatsapp|conversa (?:do|no) whatsapp)\s*"
    r"(?:with |mit |con |avec |com |met |з |с контактом |с группой |со |с |[-\u2013] )\s*(?P<title>.+)",
    re.IGNORECASE,
)
#: The file inside an iOS export, and what browsers and phones call the second copy of a file.
NO_TITLE = frozenset(("_chat", "chat", "whatsapp", "чат"))
COPY = re.compile(r"(?: ?\(\d{1,3}\)| ?- (?:copy|копия|kopie))$", re.IGNORECASE)


def poll_words(lines: list[str]) -> list[str]:
    """Question and answers of a poll, without the word "option" and without the votes, which change."""
    words = []
    for line in lines:
        option = _OPTION.fullmatch(line) if len(line) <= _OPTION_CHARS else None
        words.append(option[1] if option else line)
    return words


def without_marks(text: str) -> str:
    """The text without marks of direction; most have none, and looking is cheaper than translating."""
    return text if text.isascii() or _MARK.search(text) is None else text.translate(MARKS)


def with_plain_spaces(text: str) -> str:
    """The text with plain spaces for no-break ones."""
    return text if text.isascii() or _SPACE.search(text) is None else text.translate(SPACES)
