-- One row per post.
select p.id, p.discussion, d.forum, d.course, d.groupid, d.pinned, p.parent, p.userid, p.created, p.modified, p.subject, p.message, p.messageformat,
    p.attachment, p.deleted, p.privatereplyto
from {forum_posts} p
left join {forum_discussions} d on d.id = p.discussion
where p.id > :after or p.modified >= :since or p.created >= :since
order by p.id
