-- One row per cluster of repeated questions asked in the seven days that end with as_of. Asked by fewer people than
-- thresholds.repeated_people_min: left out, the words could tell who it was.
with recent as (

    select
        questions.cluster_id,
        count(*) as asked_this_week
    from {{ ref('fct_questions') }} as questions
    where questions.cluster_id is not null and questions.day > {{ add_days(as_of(), '-7') }}
    group by questions.cluster_id

),

words as (

    -- A burst is one question, which often begins with a greeting: its messages read as one text, less what was taken back.
    select
        messages.burst_id as question_id,
        string_agg(coalesce({{ tidy('texts.text') }}, {{ tidy('texts.subject') }}), ' ' order by messages.sent_at, messages.message_id) as text
    from {{ ref('fct_messages') }} as messages
    inner join {{ source('personal', 'messages') }} as texts
        on messages.message_id = texts.message_id
    where
        messages.burst_id in (select shown.shown_question_id from {{ ref('ind_repeated_questions') }} as shown)
        and messages.deleted_at is null
    group by messages.burst_id

)

select
    {{ as_of() }} as week_ends_on,
    clusters.cluster_id,
    clusters.shown_question_id,
    case when clusters.courses <= 1 then courses.course_name else null end as course_name,
    clusters.asked,
    recent.asked_this_week,
    clusters.people,
    clusters.open_now,
    clusters.answers,
    clusters.curator_minutes,
    clusters.first_at,
    clusters.last_at,
    {{ excerpt('words.text', threshold('excerpt_characters')) }} as text,
    answers.text as faq_answer
from {{ ref('ind_repeated_questions') }} as clusters
inner join recent
    on clusters.cluster_id = recent.cluster_id
left join (select distinct streams.course_id, streams.course_name from {{ ref('rpt_streams') }} as streams) as courses
    on clusters.course_id = courses.course_id
left join words
    on clusters.shown_question_id = words.question_id
left join {{ source('personal', 'messages') }} as answers
    on clusters.best_answer_id = answers.message_id
where clusters.people >= {{ threshold('repeated_people_min') }}
