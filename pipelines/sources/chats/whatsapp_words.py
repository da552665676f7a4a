"""What WhatsApp itself writes into an exported chat: notices in Russian, English and German; in some thirty languages what stands for media, and the
words for a deleted and for an edited message.

Collected from the patterns of gesiscss/WhatsR (Languages.csv), starkdmi/whats_json, and exports quoted in public code. A chat in another
language is read all the same: its notices without an author are still notices, so are those of iOS that name whom they stand behind, and of media
it is the file names that tell.
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
    r"|(?:los mensajes y las llamadas están cifrados|as mensagens e (?:as )?chamadas (?:são|têm)|les messages et les appels sont chiffrés|"
    r"i messaggi e le chiamate sono crittografati|berichten en gesprekken worden end-to-end|wiadomości i połączenia są|zprávy a hovory jsou opatřeny|"
    r"повідомлення (?:й|та) дзвінки захищен\w+|хаттарыңыз және қоңырауларыңыз|xabarlaringiz va qo.ng.iroqlaringiz|mesajlar ve aramalar uçtan uca|"
    r"الرسائل والمكالمات مشفرة|ההודעות והשיחות מוצפנות|пайғамдар мен қоңыраулар|хабарлар мен қоңыраулар|повідомлення захищен\w+).*"
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
    r"|ta wiadomość została usunięta\.?|usunięto tę wiadomość\.?|usunąłeś\S* tę wiadomość\.?|este mensaje fue eliminado\.?|(?:você )?apagou esta mensagem\.?"
    r"|dit bericht is verwijderd\.?|u hebt dit bericht verwijderd\.?|je hebt dit bericht verwijderd\.?|(?:tato zpráva byla|táto správa bola) (?:smazána|odstraněna|odstránená)\.?"
    r"|tuto zprávu jste (?:smazal|odstranil)\S*\.?|túto správu ste odstránili\.?|съобщението беше изтрито\.?|изтрихте това съобщение\.?|ова порука је обрисана\.?"
    r"|acest mesaj a fost șters\.?|ați șters acest mesaj\.?|бұл хат жойылды\.?|сіз бұл хатты жойдыңыз\.?|bu ismarıc silindi\.?|pesan ini (?:telah )?dihapus\.?"
    r"|anda (?:telah )?menghapus pesan ini\.?|(?:لقد )?(?:تم حذف|حذَ?فت) هذه الرسالة\.?|הודעה זו נמחקה\.?|מחקת (?:את ההודעה הזו|הודעה זו)\.?|此訊息已刪除。?|这条消息已被删除。?"
    r"|您已刪除此訊息。?|您已删除这条消息。?|このメッセージは削除されました。?|このメッセージを削除しました。?|이 메시지는 삭제되었습니다\.?|삭제한 메시지입니다\.?",
    re.IGNORECASE,
)
#: What stands where an export has no words for what was sent: "null" on Android, notices that send the reader to the phone.
NOTHING_TOLD = re.compile(
    r"null|you (?:received|sent) a view once (?:message|photo|video|voice message)\.[^\n]*|this message can[\u2019']t be displayed here\.[^\n]*",
    re.IGNORECASE,
)
EDITED = re.compile(
    r"\s*<(?:this message was edited|message edited|(?:это )?сообщение (?:было )?изменено|diese nachricht wurde bearbeitet|"
    r"se editó este mensaje|(?:este )?mensaje (?:fue )?editado|(?:esta )?mensagem (?:foi )?editada|ce message a été modifié|questo messaggio è stato modificato|"
    r"dit bericht is bewerkt|bu mesaj düzenlendi|(?:це )?повідомлення (?:було )?(?:відредаговано|змінено)|ההודעה נערכה)\.?>\s*$",
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
#: The same in other languages: the whole line, or what is behind iOS's mark. Put together from WhatsApp's own tables of words, as whats_json holds them.
_OMITTED_ELSEWHERE = {
    "photo": (
        "image absente|immagine omessa|imagem não revelada|imagem ocultada|imagem omitida|imagen omitida|εικόνα παραλείφθηκε|зображення відсутнє|bild utesluten|"
        "obrázok vynechaný|obrázek vynechán|obraz pominięty|imagine omisă|afbeelding weggelaten|bilde ikke inkludert|billede udeladt|görüntü dahil edilmedi|ei kuvaa|"
        "kép küldése sikertelen|gambar tidak disertakan|slika izostavljena|đã bỏ qua hình ảnh|התמונה הושמטה|لم يتم إدراج الصورة|تصویر حذف شد|फ़ोटो हटाई गई|圖片已略去|圖像已省略|"
        "照片已忽略|画像は含まれていません|이미지 생략됨|gif retiré|gif esclusa|gif não revelada|gif omitido|gif-анімацію пропущено|gif utesluten|gif vynechaný|gif vynechán|plik gif pominięty|"
        "gif omis|gif weggelaten|gif utelatt|gif udeladt|gif dahil edilmedi|gif tidak disertakan|gif izostavljen|gif הושמט|لم يتم إدراج صورة gif"
    ),
    "video": (
        "vidéo absente|video omesso|vídeo não revelado|vídeo omitido|vídeo ocultado|video omitido|βίντεο παραλείφθηκε|відео відсутнє|video utesluten|video vynechané|"
        "video vynecháno|wideo pominięte|clip video omis|video weggelaten|video utelatt|video udeladt|video dahil edilmedi|videota ei sisällytetä|videó kihagyva|"
        "video tidak disertakan|video izostavljen|đã bỏ video|סרטון הווידאו הושמט|لم يتم إدراج الفيديوهات|ویدیو حذف شد|वीडियो छोड़ा गया|影片已略去|影片已省略|视频已忽略|ビデオは含まれていません|"
        "비디오 생략됨|nota de video omitida|note vidéo omise"
    ),
    "voice": (
        "audio omis|audio omesso|ficheiro de áudio não revelado|áudio ocultado|áudio omitido|audio omitido|ήχος παραλείφθηκε|аудіо відсутнє|ljud utelslutet|zvuk vynechaný|"
        "zvukový soubor vynechán|audio pominięte|fără audio|audio weggelaten|lyd utelatt|lyd udeladt|ses dahil edilmedi|äänitiedostoa ei sisällytetä|hang kihagyása|"
        "audio tidak disertakan|zvuk izostavljen|bỏ qua tệp âm thanh|קטע קול הושמט|لم يتم إدراج المقاطع الصوتية|صدا حذف شد|ऑडियो हटाई गयी|音訊已略去|音訊已省略|音频已忽略|音声は含まれていません|오디오 생략됨"
    ),
    "sticker": (
        "sticker omis|sticker non incluso|sticker não revelado|figurinha omitida|figurinha ocultada|sticker omitido|αυτοκόλλητο παραλήφθηκε|наклейку не додано|sticker utesluten|"
        "nálepka vynechaná|nálepka vynechána|pominięto naklejkę|sticker weggelaten|klistremerke utelatt|klistermærke udeladt|çıkartma dahil edilmedi|tarraa ei sisällytetty|"
        "matrica kihagyva|stiker tidak disertakan|naljepnica izostavljena|đã bỏ sticker|סטיקר הושמט|تم حذف الملصقات|استیکر حذف شد|स्टिकर छोड़ा गया|貼圖已略去|貼圖已忽略|贴图已省略|"
        "スタンプは含まれていません|스티커 제외됨"
    ),
    "contact": (
        "fiche contact manquante|scheda contatto omessa|contacto não revelado|cartão do contato omitido|tarjeta de contacto omitida|картка контакту відсутня|kontaktkort uteslutet|"
        "karta kontaktu vynechaná|vizitka vynechána|pominięta wizytówka kontaktu|carte de vizită contact omisă|visitekaartje weggelaten|kontaktkort sløyfet|kontaktkort udeladt|"
        "kişi kartı dahil edilmedi|yhteystietokortti jätettiin pois|névjegykártya kihagyva|kartu kontak tidak disertakan|posjetnica izostavljena|כרטיס איש קשר הושמט|"
        "لم يتم إدراج بطاقة جهة اتصال|聯絡人卡片已略去|聯絡人卡片已省略|联系人卡片已忽略|連絡先カードを省略|연락처 카드 생략됨"
    ),
    "file": (
        "document manquant|documento omesso|documento não revelado|documento omitido|documento ocultado|έγγραφο παραλείφθηκε|документ пропущено|dokument uteslutet|"
        "dokument vynechaný|dokument vynechán|dokument pominięty|document omis|document weggelaten|utelatt dokument|dokument udeladt|belge dahil edilmedi|"
        "dokumenttia ei sisällytetä|dokumentum kihagyva|dokumen tidak disertakan|dokument izostavljen|đã bỏ qua tài liệu|מסמך הושמט|لم يتم إدراج المستند|سند حذف شد|डॉक्यूमेंट छोड़ा गया|"
        "文件已略去|文件已忽略|文档已省略|ドキュメントは含まれていません|문서 생략됨|"
        # Android, where one word in brackets stands for all media.
        "<файл пропущен>|<медіафайли відсутні>|<медіа відсутня>|<без файл>|<без фајл>|<медији су изостављени>|<conținut media omis>|<mitjans omesos>|<média vynechána>|"
        "<média vynechány>|<médiá vynechané>|<mediefil udeladt>|<medier udeladt>|<uten vedlegg>|<media utelatt>|<media har utelämnats>|<media utelämnat>|<media jätetty pois>|"
        "<hiányzó médiafájl>|<média elhagyva>|<εξαίρεση πολυμέσων>|<bez multivides>|<praleistas medijos turinys>|<meedia ära jäetud>|<medij izpuščen>|<medijski zapis izostavljen>|"
        "<media hequr>|<media çıxarılmışdır>|<media buraxıldı>|<medya atlanmış>|<fayl o‘tkazib yuborildi>|<fayl o'tkazib yuborildi>|<media tidak disertakan>|<media disingkirkan>|"
        "<bỏ qua media>|<bỏ qua tệp phương tiện>|<walang kalakip na media>|<media imerukwa>|<המדיה לא נכללה>|<מדיה הושמטה>|<تم استبعاد الوسائط>|<رسانه حذف شد>|<मीडिया के बिना>|<मीडिया वगळले>|"
        "<মিডিয়া বাদ দেওয়া হয়েছে>|<省略多媒体文件>|<忽略多媒體檔>|<メディアなし>|<メディアは含まれていません>|<미디어 파일을 생략한 대화내용>|<미디어 파일 제외됨>|<สื่อถูกลบ>|<ไฟล์สื่อถูกลบ>|<médias absente>|<média manquante>"
    ),
}  # fmt: skip
_KIND_OMITTED = {words.casefold(): kind for kind, all_words in _OMITTED_ELSEWHERE.items() for words in all_words.split("|")}
ATTACHED = re.compile(
    r"<(?:attached|прикреплено|anhang|вложение): ?(?P<ios>[^\n>]{1,255})>"
    # iOS until 2018.
    r"|(?P<ios_old>[^\n:]{1,255}\.\w{2,5}) <(?:attached|прикреплено|anhang|angehängt|вложение)>"
    # The names that WhatsApp gives to files, whatever the language says about them.
    r"|<[^\n<>:]{3,30}: ?(?P<ios_name>\d{8}-(?:photo|video|audio|gif|sticker)-[^\n>]{1,255})>"
    r"|(?P<android_name>(?:IMG|VID|PTT|AUD|STK|DOC)-\d{8}-WA\d{4,}\.\w{2,5}) \([^\n()]{3,40}\)"
    r"|(?P<android>[^\n:]{1,255}\.\w{2,5}) \((?:file attached|файл (?:добавлен|прикреплен|прикреплён)|datei angehängt|archivo adjunt[oad]+|arquivo anexado|ficheiro anexado|"
    r"fichier joint|file allegato|bestand bijgevoegd|załączony plik|soubor byl přiložen|súbor pripojený|файл додано|қосымша файл|fayl biriktirildi|fayl əlavə olunub|dosya ekli|"
    r"прикачен файл|fișier atașat|file terlampir|الملف مرفق|קובץ מצורף|文件附件|附件檔案|添付ファイル有り|파일 첨부됨)\)",
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
    r"(?:whatsapp[ -]chatt?|chat (?:de )?whatsapp|czat whatsapp|чат whatsapp|переписка whatsapp|discussion whatsapp|conversa (?:do|no) whatsapp)\s*"
    r"(?:with |mit |con |avec |com |met |med |dengan |z użytkownikiem |z |з |с контактом |с группой |со |с |[-\u2013] )\s*(?P<title>.+)",
    re.IGNORECASE,
)
#: The file inside an iOS export, and what browsers and phones call the second copy of a file.
NO_TITLE = frozenset(("_chat", "chat", "whatsapp", "чат"))
COPY = re.compile(r"(?: ?\(\d{1,3}\)| ?- (?:copy|копия|kopie))$", re.IGNORECASE)


def kind_omitted(words: str) -> str | None:
    """What was left out (photo, video, voice …) where these are WhatsApp's words for that; None: they are somebody's own."""
    found = OMITTED.fullmatch(words)
    if found is None:
        return _KIND_OMITTED.get(words.casefold().rstrip("."))
    kind = next((name for name, value in found.groupdict().items() if value), "any")
    return "file" if kind == "any" else kind


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
