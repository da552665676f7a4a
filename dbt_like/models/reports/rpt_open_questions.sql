-- One row per curator and question of a learner in a live stream of theirs that no curator has answered by the end of the day.
with questions as (

    select * from {{ ref('fct_questions') }}
    where is_open

),

words as (

    -- A burst is one question: its messages read as one text. Of a mail only the subject is known.
    select
        messages.burst_id as question_id,
        string_agg(coalesce({{ tidy('texts.text') }}, {{ tidy('texts.subject') }}), ' ' order by messages.sent_at, messages.message_id) as text
    from {{ ref('fct_messages') }} as messages
    inner join {{ source('personal', 'messages') }} as texts
        on messages.message_id = texts.message_id
    where messages.burst_id in (select questions.question_id from questions)
    group by messages.burst_id

),

repeated as (

    select
        questions.question_id,
        count(*) as asked_before
    from questions
    inner join {{ ref('fct_questions') }} as earlier
        on questions.cluster_id = earlier.cluster_id and earlier.asked_at < questions.asked_at
    group by questions.question_id

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    questions.stream_id,
    questions.person_id,
    people.name as learner_name,
    streams.course_name,
    streams.stream_title,
    questions.question_id,
    questions.channel,
    questions.asked_at,
    questions.hours_open,
    questions.working_hours_open,
    {{ excerpt('words.text', threshold('excerpt_characters')) }} as text,
    questions.is_technical,
    questions.cluster_id,
    coalesce(repeated.asked_before, 0) as asked_before,
    answers.text as faq_answer
from questions
inner join {{ ref('rpt_streams') }} as streams
    on questions.stream_id = streams.stream_id
inner join {{ ref('dim_curators') }} as curators
    on questions.stream_id = curators.stream_id
left join {{ ref('rpt_people') }} as people
    on questions.person_id = people.person_id
left join words
    on questions.question_id = words.question_id
left join repeated
    on questions.question_id = repeated.question_id
left join {{ ref('ind_repeated_questions') }} as clusters
    on questions.cluster_id = clusters.cluster_id
left join {{ source('personal', 'messages') }} as answers
    on clusters.best_answer_id = answers.message_id
where streams.is_live
