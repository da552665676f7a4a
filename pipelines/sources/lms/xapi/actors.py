"""Actors of xAPI → native ids of accounts.

One person has one id whichever of the two mail forms a statement uses: ``mbox_sha1sum`` is the SHA-1 of ``mailto:`` and the address, so that
of an ``mbox`` is computed. Of an ``account`` the id is home page and name – the name alone at the home page that the source names as the
LMS's own, where it is the LMS's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from typing import Any

#: Members of a group that are told apart; a larger one is a course's list, not a team.
MEMBERS_MAX = 500


@dataclass(frozen=True)
class Who:
    """One actor as far as it is told."""

    native: str
    name: str | None
    email: str | None
    username: str | None
    is_group: bool


def who(actor: Any, home_page: str | None) -> Who | None:
    """The actor; None where nothing identifies it (a group by its members only, an actor of no known form)."""
    if not isinstance(actor, dict):
        return None
    name = actor.get("name")
    name = name if isinstance(name, str) and name.strip() else None
    is_group = actor.get("objectType") == "Group"
    mbox, digest, openid, account = (actor.get(key) for key in ("mbox", "mbox_sha1sum", "openid", "account"))
    if isinstance(mbox, str) and "@" in mbox:
        address = (mbox[7:] if mbox[:7].lower() == "mailto:" else mbox).strip().lower()
        made = sha1(f"mailto:{address}".encode(), usedforsecurity=False).hexdigest()
        return Who(f"sha1:{made}", name, address, None, is_group)
    if isinstance(digest, str) and digest.strip():
        return Who(f"sha1:{digest.strip().lower()}", name, None, None, is_group)
    if isinstance(openid, str) and openid.strip():
        return Who(f"openid:{openid.strip()}", name, None, None, is_group)
    if isinstance(account, dict):
        page, native = account.get("homePage"), account.get("name")
        native = str(native) if type(native) is int else native
        if isinstance(native, str) and native.strip():
            page = page.rstrip("/") if isinstance(page, str) else ""
            native = native.strip()
            is_own = bool(home_page) and page == home_page
            # A name that is no number is what a person logs in with.
            handle = None if native.isdigit() else native
            return Who(native if is_own else f"{page}|{native}", name, None, handle, is_group)
    return None


def members(actor: Any, home_page: str | None) -> list[Who]:
    """The identified members of a group."""
    listed = actor.get("member") if isinstance(actor, dict) and actor.get("objectType") == "Group" else None
    if not isinstance(listed, list):
        return []
    found = (who(member, home_page) for member in listed[:MEMBERS_MAX])
    return list({member.native: member for member in found if member is not None}.values())
