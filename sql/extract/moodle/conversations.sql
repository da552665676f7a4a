-- One row per conversation: type 1 two people, 2 a group, 3 a note to oneself.
select c.id, c.type, c.name from {message_conversations} c order by c.id
