-- One row per personal message.
select m.id, m.useridfrom, m.conversationid, c.type, m.subject, m.fullmessage, m.fullmessageformat, m.fullmessagehtml, m.smallmessage, m.timecreated
from {messages} m
left join {message_conversations} c on c.id = m.conversationid
where m.id > :after or m.timecreated >= :since
order by m.id
