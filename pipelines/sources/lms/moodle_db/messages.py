"""What people wrote: forum posts and personal messages, where they stand and whom they reach.

Primary rows: ``forum`` and ``message_conversations`` → chats; ``forum_posts`` and ``messages`` → messages. Derived (not counted):
addressees, and posts that only the log still knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.marked_text import FORMAT_HTML, FORMAT_PLAIN, text_of
from pipelines.sources.lms.moodle_db.changes import Window, seen_part, seen_whole
from pipelines.sources.lms.moodle_db.columns import (
    Site,
    characters,
    chosen,
    existing,
    flags,
    flat,
    is_moment,
    moments,
    whole_number,
    words,
    yielded,
)
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.traces import DISCUSSION_CREATED, POST_CREATED, POST_DELETED, of_events
from pipelines.sources.lms.moodle_texts import name_in, other_of
from pipelines.sources.reading import Batch, Event, Seen

#: ``message_conversations.type``: two people, a group, a note to oneself (made for nearly every account; no contact).
_CONVERSATIONS = {1: "personal", 2: "group", 3: "saved"}


#: Ids in one question to the server.
_ASKED_AT_ONCE = 1_000


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


def posts(database: Database, site: Site, window: Window, traces: pa.Table | None) -> Iterator[Event]:
    """One row per forum post; the addressee of a private reply; posts that are gone, with the moment of their deletion and no words.

    ``traces`` None: the log has no new ones.
    """
    yield from seen_whole(database, window, "messages", "forum_posts")
    for rows in database.batches("posts", window.parameters()):
        yield from seen_part(window, "messages", rows)
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
    if traces is not None:
        told = set(of_events(traces, POST_DELETED)["objectid"].to_pylist())
        # A stub stands in the place of some posts that were deleted.
        yield from _deleted_posts(site, traces, told.difference(_standing(database, told)))


def _standing(database: Database, told: set[int]) -> set[int]:
    """Those posts that the table still has."""
    found: set[int] = set()
    wanted = sorted(post for post in told if post is not None)
    for start in range(0, len(wanted), _ASKED_AT_ONCE):
        numbers = ", ".join(str(int(post)) for post in wanted[start : start + _ASKED_AT_ONCE])
        found.update(post for (post,) in database.rows(f"select p.id from {{forum_posts}} p where p.id in ({numbers})"))
    return found


def _deleted_posts(site: Site, traces: pa.Table, gone: set[int]) -> Iterator[Event]:
    deletions = of_events(traces, POST_DELETED)
    told = [(post, other_of(other)) for post, other in zip(deletions["objectid"].to_pylist(), deletions["other"].to_pylist(), strict=True)]
    threads = {post: (whole_number(data.get("forumid")), whole_number(data.get("discussionid"))) for post, data in told if post in gone}
    sent = _times(of_events(traces, POST_CREATED), gone)
    # A thread's first post has no event of its own; the thread has.
    begun = _times(of_events(traces, DISCUSSION_CREATED), {discussion for _, discussion in threads.values()})
    found = []
    for post, course, deleter, author, at in zip(
        *(deletions[name].to_pylist() for name in ("objectid", "courseid", "userid", "relateduserid", "timecreated")), strict=True
    ):
        forum, discussion = threads.get(post, (None, None))
        if forum is not None and discussion is not None:
            # Somebody else's post was deleted where the event names its author; one's own otherwise.
            found.append((post, forum, discussion, course, author or deleter, sent.get(post, begun.get(discussion)), at))
    latest = sorted({row[0]: row for row in found}.values())
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


def _times(traces: pa.Table, of: Collection[int | None]) -> dict[int, int]:
    """Object → moment of its event, for these objects."""
    picked = traces.filter(pc.is_in(traces["objectid"], pa.array(sorted(native for native in of if native is not None), pa.int64())))
    return dict(zip(picked["objectid"].to_pylist(), picked["timecreated"].to_pylist(), strict=True))


def direct_messages(database: Database, site: Site, window: Window, members_after: int) -> Iterator[Event]:
    """One row per personal message, with one addressee row per other member of its conversation."""
    yield from seen_whole(database, window, "messages", "messages")
    for rows in database.batches("direct_messages", window.parameters()):
        yield from seen_part(window, "messages", rows)
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
    for rows in database.batches("direct_addressees", window.parameters(members_after=members_after)):
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
