"""What words betray: lists of signs in Russian and English, looked for in whole columns at once.

A sign is a set of wordings. In a wording ``*`` stands for the rest of a word, a blank for the gap between two words; everything
is compared on *lines*: lower case, ё as е, quotations and links cut out, every run of anything but letters, digits and the
question mark one blank. They are the language's own means of asking,
thanking, promising and pointing, and the field's own nouns. They were written with one invented programme at hand (docs/evaluation.md), so
its figures are in-sample; another programme's chats may need words added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import duckdb
import pyarrow as pa

LINK = r"(?i)(https?://|www\.|t\.me/)\S+"
#: «…», “…”, "…": somebody else's words, the name of a task, what a screen says.
QUOTATION = r"«[^»]{0,300}»|“[^”]{0,300}”|\"[^\"]{0,300}\""
#: Lines of a reply that repeat what is answered.
CITED = r"(?m)^\s*>.*$"

#: Nouns of a distance course: what a curator can be asked about.
COURSE_TERMS = (
    "курс", "курса", "курсе", "курсу", "курсом", "курсы", "курсов", "задани*", "работ", "работа", "работу", "работы", "работе", "работой", "модул*", "тема", "теме", "темы", "тему",
    "лекци*", "вебинар*", "встреч*", "занятие", "занятия", "занятии", "конференци*", "подключ*", "ссылк*", "запис*", "трансляци*", "тест", "теста", "тесте", "тесту", "тесты", "тестирован*", "попытк*",
    "срок*", "дедлайн*", "продл*", "сдать", "сдавать", "сдала", "сдал", "сдачи", "сдаче", "сдач*", "отправ*", "загруз*", "прикреп*", "проверк*", "провер*", "оцен*", "балл*", "критери*", "зачет*", "зачт*", "незачет*", "доработ*", "пересда*",
    "удостоверен*", "сертификат*", "диплом*", "свидетельств*", "документ*", "заявлен*", "согласи*", "договор*", "снилс", "справк*", "приказ*", "анкет*", "опрос*", "час", "часа", "часов", "аттестац*",
    "логин*", "парол*", "вход", "войти", "зайти", "кабинет*", "платформ*", "систем*", "сайт*", "портал*", "личный", "регистрац*", "зарегистр*", "мудл*", "moodle", "zoom", "зум*",
    "групп*", "поток*", "команд*", "проект*", "куратор*", "преподавател*", "тьютор*", "модератор*", "методичк*", "материал*", "презентац*", "литератур*", "файл*", "кнопк*", "раздел*", "недел*", "лекторий", "форум*", "чат", "чате", "почт*", "письм*", "расписани*", "график*", "план", "объем*", "страниц*", "шаблон*", "образец", "образц*", "пример*", "прогресс*", "процент*", "итогов*", "практическ*", "эссе", "конспект*", "плагиат*", "антиплагиат*", "оригинальност*", "обучени*", "программ*", "звук*", "видео", "микрофон*", "камер*", "экран*",
    "course*", "assignment*", "task*", "homework*", "module*", "lecture*", "webinar*", "meeting*", "link*", "recording*", "quiz*", "test", "attempt*", "deadline*", "due", "submit*", "upload*", "grade*", "mark", "marks", "score*", "criteria*", "rubric*", "certificate*", "document*", "survey*", "login*", "log in", "password*", "account*", "platform*", "site", "group*", "team*", "project*", "curator*", "tutor*", "teacher*", "material*", "slides", "file*", "button*", "section*", "week*", "schedule*", "template*", "example*", "hours", "feedback",
)  # fmt: skip

#: Words that open a question and hardly anything else.
INTERROGATIVES = (
    "где", "куда", "откуда", "когда", "какого", "каком", "какому", "каким", "какими", "какую", "каких", "сколько", "скольк*", "почему", "зачем", "отчего", "кто", "кого", "кому", "кем", "чей", "чья", "чье", "чьи", "можно", "нельзя ли", "обязательно ли", "правильно ли", "верно ли", "в чем", "за что", "до какого", "до скольки", "до когда", "после какого", "после какой", "к кому", "с кем", "по каким", "по какой", "по какому", "в каком", "в какой", "в котором", "во сколько", "с какого", "на какой", "на какую", "на какое", "а если", "если я", "долго ли", "долго еще", "а что", "а как", "не подскаж*", "примут", "примете", "подойдет", "засчитают", "снимут",
    "what", "where", "when", "how", "why", "who", "whom", "whose", "which", "can", "could", "may i", "should", "shall", "do", "does", "did", "will", "would", "is there", "are there", "is it", "is the",
)  # fmt: skip
#: Words that open a question about as often as something else.
INTERROGATIVES_WEAK = (
    "как",
    "какой",
    "какая",
    "какое",
    "какие",
    "каков*",
    "что",
    "чего",
    "чему",
    "чем",
    "нужно",
    "надо",
    "обязательно",
    "будет",
    "будут",
    "есть",
    "правильно",
    "верно",
    "если",
    "is",
    "are",
    "has",
    "have",
    "may",
)
#: Interrogatives that stand for a question almost wherever they stand.
INTERROGATIVES_STRONG = (
    "где", "куда", "когда", "сколько", "почему", "зачем", "во сколько", "до какого", "до скольки", "до когда", "к кому", "какой крайний", "как быть", "что делать", "как найти", "как сдать", "как отправить", "как загрузить", "как попасть", "как получить", "как войти", "как зайти", "как исправить", "как узнать", "как сделать", "какие сроки", "какой срок",
    "how do i", "how can i", "how to", "where can", "where is", "when is", "when will", "what is the", "what should", "why is", "why can",
)  # fmt: skip
#: Asking in the imperative, or announcing a question.
REQUESTS = (
    "подскаж*", "подскажите", "помогите", "помоги", "напомните", "объясните", "поясните", "разъясните", "проясните", "уточните", "посоветуйте", "порекомендуйте", "скажите", "расскажите", "сориентируйте", "ответьте", "проверьте", "посмотрите пожалуйста", "гляньте пожалуйста", "пришлите", "скиньте", "киньте", "вышлите", "отправьте", "дайте", "продублируйте", "откройте", "продлите", "прошу продлить", "прошу открыть", "прошу проверить", "прошу объяснить", "прошу помочь", "прошу пояснить", "прошу разъяснить", "прошу подсказать", "прошу уточнить", "прошу выслать", "прошу прислать", "прошу исправить", "просьба", "исправьте", "добавьте", "внесите", "пересчитайте", "посчитайте", "свяжитесь",
    "не могли бы", "могли бы вы", "вы могли бы", "можете ли", "не можете", "хотелось бы понять", "хотелось бы узнать", "хотелось бы уточнить", "хочу узнать", "хочу уточнить", "хочу понять", "хотела узнать", "хотел узнать", "хотела уточнить", "хотел уточнить", "хотела спросить", "хотел спросить", "хотела бы *", "хотел бы *", "интересует", "не знаю как", "не знаю куда", "не знаю где", "не знаю что", "не понимаю как", "не понимаю что", "не понимаю куда", "не понимаю почему", "не поняла как", "не понял как", "не поняла что", "не понял что", "не пойму", "не ясно", "неясно", "непонятно", "есть вопрос", "у меня вопрос", "такой вопрос", "вопрос такой", "вопрос по", "вопрос про", "вопрос о", "вопрос к",
    "please help", "please tell", "please advise", "please explain", "please check", "please send", "please clarify", "could you", "can you", "would you", "i would like to know", "i need help", "i have a question", "question about", "i don t understand", "i do not understand", "not sure how", "not sure where", "not sure what", "help me", "any idea", "anyone know*", "does anyone",
)  # fmt: skip
#: Something technical does not do what it should.
TROUBLE = (
    "не *ается", "не *яется", "не *ются", "не *ится", "не *ятся", "пишет что", "пишет ошибк*", "просит *", "требует *",
    "не могу *", "не удается", "не удалось", "не получается", "не получилось", "не выходит", "не открывается", "не открываются", "не открывает", "не загружается", "не загружаются", "не загружает", "не загрузился", "не загрузилось", "не грузит*", "не груз*", "не работает", "не работают", "не приходит", "не пришло", "не пришел", "не пришла", "не приходят", "не вижу", "не видно", "не слышно", "не слышу", "не нашла", "не нашел", "не найду", "не пускает", "не пускают", "не заходит", "не входит", "не принимает*", "не отправляется", "не отправляет", "не отправилось", "не прикрепляется", "не прикрепляет", "не сохраняется", "не сохраняет", "не сохранилось", "не отображается", "не отображаются", "не отмечается", "не запускается", "не включается", "не подходит", "не подключается", "не засчитал*", "не засчит*", "не реагирует", "не скачивается", "не скачать", "не проигрывается", "не активн*", "недоступ*", "нет звука", "нет доступа", "нет кнопки", "нет ссылки", "нет видео", "нет картинки", "пропал*", "пропада*", "прерыва*", "обрыва*", "выкидывает", "вылетает", "выбрасывает", "завис*", "висит", "висят", "тормозит", "крутится", "глючит", "глюк*", "сбой", "битая", "битый", "сбро* попытк*", "сгорела", "ошибка", "ошибку", "ошибки при", "ошибкой", "выдает", "отказано", "просрочен* ссылк*", "слетел*", "исчез*", "черный экран", "белый экран", "пустая страница", "пустой экран", "пустой файл",
    "can t *", "cannot *", "can not *", "could not", "couldn t", "unable to", "doesn t work", "does not work", "not working", "won t open", "won t load", "doesn t open", "does not open", "doesn t load", "not loading", "fails", "failed to", "error", "broken", "crash*", "frozen", "freezes", "stuck", "no sound", "no access", "access denied", "not available", "unavailable", "nothing happens", "hangs",
)  # fmt: skip
#: What that trouble is about; with TROUBLE it makes a message technical.
TECHNICAL_TERMS = (
    "файл*", "загруз*", "загруж*", "прикреп*", "скач*", "открыва*", "открыть видео", "ссылк*", "сайт*", "страниц*", "систем*", "платформ*", "кнопк*", "парол*", "логин*", "войти", "зайти", "вход", "кабинет*", "регистрац*", "браузер*", "компьютер*", "телефон*", "ноутбук*", "планшет*", "интернет*", "звук*", "микрофон*", "камер*", "видео", "экран*", "конференци*", "зал ожидания", "подключ*", "вебинар*", "трансляци*", "zoom", "зум*", "тест", "тесте", "тест завис", "вход", "почт*", "код", "приложени*", "программ*", "ошибк*", "завис*", "доступ*", "размер*", "формат*", "pdf", "docx", "doc", "курс", "личный", "прогресс*", "галочк*", "процент*",
    "file*", "upload*", "download*", "link*", "site", "page", "system", "platform", "button*", "password*", "login", "log in", "sign in", "account", "browser", "phone", "laptop", "sound", "audio", "microphone", "camera", "video", "screen", "connection", "internet", "error*", "app", "quiz", "format",
)  # fmt: skip
#: Technical whatever else is said.
TECHNICAL_ALONE = (
    "забыл* парол*", "неверный логин", "неверный пароль", "сброс* парол*", "смен* парол*", "восстанов* парол*", "восстанов* доступ*", "выдает ошибку", "пишет ошибку", "ошибку размера", "битая ссылка", "ссылка битая", "ссылка не *", "нет звука", "нет кнопки", "не вижу кнопк*", "где кнопка", "кнопка отправить", "зал ожидания", "черный экран", "белый экран", "звук пропада*", "звук прерыва*", "вебинар прерыва*", "страница завис*", "тест завис*", "система не *", "сайт не *", "платформа не *", "файл не *", "с телефона не *", "с компьютера не *", "не пускает", "не загружается", "не загружает", "не прикрепляется", "не открывается файл", "не открываются материалы", "не слышно", "нет доступа",
    "reset password", "forgot password", "wrong password", "broken link", "error message", "no sound", "black screen", "can t log in", "cannot log in", "can t upload", "cannot upload",
)  # fmt: skip
THANKS = (
    "спасибо*", "спс", "благодар*", "признательн*", "пасиб*", "спасиб*", "мерси",
    "thanks", "thank you", "thx", "ty",
)  # fmt: skip
#: It is settled, or merely agreed to.
SETTLED = (
    "разобрал*", "заработал*", "получилось", "получилос*", "решил*", "нашла", "нашел", "понял", "поняла", "понятно", "ясно", "все ок", "все хорошо", "отправила", "отправил", "сдала", "сдал", "принято", "приняли", "согласна", "согласен", "поддерживаю", "ура", "отлично", "супер", "здорово",
    "solved", "got it", "works now", "it worked", "agree", "great", "perfect", "done", "sorted",
)  # fmt: skip
#: Talk among learners: it asks other learners, not the people who run the course.
PEERS = (
    "кто нибудь", "кто то", "кто нить", "у кого", "у кого нибудь", "есть у кого", "кому надо", "кому нужно", "коллега а как", "коллеги а как вы", "коллеги а вы", "коллега а вы", "а вы уже", "а как вы *", "как вы все", "а у вас", "вы как *", "поделитесь", "поделись", "поделиться", "готовую", "готовое", "готовые", "списать", "скатать", "кто откуда", "кто из", "все из", "кто еще", "продам", "куплю", "приглашаем", "приглашаю", "конкурс*",
    "anybody", "anyone from", "who else", "fellow", "share your", "how do you all", "where are you from",
)  # fmt: skip
#: They are spoken to, whatever it is about.
PEERS_ADDRESSED = ("девочки", "девчонки", "девчата", "девушки", "ребята", "ребят", "народ", "друзья", "guys", "folks", "friends")
#: … unless it only asks whoever knows about the course.
PEERS_ASK = (
    "кто нибудь знает", "кто нибудь подскаж*", "кто нибудь в курсе", "кто нибудь сталкивал*", "кто знает", "кто может подсказать", "кто подскажет", "кто то знает", "у кого нибудь такое", "у кого такая же", "у кого тоже", "у кого получ*", "у кого откр*", "у кого не *", "у кого еще не *",
    "anyone know*", "does anyone know", "who knows", "anybody know*",
)  # fmt: skip
#: An answer among equals: what I did, what I heard.
HEARSAY = (
    "у меня тоже", "у меня так же", "у меня было", "мне тоже", "я тоже", "и у меня", "вроде", "по моему", "кажется", "говорят", "говорили", "писали", "в закрепе", "попробуйте", "посмотрите в", "напишите", "перезайдите", "обычно", "мне помогло", "помогло",
    "same here", "me too", "i think", "try to", "try the", "it says", "they said", "for me it",
)  # fmt: skip
#: Still not settled: goes on with what was asked before.
FOLLOW_UPS = (
    "так и не *", "все равно не *", "все еще не *", "по прежнему не *", "опять не *", "снова не *", "а точнее", "а поточнее", "вот такая ошибка", "такая же ошибка", "вот что пишет", "вот скрин*", "та же *", "то же самое", "не помогло", "вопрос еще актуален", "вопрос актуален", "жду ответ*", "ап", "up",
    "still not", "still doesn t", "still does not", "still can t", "didn t help", "same error", "any news", "any update",
)  # fmt: skip
GREETINGS = (
    "здравствуйте", "здравствуй", "добрый день", "доброе утро", "добрый вечер", "доброго дня", "доброго утра", "доброго вечера", "доброго времени суток", "приветствую", "привет", "всем привет", "уважаемый", "уважаемая", "уважаемые", "коллеги", "коллега", "дорогие", "извините", "простите", "прошу прощения", "еще раз", "куратор", "кураторы", "пожалуйста", "а", "и", "ну", "так", "вот", "еще",
    "hello", "hi", "hey", "dear", "good morning", "good afternoon", "good evening", "sorry", "excuse me", "please", "and", "so", "colleagues", "everyone", "all",
)  # fmt: skip

#: A curator promises an answer instead of giving one.
HOLDING = (
    "уточню", "уточним", "уточняем", "узнаю", "узнаем", "выясню", "выясним", "выясняем", "спрошу", "спросим", "посмотрю", "посмотрим", "проверю", "проверим", "разберусь", "разберемся", "разбираемся", "отпишусь", "отпишемся", "вернусь", "вернемся", "отвечу", "ответим", "сообщу", "сообщим", "напишу", "напишем", "минуту", "минутку", "секунду", "секундочку", "одну минуту", "пока не знаю", "позже", "чуть позже", "ждем ответа", "передам вопрос", "передала вопрос", "передал вопрос", "передала", "передал", "передали", "в работе",
    "will find out", "will check", "will ask", "will clarify", "will let you know", "will get back", "let me check", "let me ask", "looking into", "i ll check", "i ll ask", "i ll find out", "we ll check", "one moment", "get back to you",
)  # fmt: skip
#: A curator asks back before answering.
ASKS_BACK = (
    "смогу подсказать", "смогу помочь", "смогу ответить", "сможем помочь", "тогда подскажу", "тогда отвечу", "тогда посмотрю", "тогда помогу", "тогда разберемся", "чтобы помочь", "чтобы ответить", "чтобы разобраться", "уточните пожалуйста", "уточните о чем", "что именно", "о каком задании", "о какой работе", "какую именно", "какое именно", "какая именно", "напишите что видите", "напишите подробнее", "опишите подробнее",
    "could you clarify", "please clarify", "which one do you mean", "what exactly", "can you send a screenshot", "so that i can help", "then i can help",
)  # fmt: skip
#: A curator points somewhere and says nothing.
POINTERS = (
    "читайте", "читаем", "прочитайте", "перечитайте", "смотрите", "посмотрите", "изучите", "ознакомьтесь", "ознакомиться", "обратитесь к", "см", "внимательно", "внимательнее", "вся информация", "вся необходимая информация", "все есть", "все написано", "все указано", "ответ есть", "ответы есть", "ответы на", "уже говорили", "уже отвечали", "уже писали", "уже обсуждали", "говорили на", "обсуждали на", "об этом говорили", "вопрос принят", "обращение принято", "ваш вопрос", "закреп*", "инструкци*", "в объявлениях", "в материалах", "материалами курса", "в описании", "в курсе", "размещен*", "частые вопросы",
    "see the instruction*", "read the instruction*", "read the pinned", "see the pinned", "see above", "as announced", "already said", "already answered", "it is all in", "it s all in", "all the information", "check the course", "your question has been",
)  # fmt: skip
#: Something to act on: a place in the interface, a date, an amount, a cause.
SPECIFICS = (
    "нажмите", "нажать", "откройте", "выберите", "зайдите", "перейдите", "сохраните", "загрузите", "обновите", "очистите", "попробуйте", "продлил*", "открыл*", "исправил*", "добавил*", "проверил*", "пришлем", "вышлем", "высылаем", "выдаем", "оформля*", "до конца", "потому что", "так как", "достаточно", "хватит", "можно", "нельзя", "нужно", "не нужно", "обязательно", "срок", "часов", "рабочих", "дней", "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря", "понедельник*", "вторник*", "среду", "среда", "четверг*", "пятниц*", "суббот*", "воскресень*", "да", "нет", "справа", "слева", "внизу", "вверху", "второй", "первый", "третий",
    "click", "press", "choose", "open the", "save", "yes", "no", "because", "enough", "you can", "you cannot", "must", "extended", "fixed", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "days", "hours",
)  # fmt: skip
#: It is meant for everybody.
TO_ALL = (
    "коллеги", "уважаемые коллеги", "уважаемые слушатели", "дорогие коллеги", "друзья", "всем", "для всех", "напоминаем", "напоминаю", "важно", "обратите внимание", "многие спрашива*", "многих интересует", "внимание", "объявление",
    "dear all", "everyone", "dear colleagues", "reminder", "attention", "many of you",
)  # fmt: skip
#: A curator asks everybody to do something.
ASKS_ALL = (
    "подтвердите", "заполните", "пройдите", "просим пройти", "сдайте", "просим сдать", "загрузите", "прикрепите", "отправьте", "пришлите", "посмотрите", "просмотрите", "ознакомьтесь", "прочитайте", "прочтите", "проверьте", "зарегистрируйтесь", "запишитесь", "подключайтесь", "подключитесь", "приходите", "не забудьте", "не забывайте", "напоминаю", "напоминаем", "просьба", "прошу", "просим", "ответьте", "отметьтесь", "поставьте", "доработайте", "выполните", "завершите", "успейте",
    "please confirm", "please fill", "please complete", "please submit", "please upload", "please read", "please check", "please register", "please join", "please reply", "do not forget", "don t forget", "reminder", "make sure",
)  # fmt: skip
#: A subject that says nothing, as mail programs write it.
NO_SUBJECT = ("без темы", "тема отсутствует", "нет темы", "no subject", "without subject")
#: An answer that says what it answers.
ABOUT_QUESTION = (
    "по вашему вопросу", "по вашему письму", "на ваше письмо", "ваше письмо", "ваш вопрос", "вашем вопросе", "вашего вопроса", "на ваш вопрос", "ответ на вопрос", "ответ на ваш *", "ответ на вопросы", "вы спрашивали", "вы спросили", "вы писали", "вы интересовались", "по поводу вопроса", "по вопросу", "относительно вопроса", "отвечаю на вопрос", "отвечаю на ваш *", "вопрос из чата", "вопрос в чате", "вопрос на форуме", "вопрос в форуме", "вопрос из форума", "ответ",
    "your question", "you asked", "regarding your", "in reply to your", "answer to your", "answer",
)  # fmt: skip
#: One answer for all who asked.
TO_MANY = (
    "кто спрашивал*", "кто спрашивает", "отвечаю всем", "отвечаем всем", "ответ всем", "многие спрашива*", "многих интересует", "часто спрашива*", "частый вопрос", "частые вопросы", "всех интересует", "спрашивают про", "спрашивают о", "спрашивали про", "спрашивали о", "по поступившим вопросам", "по вопросам о", "общий ответ", "для всех",
    "many of you", "several people asked", "many asked", "those who asked", "to everyone who asked", "you have been asking", "frequently asked",
)  # fmt: skip
#: What was said before was wrong.
CORRECTS = (
    "уточнение", "поправка", "поправлюсь", "исправлюсь", "исправляюсь", "ошиблась", "ошибся", "ошиблись", "на самом деле", "неверно написала", "неверно написал", "неправильно написала", "неправильно написал", "прошу прощения неверно",
    "correction", "i was wrong", "my mistake", "sorry it is actually",
)  # fmt: skip
#: An answer that helps one person, or one day only.
ONE_CASE = (
    "вам *ила", "вам *ил", "вам *ала", "вам *ал", "*ила вам", "*ил вам", "*ала вам", "*ал вам", "я *ла", "я *л", "вашу просьбу", "попытку открыл*", "открыл* попытк*", "открыл* вам", "у вас", "вы в списке", "ваша учетн*", "ваша работа", "вашу работу", "ваша в очереди", "вас добавил*", "вас зачислил*", "проверила", "проверил", "продлила", "продлил", "сбросила", "сбросил", "впустила", "впустил", "посмотрела", "посмотрел", "напишите мне", "напишите фамилию", "напишите свою", "в личные сообщения", "сегодня", "завтра", "вчера",
    "i have extended", "i extended", "i reset", "i have reset", "i checked", "i have checked", "your account", "your submission", "write to me", "send me", "today", "tomorrow", "yesterday",
)  # fmt: skip
#: A marker sends the work back.
REDO = (
    "прошу доработать", "доработайте", "нужно доработать", "необходимо доработать", "требуется доработка", "требует доработки", "на доработку", "доработать и *", "прошу переделать", "переделайте", "нужно переделать", "переделать", "исправьте и *", "прошу исправить", "прошу дополнить", "дополните и *", "прошу выполнить самостоятельно", "выполните самостоятельно", "выполнить самостоятельно", "отправьте повторно", "отправить повторно", "пришлите повторно", "загрузите повторно", "сдайте повторно", "сдать повторно", "отправьте еще раз", "пришлите еще раз", "работа возвращена", "возвращаю", "возвращаем", "возвращена на *", "работа не принята", "не принимается", "не зачтено", "не засчитана", "совпадает с работой", "заимствован*", "не самостоятельн*", "попытка открыта", "открыла попытку", "открыл попытку", "жду исправлен*", "доделайте", "нужно доделать", "прошу доделать", "переработайте", "прошу переработать", "нужно переработать", "отправляю обратно", "отправляю на *", "верну на *", "на переделку", "не засчитываю", "не могу засчитать", "не могу зачесть", "не могу принять", "пока не принимаю", "пока не зачет", "жду вторую версию", "жду новый вариант", "вышлите еще раз", "загрузите еще раз", "пришлите новый вариант", "сдайте заново", "выполните заново",
    "please revise", "please redo", "revise and *", "resubmit*", "redo", "needs revision", "returned for", "not accepted", "rewrite", "must be your own", "do it yourself", "have another go", "try again", "submit again", "send it again", "sending it back", "sent back", "cannot accept", "can t accept", "not yet acceptable", "needs more work", "needs rework", "rework", "fix and *", "correct and *", "copied from", "identical to",
)  # fmt: skip
#: A marker only accepts, praises or thanks.
ACCEPTS = (
    "принято", "принята", "принят", "приняла", "принял", "зачет", "зачтено", "зачтена", "молодец", "умница", "отлично", "хорошо", "замечательно", "прекрасно", "супер", "верно", "правильно", "все верно", "все хорошо", "все правильно", "согласна", "согласен", "спасибо*", "благодарю", "ок", "ok", "выполнено", "выполнена", "проверено", "проверена", "хорошая работа", "отличная работа", "неплохо", "удовлетворительно", "без замечаний", "замечаний нет", "класс",
    "accepted", "passed", "pass", "good", "good job", "well done", "great", "excellent", "nice", "nice work", "thanks", "thank you", "done", "correct", "fine", "checked",
)  # fmt: skip
#: Something is not there.
LACKS = ("не", "нет", "без", "отсутству*", "пропущен*", "забыл*", "no", "not", "missing", "lacks", "without", "forgot*")
#: A marker says what and where.
ADVICE = (
    "обратите", "подумайте", "уточните", "добавьте", "дополните", "не хватает", "лучше", "стоит", "рекоменд*", "советую", "следует", "разведите", "почему", "поясните", "раскройте", "потому что", "так как", "но", "однако", "критери*", "вывод*", "пример*", "цель", "цели", "задачи", "ошибк*", "неточност*", "попробуйте", "можно было",
    "бы", "можно", "нужно", "надо", "например", "вместо", "слишком", "мало", "маловато", "хватает", "полезно", "усилить", "углубить", "сократить", "проверьте", "посмотрите", "изучите",
    "would", "could", "might", "suggest*", "instead", "for example", "too", "need*", "improve*", "stronger", "expand", "shorten",
    "consider", "try", "add", "missing", "better", "should", "because", "but", "however", "example*", "criteria", "why", "explain", "unclear", "mistake*", "next time",
)  # fmt: skip
#: One thing under several names in these courses (lemmas).
SYNONYMS = {
    name: names[0]
    for names in (
        ("удостоверение", "сертификат", "диплом", "свидетельство", "certificate"),
        ("срок", "дедлайн", "deadline"),
        ("вебинар", "встреча", "зум", "zoom", "конференция", "эфир", "трансляция", "webinar", "meeting"),
        ("задание", "работа", "дз", "домашка", "практический", "assignment", "task", "homework"),
        ("ссылка", "линк", "link"),
        ("материал", "методичка", "презентация", "слайд"),
        ("прикрепить", "загрузить", "загружаться", "прикрепляться", "прикладывать", "грузиться", "загружать", "upload"),
        ("сдать", "сдавать", "отправить", "отправлять", "прислать", "submit"),
        ("проверить", "проверять", "проверка", "оценить", "оценка"),
        ("войти", "зайти", "заходить", "вход", "логин", "пускать", "login"),
        ("анкета", "опрос", "survey"),
        ("тест", "тестирование", "quiz"),
        ("запись", "recording"),
        ("модуль", "неделя", "раздел", "тема", "module", "week"),
        ("команда", "team"),
        ("курс", "программа", "course"),
    )
    for name in names
}  # fmt: skip
#: Lemmas that carry nothing of a question.
COURTESIES = frozenset(
    [
        "подсказать",
        "пожалуйста",
        "здравствуйте",
        "добрый",
        "день",
        "утро",
        "вечер",
        "коллега",
        "уважаемый",
        "куратор",
        "извинить",
        "простить",
        "спасибо",
        "заранее",
        "еще",
        "помочь",
        "скажите",
        "сказать",
        "вопрос",
        "такой",
        "это",
        "мой",
        "моя",
        "мое",
        "ваш",
        "наш",
        "свой",
        "hello",
        "please",
        "thanks",
        "dear",
        "hi",
    ]
)
#: Stop words that are what a question asks.
QUESTION_WORDS = frozenset(
    [
        "как",
        "что",
        "где",
        "куда",
        "когда",
        "кто",
        "какой",
        "сколько",
        "почему",
        "зачем",
        "можно",
        "не",
        "нет",
        "how",
        "what",
        "where",
        "when",
        "who",
        "which",
        "why",
    ]
)
#: Lemmas that say nothing of what is asked when they stand alone: "how do I do that?" is another question each time.
LIGHT_WORDS = QUESTION_WORDS | frozenset(
    [
        "делать", "сделать", "мочь", "смочь", "быть", "стать", "знать", "хотеть", "нужный", "нужно", "надо", "этот", "тот", "весь", "свой", "там", "тут", "здесь", "так", "такой", "дать", "давать", "значить", "понять", "понимать", "получиться", "получаться", "поделать", "видеть", "ли", "ещё", "уже", "кто-то", "что-то", "который", "правильно", "верно", "интересно", "точно", "именно", "ясно", "речь", "говорить", "спросить", "ответить", "знает", "за", "по", "к",
        "do", "does", "did", "doing", "done", "try", "trying", "tried", "mean", "want", "wanted", "get", "got", "getting", "use", "using", "used", "need", "help", "any", "anyone", "anybody", "someone", "some", "one", "there", "then", "if", "but", "or", "just", "ok", "okay", "yes", "no", "well", "now", "here", "him", "her", "them", "us", "about", "can", "could", "would", "should", "will", "may", "might", "must", "am", "been", "being", "having", "had", "know", "think", "say", "said", "tell", "see", "look", "like", "exactly", "right", "sure", "really", "something", "anything", "thing", "way", "problem", "question", "issue", "idea", "what", "s", "t", "m", "re", "ve", "ll", "d", "im", "don", "doesn", "didn", "isn", "else", "go", "going", "make", "work", "works", "working", "possible", "guys", "out", "up", "which", "these", "those", "when", "so", "too", "also", "else",
    ]
)  # fmt: skip
#: It came.
RECEIPTS = (
    "получила", "получил", "получено", "получили", "подтвержд*", "письмо пришло", "пришло письмо", "письмо дошло", "дошло", "прочитала", "прочитал", "прочитано", "ознакомлен*", "ознакомил*", "увидела письмо", "письмо вижу", "принято к сведению", "письмо увидела", "письмо увидел",
    "received", "got the mail", "got your mail", "got the email", "got the letter", "confirm*", "read it", "acknowledged", "noted",
)  # fmt: skip


def pattern(wordings: Iterable[str]) -> str:
    """The regular expression (RE2) that finds any of the wordings in a line."""
    parts = [re.escape(wording).replace(r"\*", "[0-9a-zа-я]*").replace(r"\ ", " ") for wording in wordings]
    return f" ({'|'.join(sorted(set(parts)))}) "


@cache
def opening_pattern(wordings: tuple[str, ...]) -> str:
    """The same at the opening of a line or of a sentence after a question mark."""
    return f"(^|[?]){pattern(wordings)}"


def line_sql(column: str, *, quotations: bool) -> str:
    """SQL that turns a text column into lines (see the module's docstring); ``quotations``: keep what stands in quotation marks."""
    cut = f"regexp_replace(regexp_replace(coalesce({column}, ''), '{CITED}', ' ', 'g'), '{LINK}', ' ', 'g')"
    if not quotations:
        cut = f"regexp_replace({cut}, '{QUOTATION}', ' ', 'g')"
    folded = f"replace(lower(nfc_normalize({cut})), 'ё', 'е')"
    marked = f"regexp_replace({folded}, '[?]+', ' ? ', 'g')"
    return f"' ' || trim(regexp_replace({marked}, '[^0-9a-zа-я?]+', ' ', 'g')) || ' '"


def lines(texts: pa.Array | pa.ChunkedArray, *, quotations: bool = True) -> pa.Array:
    """Lines of a column of texts; a null is an empty line."""
    table = pa.table({"place": pa.array(range(len(texts)), pa.int64()), "text": texts.cast(pa.string())})
    with duckdb.connect() as connection:
        connection.register("texts", table)
        found = connection.execute(f"select {line_sql('text', quotations=quotations)} as line from texts order by place").to_arrow_table()
    return found["line"].combine_chunks()


def signs_sql(column: str, signs: Mapping[str, tuple[str, ...]]) -> str:
    """SQL: one boolean column per sign, "does the line hold one of its wordings?"."""
    return ", ".join(f"regexp_matches({column}, '{pattern(wordings)}') as {name}" for name, wordings in signs.items())
