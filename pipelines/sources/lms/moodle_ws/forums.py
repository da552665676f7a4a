"""Forums, discussions and posts of a course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.sources.formats.marked_text import text_of, word_count
from pipelines.sources.formats.plain_text import count_question_marks
from pipelines.sources.lms.moodle_texts import name_in
from pipelines.sources.lms.moodle_ws.client import Refused, Services, objects
from pipelines.sources.lms.moodle_ws.values import Names, at, batch, text, whole
from pipelines.sources.reading import Event, Rejected, Seen, Whole

_DISCUSSIONS = "mod_forum_get_forum_discussions"
#: Discussions of one page: each holds its first post's text.
_PAGE = 100
#: ``sortorder``: by time of creation, so that a reply in between moves nothing from one page to another.
_BY_CREATION = 4


def forums(services: Services, names: Names, course: int, since: int, enrolled: frozenset[str]) -> Iterator[Event]:
    """One row per forum, one per post of every discussion with something new since (0: of every discussion).

    Authors who are not in ``enrolled`` (accounts) are told of by the name that stands over their posts.
    """
    found = objects(services.call("mod_forum_get_forums_by_courses", courseids=[course]))
    found = [forum for forum in found if whole(forum.get("id"))]
    yield from batch(
        "chats",
        [
            {
                "chat_id": names.id("forum", forum["id"]),
                "channel": "forum",
                "kind": "news" if forum.get("type") == "news" else "forum",
                "course_id": names.id("course", course),
                "title": name_in(text(forum.get("name")), names.language),
            }
            for forum in found
        ],
    )
    for forum in found:
        try:
            yield from _posts(services, names, course, whole(forum["id"]) or 0, since, enrolled)
        except Refused as refused:
            yield Seen("messages", 1)
            yield Rejected("messages", f"{refused.function} forum {whole(forum['id'])}", refused.reason)


def _posts(services: Services, names: Names, course: int, forum: int, since: int, enrolled: frozenset[str]) -> Iterator[Event]:
    def ask(page: int) -> dict[str, Any]:
        return {"forumid": forum, "sortorder": _BY_CREATION, "page": page, "perpage": _PAGE}

    threads = {}
    for thread in services.pages(_DISCUSSIONS, ask, lambda answer: answer.get("discussions")):
        if native := whole(thread.get("discussion")):
            if native in threads:  # an older Moodle that gives everything at once, whatever the page
                break
            threads[native] = thread
    for native, thread in threads.items():
        if (whole(thread.get("timemodified")) or 0) < since:
            continue
        posts = objects(services.call("mod_forum_get_discussion_posts", discussionid=native).get("posts"))
        rows = [_post(names, course, forum, native, thread, post) for post in posts if whole(post.get("id"))]
        yield from batch("messages", rows)
        author_of = {whole(post.get("id")): _author(post) for post in posts}
        private = [
            {"message_id": names.id("post", post["id"]), "account_id": account, "role": "to"}
            for post in posts
            if post.get("isprivatereply") and (account := names.account(author_of.get(whole(post.get("parentid")))))
        ]
        yield from batch("addressees", private, counted=False)
        strangers = {
            account: {"account_id": account, "realm": names.realm, "channel": "lms", "native_id": str(_author(post)), "display_name": shown}
            for post in posts
            if (account := names.account(_author(post))) and account not in enrolled and (shown := text(post["author"].get("fullname")))
        }
        yield from batch("accounts", list(strangers.values()), counted=False)
        if since:
            yield Whole("messages", within=("thread_id", f"{names.realm}:discussion:{native}"))
    if not since:
        yield Whole("messages", within=("chat_id", f"{names.realm}:forum:{forum}"))


def _author(post: dict[str, Any]) -> int | None:
    author = post.get("author")
    return whole(author.get("id")) if isinstance(author, dict) else None


def _post(names: Names, course: int, forum: int, discussion: int, thread: dict[str, Any], post: dict[str, Any]) -> dict[str, Any]:
    is_gone = bool(post.get("isdeleted"))
    # A deleted post's stub holds a phrase of the site's language in the place of its words.
    words = (
        None if is_gone else text_of(post.get("message"), whole(post.get("messageformat")) if post.get("messageformat") is not None else 1)
    )
    created, modified = whole(post.get("timecreated")), whole(post.get("timemodified"))
    is_first = not whole(post.get("parentid"))
    return {
        "message_id": names.id("post", post["id"]),
        "channel": "forum",
        "chat_id": names.id("forum", forum),
        "thread_id": names.id("discussion", discussion),
        "reply_to_id": names.id("post", post.get("parentid")),
        "account_id": names.account(_author(post)),
        "course_id": names.id("course", course),
        "group_id": names.id("group", thread.get("groupid")),
        "sent_at": at(created),
        "edited_at": at(modified) if modified and modified != created and not is_gone else None,
        "deleted_at": at(modified or created) if is_gone else None,
        "kind": "post",
        "media": "file" if objects(post.get("attachments")) else None,
        "is_private": bool(post.get("isprivatereply")),
        "is_pinned": is_first and bool(thread.get("pinned")),
        "is_forwarded": False,
        "chars": None if words is None else len(words),
        "words": word_count(words),
        "question_marks": None if words is None else count_question_marks(words),
        "subject": None if is_gone else name_in(text(post.get("subject")), names.language),
        "text": words,
    }
