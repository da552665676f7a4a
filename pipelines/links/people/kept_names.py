"""What people of the LMS are called, and the exact keys of all accounts: taken apart once and kept from night to night.

Reading a name costs more than anything else that is done with an account that stayed as it was. So a run reads the names of new accounts and of
those that show something else (``personal.called_accounts``, ``personal.called_parts``), and addresses, numbers and user names that are new
(``personal.account_keys``); it drops what is of accounts that are gone.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.links.people.names import full_name, is_given_name, read_name, school_number
from pipelines.text import normalise
from pipelines.warehouse import Warehouse

#: Raised whenever the same words would be read otherwise: what is kept of them is then read anew.
_READING_VERSION = 2


def keep_called(warehouse: Warehouse) -> None:
    """Bring ``personal.called_accounts`` and ``personal.called_parts`` up to date: one row, and the parts of the name, per LMS account."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table called_now as
        with past as (
            select account_id, list_sort(list(name)) as names from personal.account_names where kind = 'last_name' group by account_id
        )
        select account.account_id, private.first_name, private.last_name, private.username, private.email, private.phone, private.institution, private.city,
            list_filter(past.names, one -> one is distinct from private.last_name) as past,
            md5(concat_ws(chr(31), $version, coalesce(private.first_name, ''), coalesce(private.last_name, ''), coalesce(private.username, ''),
                coalesce(private.email, ''), coalesce(private.phone, ''), coalesce(private.institution, ''), coalesce(private.city, ''),
                coalesce(array_to_string(past.names, chr(30)), ''))) as fingerprint
        from raw.accounts as account
        left join personal.accounts as private on private.account_id = account.account_id
        left join past on past.account_id = account.account_id
        where account.channel = 'lms'
        """,
        {"version": _READING_VERSION},
    )
    connection.execute(
        """
        create or replace temp table called_anew as
        select called_now.* from called_now left join personal.called_accounts as kept using (account_id)
        where kept.fingerprint is distinct from called_now.fingerprint
        """
    )
    found = warehouse.arrow("select * from called_anew order by account_id")
    about: dict[str, list[str | None]] = {name: [] for name in warehouse.columns("personal.called_accounts")}
    parts: dict[str, list[str]] = {name: [] for name in warehouse.columns("personal.called_parts")}
    for row in found.to_pylist():
        name, account = full_name(row["first_name"], row["last_name"]), row["account_id"]
        address = row["email"].strip().lower() if row["email"] and "@" in row["email"] else None
        values = {
            "account_id": account,
            "fingerprint": row["fingerprint"],
            "last": name.last or None,
            "first": name.first or name.first_initial or None,
            "middle": name.middle or name.middle_initial or None,
            "handle": handle_key(row["username"]),
            "email": address,
            "local": handle_key(row["email"].split("@")[0]) if address else None,
            "phone": phone_key(row["phone"]),
            "school": school_number(row["institution"]),
            "workplace": key_of_place(row["institution"], row["city"]),
        }
        for column, kept in about.items():
            kept.append(values[column])
        called = [("last", name.last), *(("part", one) for one in name.lasts if len(one) > 2), ("middle", name.middle)]
        called += [("first" if number == 0 else "short", one) for number, one in enumerate(name.firsts)]
        for earlier in row["past"] or ():
            past = full_name(row["first_name"], earlier)
            called += [("past", one) for one in (past.last, *past.lasts)]
        for part, key in dict.fromkeys(called):
            if key:
                for into, value in zip(parts.values(), (account, part, key), strict=True):
                    into.append(value)
    with warehouse.transaction():
        for table, rows in (("called_accounts", about), ("called_parts", parts)):
            connection.execute(
                f"delete from personal.{table} where account_id in (select account_id from called_anew) "
                "or account_id not in (select account_id from called_now)"
            )
            if found.num_rows:
                warehouse.append(
                    f"personal.{table}", list(rows), pa.table({name: pa.array(values, pa.string()) for name, values in rows.items()})
                )
    for table in ("called_now", "called_anew"):
        connection.execute(f"drop table temp.{table}")


def keep_keys(warehouse: Warehouse) -> None:
    """Bring ``personal.account_keys`` up to date: addresses, numbers and user names that accounts have shown, now or earlier, as keys."""
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table names_now as
        select account_id, unnest(['username', 'email', 'phone']) as kind, unnest([username, email, phone]) as name from personal.accounts
        union
        select account_id, kind, name from personal.account_names where kind in ('username', 'email', 'phone')
        """
    )
    connection.execute("delete from names_now where name is null or account_id not in (select account_id from raw.accounts)")
    found = warehouse.rows(
        "select now.account_id, now.kind, now.name from names_now as now left join personal.account_keys as kept "
        "on kept.account_id = now.account_id and kept.kind = now.kind and kept.name = now.name and kept.version = ? where kept.account_id is null order by all",
        [_READING_VERSION],
    )
    columns = list(warehouse.columns("personal.account_keys"))
    # A name without a key is kept too, or it would be read every night.
    rows = [
        (account, kind, text, of, one, _READING_VERSION)
        for account, kind, text in found
        for of, one in dict.fromkeys(_exact_keys(kind, text)) or (("none", ""),)
    ]
    with warehouse.transaction():
        connection.execute(
            "delete from personal.account_keys as kept where version <> ? or not exists (select 1 from names_now as now "
            "where now.account_id = kept.account_id and now.kind = kept.kind and now.name = kept.name)",
            [_READING_VERSION],
        )
        if rows:
            types = [*[pa.string()] * (len(columns) - 1), pa.int32()]
            values = zip(columns, zip(*rows, strict=True), types, strict=True)
            warehouse.append("personal.account_keys", columns, pa.table({name: pa.array(column, kind) for name, column, kind in values}))
    connection.execute("drop table temp.names_now")


