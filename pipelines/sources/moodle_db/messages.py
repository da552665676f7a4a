"""What people wrote: forum posts and personal messages, where they stand and whom they reach.

Primary rows: ``forum`` and ``message_conversations`` → chats; ``forum_posts`` and ``messages`` → messages. Derived (not counted):
addressees, and posts that only the log still knows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.moodle_db.columns import Site, characters, chosen, existing, flags, flat, is_moment, moments, words, yielded
from pipelines.sources.moodle_db.database import Database
from pipelines.sources.moodle_texts import FORMAT_HTML, FORMAT_PLAIN, name_in, other_of, text_of
from pipelines.sources.reading import Batch, Event, Seen

#: ``message_conversations.type``: two people, a group, a note to oneself (made for nearly every account; no contact).
_CONVERSATIONS = {1: "personal", 2: "group", 3: "saved"}
POST_CREATED, POST_DELETED, DISCUSSION_CREATED = (
    rf"\mod_forum\event\{what}" for what in ("post_created", "post_deleted", "discussion_created")
)


def chats(database: Database, site: Site) -> Iterator[Event]:
    """One row per forum and per conversation, notes to oneself included (kind "saved")."""
    yield Seen("chats", database.count("forum") + database.count("message_conversations"))
    for rows in database.batches("forums"):
        yield Batch(
            "chats",
            pa.table(
                {
                    "chat_id": site.ids("forum", rows["id"]),
                    "channel": pa.array(["forum"] * rows.num_rows, pa.string()),
                    "kind": chosen(rows["forumtype"], {"news": "news"}, "forum"),
                    "course_id": site.courses(rows["course"]),
                    "title": pa.array([name_in(name, site.language) for name in rows["name"].to_pylist()], pa.string()),
                }
            ),
        )
    for rows in database.batches("conversations"):
        yield Batch(
            "chats",
            pa.table(
                {
                    "chat_id": site.ids("conversation", rows["id"]),
                    "channel": pa.array(["direct"] * rows.num_rows, pa.string()),
                    "kind": pa.array([_CONVERSATIONS.get(kind, "group") for kind in rows["type"].to_pylist()], pa.string()),
                    "title": pa.array([name_in(name, site.language) for name in rows["name"].to_pylist()], pa.string()),
                }
            ),
        )


def posts(database: Database, site: Site) -> Iterator[Event]:
    """One row per forum post; the addressee of a private reply; posts that are gone, with the moment of their deletion and no words."""
    yield Seen("messages", database.count("forum_posts"))
    for rows in database.batches("posts"):
        is_private = pc.fill_null(flags(rows["privatereplyto"]), False)
        is_first = pc.is_null(existing(rows["parent"]))
        edited = pc.if_else(pc.equal(rows["modified"], rows["created"]), 0, flat(rows["modified"]))
        is_deleted = pc.fill_null(flags(rows["deleted"]), False)
        texts = [
            text_of(text, text_format)
            for text, text_format in zip(rows["message"].to_pylist(), rows["messageformat"].to_pylist(), strict=True)
        ]
        has_file = pc.invert(pc.is_in(pc.fill_null(flat(rows["attachment"]), ""), pa.array(["", "0"])))
        table = pa.table(
            {
                "message_id": site.ids("post", rows["id"]),
                "channel": pa.array(["forum"] * rows.num_rows, pa.string()),
                "chat_id": site.ids("forum", rows["forum"]),
                "thread_id": site.ids("discussion", rows["discussion"]),
                "reply_to_id": site.ids("post", rows["parent"]),
                "account_id": site.accounts(rows["userid"]),
                "course_id": site.courses(rows["course"]),
                # -1: for all groups
                "group_id": site.ids("group", rows["groupid"]),
                "sent_at": moments(rows["created"]),
                "edited_at": moments(edited),
                "deleted_at": pc.if_else(is_deleted, moments(rows["modified"]), pa.scalar(None, moments(edited).type)),
                "kind": pa.array(["post"] * rows.num_rows, pa.string()),
                "media": pc.if_else(has_file, "file", pa.scalar(None, pa.string())),
                "is_private": is_private,
                "is_pinned": pc.and_(is_first, pc.fill_null(flags(rows["pinned"]), False)),
                "is_forwarded": pa.array([False] * rows.num_rows, pa.bool_()),
                **_measures(texts),
                "subject": pa.array([name_in(subject, site.language) for subject in rows["subject"].to_pylist()], pa.string()),
                "text": pa.array(texts, pa.string()),
            }
        )
        refused = [(pc.is_null(table["chat_id"]), "its discussion is gone")]
        yield from yielded("messages", "forum_posts", table, rows["id"], refused)
        private = rows.filter(pc.and_(is_private, pc.is_valid(site.ids("forum", rows["forum"]))))
        if private.num_rows:
            yield Batch(
                "addressees", _addressees(site.ids("post", private["id"]), site.accounts(private["privatereplyto"]), "to"), counted=False
            )
    yield from _deleted_posts(database, site)


def _deleted_posts(database: Database, site: Site) -> Iterator[Event]:
    begun: dict[int, int] = {}
    sent: dict[int, int] = {}
    gone: list[tuple[int, int, int, int | None, int, int | None, int]] = []
    parameters = {"post_created": POST_CREATED, "post_deleted": POST_DELETED, "discussion_created": DISCUSSION_CREATED}
    for rows in database.batches("post_events", parameters):
        for event, post, course, user, author, at, other in zip(
            *(rows[name].to_pylist() for name in ("eventname", "objectid", "courseid", "userid", "relateduserid", "timecreated", "other")),
            strict=True,
        ):
            if event == POST_CREATED:
                sent[post] = at
            elif event == DISCUSSION_CREATED:
                begun[post] = at
            else:
                data = other_of(other)
                try:
                    forum, discussion = int(data["forumid"]), int(data["discussionid"])
                except (KeyError, TypeError, ValueError):
                    continue
                # Somebody else's post was deleted where the event names its author; one's own otherwise.
                gone.append((post, forum, discussion, course, author or user, sent.get(post, begun.get(discussion)), at))
    latest = sorted({row[0]: row for row in gone}.values())
    post, forum, discussion, course, author, sent_at, deleted_at = (
        pa.array([row[place] for row in latest], pa.int64()) for place in range(7)
    )
    yield Batch(
        "messages",
        pa.table(
            {
                "message_id": site.ids("post", post),
                "channel": pa.array(["forum"] * len(post), pa.string()),
                "chat_id": site.ids("forum", forum),
                "thread_id": site.ids("discussion", discussion),
                "account_id": site.accounts(author),
                "course_id": site.courses(course),
                "sent_at": moments(sent_at),
                "deleted_at": moments(deleted_at),
                "kind": pa.array(["post"] * len(post), pa.string()),
            }
        ),
        counted=False,
    )


def direct_messages(database: Database, site: Site) -> Iterator[Event]:
    """One row per personal message, with one addressee row per other member of its conversation."""
    yield Seen("messages", database.count("messages"))
    for rows in database.batches("direct_messages"):
        columns = (rows[name].to_pylist() for name in ("fullmessage", "fullmessageformat", "fullmessagehtml", "smallmessage"))
        texts = [_direct_text(*parts) for parts in zip(*columns, strict=True)]
        table = pa.table(
            {
                "message_id": site.ids("direct", rows["id"]),
                "channel": pa.array(["direct"] * rows.num_rows, pa.string()),
                "chat_id": site.ids("conversation", rows["conversationid"]),
                "account_id": site.accounts(rows["useridfrom"]),
                "sent_at": moments(rows["timecreated"]),
                "kind": pa.array(["post"] * rows.num_rows, pa.string()),
                "is_private": pc.fill_null(pc.equal(flat(rows["type"]), 1), False),
                "is_forwarded": pa.array([False] * rows.num_rows, pa.bool_()),
                **_measures(texts),
                "subject": pa.array([name_in(subject, site.language) for subject in rows["subject"].to_pylist()], pa.string()),
                "text": pa.array(texts, pa.string()),
            }
        )
        refused = [(pc.is_null(table["chat_id"]), "message of no conversation"), (pc.invert(is_moment(rows["timecreated"])), "no time")]
        yield from yielded("messages", "messages", table, rows["id"], refused)
    for rows in database.batches("direct_addressees"):
        rows = rows.filter(pc.is_valid(existing(rows["userid"])))
        yield Batch("addressees", _addressees(site.ids("direct", rows["id"]), site.accounts(rows["userid"]), "member"), counted=False)


def _direct_text(full: str | None, full_format: int | None, markup: str | None, small: str | None) -> str | None:
    """``fullmessage`` in its format; older versions and some clients fill only one of the other two."""
    if full:
        return text_of(full, FORMAT_PLAIN if full_format is None else full_format)
    return text_of(markup, FORMAT_HTML) if markup else text_of(small, FORMAT_PLAIN)


def _addressees(message: pa.Array, account: pa.Array, role: str) -> pa.Table:
    return pa.table({"message_id": message, "account_id": account, "role": pa.array([role] * len(message), pa.string())})


def _measures(texts: list[str | None]) -> dict[str, pa.Array]:
    return {
        "chars": characters(texts),
        "words": words(texts),
        "question_marks": pa.array([None if text is None else text.count("?") for text in texts], pa.int32()),
    }
