-- One row per curator, course and ISO week of answering: what this curator wrote in answer to learners' questions, whoever was responsible
-- for them. A count of work done, no figure of how long learners wait: the questions that nobody answered are in no row here.
with given as (

    select
        links.question_id,
        links.kind,
        links.rule,
        words.message_id,
        words.person_id as curator_id,
        questions.course_id,
        questions.answer_id,
        questions.hours_to_curator,
        questions.working_hours_to_curator,
        {{ week_end('words.day') }} as week_ends_on
    from {{ source('links', 'replies') }} as links
    inner join {{ ref('fct_messages') }} as words
        on links.answer_id = words.message_id
    inner join {{ ref('fct_questions') }} as questions
        on links.question_id = questions.question_id
    left join {{ ref('fct_unreceived_answers') }} as unreceived
        on links.question_id = unreceived.question_id and links.answer_id = unreceived.answer_id
    -- A letter that came back from the asker answered nobody.
    where links.role in ('curator', 'staff') and links.kind <> 'thanks' and words.person_id is not null and unreceived.answer_id is null

)

select
    given.curator_id,
    given.course_id,
    given.week_ends_on,
    count(distinct given.message_id) as messages,
    count(distinct case when given.kind = 'substantive' then given.question_id end) as questions_answered,
    count(distinct case when given.message_id = given.answer_id then given.question_id end) as first_answers,
    count(distinct case when given.kind <> 'substantive' then given.message_id end) as holding_or_formal,
    {{ median('case when given.message_id = given.answer_id then given.hours_to_curator end') }} as median_hours,
    {{ median('case when given.message_id = given.answer_id then given.working_hours_to_curator end') }} as median_working_hours
from given
group by given.curator_id, given.course_id, given.week_ends_on
