-- One row per question and letter of the course's people in answer to it that did not reach the asker: it came back from the asker, or from
-- everybody it was sent to.
select
    links.question_id,
    links.answer_id,
    max(letters.returned_at) as returned_at
from {{ source('links', 'replies') }} as links
inner join {{ ref('fct_returned_letters') }} as letters
    on links.answer_id = letters.message_id
inner join {{ ref('fct_messages') }} as asked
    on links.question_id = asked.message_id
where
    links.role in ('curator', 'staff')
    and (letters.reached_nobody or (letters.missed_receiver and letters.receiver_id = coalesce(asked.person_id, asked.account_id)))
group by links.question_id, links.answer_id
