-- One row per personal message and other member of its conversation; notes to oneself have none. A new member has the old messages too.
select m.id, b.userid
from {messages} m
join {message_conversations} c on c.id = m.conversationid
join {message_conversation_members} b on b.conversationid = m.conversationid and b.userid <> m.useridfrom
where c.type <> 3 and (m.id > :after or m.timecreated >= :since or b.id > :members_after)
order by m.id, b.userid
