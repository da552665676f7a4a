"""People as Moodle's tables for download name them: which columns there are, and which account a row is of.

An account is known by what the table has, best first: its address (native id ``mail:<address>``), its user name (``username:…``), its id
number (``idnumber:…``), the name alone (``name:…``). Completion reports without an id do the same, so that all downloads of one site speak
of the same accounts; which of them are the database's is for the links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.delimited import Block
from pipelines.sources.lms.moodle_words import person_keys
from pipelines.sources.reading import Batch, Context, Event

#: Own name → words in headers: captions in English, Russian, German, French, Spanish, Ukrainian, Kazakh, Portuguese, Italian and Polish (language packs
#: of 3.5 to 4.5), and the field names that JSON has.
PERSON: dict[str, tuple[str, ...]] = {
    "first": (
        "first name", "firstname", "имя", "vorname", "prénom", "nombre", "ім'я", "ім’я", "аты", "nome", "imię",
    ),
    "last": (
        "last name", "surname", "lastname", "фамилия", "nachname", "nom", "nom de famille", "apellido(s)", "apellidos", "прізвище", "тегі", "sobrenome",
        "apelido", "cognome", "nazwisko",
    ),
    "full": (
        "full name", "fullname", "user full name", "first name / last name", "last name / first name", "first name / surname",
        "surname / first name", "полное имя", "имя / фамилия", "фамилия / имя", "имя, фамилия", "полное имя пользователя",
        "vollständiger name", "vorname / nachname", "nachname / vorname", "nom complet", "prénom / nom", "nom / prénom", "nombre completo",
        "nombre / apellido(s)", "apellido(s) / nombre", "повне ім'я", "повне ім’я", "повне ім'я користувача", "ім'я / прізвище", "прізвище / ім'я",
        "ім’я / прізвище", "прізвище / ім’я", "толық аты", "nome completo", "nome / sobrenome", "nome / apelido", "nome / cognome", "cognome / nome",
        "imię / nazwisko", "nazwisko / imię", "imię i nazwisko",
    ),
    "email": (
        "email address", "email", "e-mail", "адрес электронной почты", "электронная почта", "email-адрес", "e-mail-adresse", "adresse de courriel",
        "adresse courriel", "dirección de correo", "dirección email", "електронна пошта", "адреса електронної пошти", "endereço de email",
        "endereço de e-mail", "endereço de correio eletrónico", "indirizzo email", "adres e-mail",
    ),
    "username": (
        "username", "логин", "имя пользователя", "anmeldename", "nom d’utilisateur", "nombre de usuario", "ім’я входу", "ім'я входу",
        "identificação de usuário", "nome de utilizador", "nome de usuário", "nazwa użytkownika",
    ),
    "idnumber": (
        "id number", "idnumber", "индивидуальный номер", "идентификационный номер", "id-nummer", "numéro d’identification", "número de id",
        "id номер", "номер id", "ідентифікаційний номер", "número de identificação", "codice identificativo", "numer id",
    ),
    "institution": ("institution", "учреждение", "учреждение (организация)", "организация", "institución", "заклад", "установа", "instituição"),
    "city": ("city/town", "city", "город", "ort", "ville", "ciudad", "місто", "cidade", "miasto"),
    "phone": ("phone", "phone1", "телефон"),
}  # fmt: skip
#: A table that speaks of people has one of these.
NAMING = ("full", "email", "username", "last")


def person_columns(words: tuple[str, ...]) -> dict[str, int]:
    """Own name → place of the columns about the person; the first of two with one caption."""
    return {
        name: next(place for place, word in enumerate(words) if word in known) for name, known in PERSON.items() if set(known) & set(words)
    }


class People:
    """The people of one block's rows.

    ``natives``: native id of each row's account; null where the row names nobody.
    """

    def __init__(self, block: Block, places: Mapping[str, int]) -> None:
        self._cells = {name: pc.utf8_trim_whitespace(block.columns[place]) for name, place in places.items()}
        self._rows = block.rows
        address = pc.utf8_lower(self._cell("email"))
        self.email = pc.if_else(pc.match_substring(address, "@"), address, pa.scalar(None, pa.string()))
        first, last = self._cell("first"), self._cell("last")
        both = pc.utf8_trim_whitespace(pc.binary_join_element_wise(pc.fill_null(first, ""), pc.fill_null(last, ""), " "))
        self.name = _text(pc.coalesce(_text(self._cell("full")), both))
        self.natives: pa.Array = pc.coalesce(
            _prefixed("mail:", self.email),
            _prefixed("username:", _text(self._cell("username"))),
            _prefixed("idnumber:", _text(self._cell("idnumber"))),
            pa.array(person_keys(self.name.to_pylist()), pa.string()),
        )

    def accounts(self, realm: str, context: Context) -> tuple[pa.Array, Iterator[Event]]:
        """(account ids of the rows, the batch of the accounts themselves)."""
        ids = context.pseudonyms.column(realm, self.natives)
        return ids, self._batch(ids, realm)

    def _batch(self, ids: pa.Array, realm: str) -> Iterator[Event]:
        columns = {
            "account_id": ids,
            "realm": pa.repeat(pa.scalar(realm), self._rows),
            "channel": pa.repeat(pa.scalar("lms"), self._rows),
            "native_id": self.natives,
            "display_name": self.name,
            "email": self.email,
        }
        for own, column in (
            ("first", "first_name"),
            ("last", "last_name"),
            *((name, name) for name in ("username", "institution", "city")),
        ):
            if own in self._cells:
                columns[column] = _text(self._cells[own])
        if "phone" in self._cells:
            digits = pc.replace_substring_regex(self._cells["phone"], r"[^0-9+]", "")
            columns["phone"] = pc.if_else(pc.match_substring_regex(digits, r"^\+?[0-9]{7,}$"), digits, pa.scalar(None, pa.string()))
        table = pa.table(columns).filter(pc.is_valid(self.natives))
        if table.num_rows:
            yield Batch("accounts", table, counted=False)

    def _cell(self, name: str) -> pa.Array:
        return self._cells.get(name, pa.nulls(self._rows, pa.string()))


def _text(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_in(column, pa.array(["", "-"])), pa.scalar(None, pa.string()), column)


def _prefixed(prefix: str, column: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar(prefix), column, "")