def handle_key(text: str | None) -> str | None:
    """Key of a user name: its letters and digits; None for none."""
    return "".join(letter for letter in normalise(text or "").lstrip("@") if letter.isalnum()) or None


def phone_key(phone: str | None) -> str | None:
    """Last ten digits of a phone number (Russian numbers begin with +7 or 8); None for shorter ones."""
    digits = "".join(letter for letter in phone or "" if letter.isdigit())
    return digits[-10:] if len(digits) >= 10 else None


def key_of_place(institution: str | None, city: str | None) -> str | None:
    """Key of a workplace; None unless both the institution and the town are known."""
    if not institution or not city or not institution.strip() or not city.strip():
        return None
    return f"{normalise(institution)}|{normalise(city)}"


def _exact_keys(kind: str, text: str) -> tuple[tuple[str, str], ...]:
    """Keys of an address, a number or a user name, each with its kind: email, phone, handle, local (the part before the @)."""
    if kind == "email":
        if "@" not in text:
            return ()
        address = text.strip().lower()
        local = handle_key(address.split("@")[0])
        return (("email", address), *((("local", local),) if local else ()))
    one = phone_key(text) if kind == "phone" else handle_key(text)
    return (("phone" if kind == "phone" else "handle", one),) if one else ()


def keep_contradicted(warehouse: Warehouse) -> None:
    """Bring ``personal.contradicted_accounts`` up to date: does an account with an exact key show somebody else's full name, or several people's?

    Reads the temporary tables ``exact_links`` and ``bearer_prints``.
    """
    connection = warehouse.connection
    connection.execute(
        """
        create or replace temp table named_by_key as
        select exact_links.account_id, exact_links.person_id, private.display_name,
            md5(concat_ws(chr(31), $version, exact_links.person_id, private.display_name, prints.fingerprint)) as fingerprint
        from exact_links
        inner join raw.accounts as account on account.account_id = exact_links.account_id and account.channel <> 'lms'
        inner join personal.accounts as private on private.account_id = exact_links.account_id
        inner join bearer_prints as prints on prints.person_id = exact_links.person_id
        where exact_links.rule in ('address', 'phone', 'username') and private.display_name is not null and not contains(private.display_name, '@')
            and exact_links.person_id in (select person_id from parts)
        """,
        {"version": _READING_VERSION},
    )
    found = warehouse.arrow(
        """
        select now.account_id, now.fingerprint, now.display_name, list(distinct parts.key) as keys
        from named_by_key as now
        left join personal.contradicted_accounts as kept on kept.account_id = now.account_id and kept.fingerprint = now.fingerprint
        inner join parts on parts.person_id = now.person_id
        where kept.account_id is null group by all order by now.account_id
        """
    )
    verdicts = []
    for display, keys in zip(found["display_name"].to_pylist(), found["keys"].to_pylist(), strict=True):
        name, own = read_name(display), set(keys)
        is_full = len(name.words) >= 2 and any(is_given_name(key) for word in name.words for key in word)
        verdicts.append(name.is_shared or (is_full and not any(own.intersection(word) for word in name.words)))
    with warehouse.transaction():
        connection.execute(
            "delete from personal.contradicted_accounts as kept where not exists "
            "(select 1 from named_by_key as now where now.account_id = kept.account_id and now.fingerprint = kept.fingerprint)"
        )
        if verdicts:
            rows = found.select(["account_id", "fingerprint"]).append_column("is_contradicted", pa.array(verdicts, pa.bool_()))
            warehouse.append("personal.contradicted_accounts", rows.column_names, rows)
    connection.execute("drop table temp.named_by_key")
