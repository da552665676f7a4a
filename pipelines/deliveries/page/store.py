"""What the curator's page writes: accounts, sessions, marks, and who saw whom. One SQLite file of its own beside the warehouse.

The warehouse lets one process at a time have it, and at night that is the run; so the page never opens it. Marks are only ever added here;
the next run takes them into raw.marks (docs/decisions/0035). Moments are kept as ISO 8601 in UTC. Nothing here looks at a clock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

from pipelines.deliveries.page import passwords
from pipelines.deliveries.shared.marks import Mark, checked
from pipelines.errors import PermanentError
from pipelines.thresholds import threshold

_TABLES = """
create table if not exists accounts (
    login text primary key, curator_id text not null, password text not null, must_change integer not null, made_at text not null
) without rowid;
create table if not exists sessions (
    token_hash text primary key, login text not null, form_token text not null, begun_at text not null, seen_at text not null
) without rowid;
create table if not exists tries (at text not null, login text not null, client text not null);
create index if not exists tries_by_time on tries (at);
create table if not exists seen (
    at text not null, curator_id text not null, event text not null, person_id text, item_id text
);
create index if not exists seen_by_person on seen (person_id, at);
create table if not exists marks (
    mark_id text primary key, marked_at text not null, curator_id text not null, list_day text not null, item_id text not null, person_id text,
    section text not null, state text not null, until_day text, channel text, origin text not null, note text
);
create index if not exists marks_by_item on marks (item_id, marked_at);
"""
_MARK_COLUMNS = (
    "marked_at, curator_id, list_day, item_id, person_id, section, state, until_day, channel, origin, note"
)  # fmt: skip


class LoginRefused(PermanentError):
    """No session: the name and password do not fit, or too many were tried (``must_wait``)."""

    def __init__(self, *, must_wait: bool) -> None:
        super().__init__("too many wrong passwords; wait a while" if must_wait else "name and password do not fit")
        self.must_wait = must_wait


@dataclass(frozen=True)
class Session:
    """Somebody logged in. ``form_token`` stands in every form of the session."""

    login: str
    curator_id: str
    form_token: str
    must_change: bool


@dataclass(frozen=True)
class Seen:
    """One entry of the audit log."""

    at: datetime
    curator_id: str
    event: str
    person_id: str | None
    item_id: str | None


class Store:
    """The file. Every call opens it anew and closes it: safe from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with self._open() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(_TABLES)
        if is_new:
            path.chmod(0o600)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    # -- accounts -----------------------------------------------------------------------------------------------------------

    def set_account(self, login: str, curator_id: str, at: datetime, password: str | None = None) -> str:
        """Make an account, or give one a new password; every session of it ends. Returns the password, to be told once."""
        given = password or passwords.new_password()
        with self._open() as connection:
            connection.execute(
                "insert into accounts values (?, ?, ?, ?, ?) on conflict (login) do update set curator_id = excluded.curator_id, "
                "password = excluded.password, must_change = excluded.must_change, made_at = excluded.made_at",
                [_login(login), curator_id, passwords.hashed(given), int(password is None), _iso(at)],
            )
            connection.execute("delete from sessions where login = ?", [_login(login)])
        return given

    def change_password(self, login: str, old: str, new: str) -> None:
        """Change one's own password. Raises LoginRefused where the old one is wrong, PermanentError where the new one is too short."""
        if len(new) < threshold("page_password_least"):
            raise PermanentError(f"a password has at least {int(threshold('page_password_least'))} characters")
        with self._open() as connection:
            kept = connection.execute("select password from accounts where login = ?", [_login(login)]).fetchone()
            if kept is None or not passwords.is_right(old, kept[0]):
                raise LoginRefused(must_wait=False)
            connection.execute("update accounts set password = ?, must_change = 0 where login = ?", [passwords.hashed(new), _login(login)])

    def accounts(self) -> list[tuple[str, str]]:
        """(login, curator id) of every account."""
        with self._open() as connection:
            return connection.execute("select login, curator_id from accounts order by login").fetchall()

    def remove_account(self, login: str) -> None:
        """Take an account away, and its sessions. Raises PermanentError where there is none."""
        with self._open() as connection:
            if not connection.execute("delete from accounts where login = ?", [_login(login)]).rowcount:
                raise PermanentError("there is no such account")
            connection.execute("delete from sessions where login = ?", [_login(login)])

    # -- sessions -----------------------------------------------------------------------------------------------------------

    def log_in(self, login: str, password: str, client: str, at: datetime) -> str:
        """A new session's token. Raises LoginRefused; wrong passwords are counted by name and by client."""
        name, since = _login(login), at - timedelta(minutes=threshold("page_login_window"))
        with self._open() as connection:
            connection.execute("delete from tries where at < ?", [_iso(since)])
            for column, value, most in (
                ("login", name, threshold("page_login_tries")),
                # A school sits behind one address, so there may be more from it.
                ("client", client, threshold("page_login_tries") * threshold("page_login_tries")),
            ):
                if connection.execute(f"select count(*) from tries where {column} = ?", [value]).fetchone()[0] >= most:
                    raise LoginRefused(must_wait=True)
            found = connection.execute("select password, curator_id from accounts where login = ?", [name]).fetchone()
        if not passwords.is_right(password, found[0] if found else passwords.NOBODYS) or found is None:
            with self._open() as connection:
                connection.execute("insert into tries values (?, ?, ?)", [_iso(at), name, client])
            raise LoginRefused(must_wait=False)
        token = token_urlsafe(32)
        with self._open() as connection:
            connection.execute("delete from tries where login = ?", [name])
            connection.execute("insert into sessions values (?, ?, ?, ?, ?)", [_digest(token), name, token_urlsafe(32), _iso(at), _iso(at)])
        self.note(at, found[1], "logged_in")
        return token

    def session(self, token: str | None, at: datetime) -> Session | None:
        """Who the token belongs to; None: nobody, or no longer."""
        if not token:
            return None
        begun, seen = (at - timedelta(minutes=threshold(name)) for name in ("page_session_minutes", "page_idle_minutes"))
        with self._open() as connection:
            connection.execute("delete from sessions where begun_at < ? or seen_at < ?", [_iso(begun), _iso(seen)])
            row = connection.execute(
                "select a.login, a.curator_id, s.form_token, a.must_change from sessions as s inner join accounts as a on a.login = s.login "
                "where s.token_hash = ?",
                [_digest(token)],
            ).fetchone()
            if row is None:
                return None
            connection.execute("update sessions set seen_at = ? where token_hash = ?", [_iso(at), _digest(token)])
        return Session(row[0], row[1], row[2], bool(row[3]))

    def log_out(self, token: str, at: datetime) -> None:
        """End a session."""
        session = self.session(token, at)
        with self._open() as connection:
            connection.execute("delete from sessions where token_hash = ?", [_digest(token)])
        if session:
            self.note(at, session.curator_id, "logged_out")

    # -- who saw whom ---------------------------------------------------------------------------------------------------------

    def note(self, at: datetime, curator_id: str, event: str, people: Iterable[str | None] = (), item_id: str | None = None) -> None:
        """Write down that a curator saw or did something; one entry per person, one without a person where there is none."""
        rows = [(_iso(at), curator_id, event, person, item_id) for person in (tuple(people) or (None,))]
        with self._open() as connection:
            connection.executemany("insert into seen values (?, ?, ?, ?, ?)", rows)

    def seen(self, person_id: str | None = None, *, most: int = 1000) -> list[Seen]:
        """The audit log, newest first; of one person where one is given."""
        where, values = ("where person_id = ?", [person_id]) if person_id else ("", [])
        with self._open() as connection:
            rows = connection.execute(
                f"select at, curator_id, event, person_id, item_id from seen {where} order by at desc, rowid desc limit ?", [*values, most]
            ).fetchall()
        return [Seen(_moment(at), *rest) for at, *rest in rows]

    # -- marks ----------------------------------------------------------------------------------------------------------------

    def add_marks(self, marks: Sequence[Mark]) -> int:
        """Add marks, all or none; those that are there already change nothing. Returns how many are new. Raises BadMark."""
        rows = [
            (
                mark.mark_id, _iso(mark.marked_at), mark.curator_id, mark.list_day.isoformat(), mark.item_id, mark.person_id, mark.section,
                mark.state, mark.until_day.isoformat() if mark.until_day else None, mark.channel, mark.origin, mark.note,
            )
            for mark in map(checked, marks)
        ]  # fmt: skip
        with self._open() as connection:
            before = connection.total_changes
            connection.executemany("insert or ignore into marks values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            return connection.total_changes - before

    def marks(self, *, items: Sequence[str] | None = None, since: datetime | None = None) -> list[Mark]:
        """Marks in the order in which they were given; of some items, or from a moment on, where these are said."""
        where, values = [], []
        if items is not None:
            where.append(f"item_id in ({', '.join('?' for _ in items)})")
            values += list(items)
        if since is not None:
            where.append("marked_at >= ?")
            values.append(_iso(since))
        condition = f"where {' and '.join(where)}" if where else ""
        with self._open() as connection:
            rows = connection.execute(f"select {_MARK_COLUMNS} from marks {condition} order by marked_at, mark_id", values).fetchall()
        return [
            Mark(_moment(at), curator, date.fromisoformat(day), item, person, section, state, date.fromisoformat(until) if until else None, channel, origin, note)
            for at, curator, day, item, person, section, state, until, channel, origin, note in rows
        ]  # fmt: skip

    def erase(self, person_id: str) -> int:
        """Take away every mark and every entry of the log about one learner. Returns the rows."""
        with self._open() as connection:
            gone = connection.execute("delete from marks where person_id = ?", [person_id]).rowcount
            return gone + connection.execute("delete from seen where person_id = ?", [person_id]).rowcount


def _login(name: str) -> str:
    return name.strip().casefold()


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
