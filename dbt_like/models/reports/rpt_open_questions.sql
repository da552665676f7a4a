-- One row per curator and question of a learner in a live stream of theirs that waits for an answer at the end of the day: no curator has
-- answered it, or the learner came back to it after an answer and waits again (then its age counts from there).
with waits as (

    select
        waits.question_id,
        waits.turn,
        waits.from_at,
        waits.hours,
        waits.working_hours,
        row_number() over (partition by waits.question_id order by waits.turn) as place
    from {{ ref('fct_waits') }} as waits
    where waits.is_open and (waits.measure = 'first_answer' or (waits.measure = 'next_reply' and waits.turn > 1))

),

questions as (

    select
        questions.question_id,
        questions.course_id,
        questions.stream_id,
        questions.asker_id as person_id,
        questions.person_id is null as is_unlinked,
        questions.channel,
        questions.is_technical,
        questions.cluster_id,
        questions.asked_at,
        questions.state,
        questions.peer_answers,
        questions.curators_away,
        questions.is_address_bounced,
        questions.is_answer_returned,
        questions.answer_returned_at,
        -- Who came back to it after an answer waits, whatever the first words were taken for.
        case when waits.turn = 1 then questions.open_score end as open_score,
        case when waits.turn = 1 then questions.possible_answer_id end as possible_answer_id,
        waits.from_at,
        waits.turn > 1 as is_reopened,
        waits.hours as hours_open,
        waits.working_hours as working_hours_open
    from {{ ref('fct_questions') }} as questions
    inner join waits
        on questions.question_id = waits.question_id and waits.place = 1

),

away_now as (

    select distinct absences.curator_id
    from {{ ref('fct_absences') }} as absences
    where absences.until_day >= {{ as_of() }}

),

words as (

    -- A burst is one question: its messages read as one text, less what was taken back. Of a mail only the subject is known.
    select
        messages.burst_id as question_id,
        string_agg(coalesce({{ tidy('texts.text') }}, {{ tidy('texts.subject') }}), ' ' order by messages.sent_at, messages.message_id) as text
    from {{ ref('fct_messages') }} as messages
    inner join {{ source('personal', 'messages') }} as texts
        on messages.message_id = texts.message_id
    where messages.burst_id in (select questions.question_id from questions) and messages.deleted_at is null
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

),

-- A learner is shown to those responsible for the stream. Who is linked to nobody is shown to the curators of the course in whose chat the
-- question stands: they read it there anyway.
shown as (

    select
        questions.question_id,
        curators.curator_id,
        min(streams.stream_id) as stream_id
    from questions
    -- By the course, which every stream has: "or" between keys would hold all questions against all streams.
    inner join {{ ref('rpt_streams') }} as streams
        on questions.course_id = streams.course_id
    inner join {{ ref('dim_curators') }} as curators
        on streams.stream_id = curators.stream_id
    where
        streams.is_live
        and (questions.stream_id = streams.stream_id or (questions.stream_id is null and questions.is_unlinked))
    group by questions.question_id, curators.curator_id

),

strangers as (

    select
        names.account_id,
        coalesce({{ tidy('names.display_name') }}, {{ tidy('names.username') }}) as name
    from {{ source('personal', 'accounts') }} as names
    where names.account_id in (select questions.person_id from questions where questions.is_unlinked)

)

select
    {{ as_of() }} as day,
    shown.curator_id,
    shown.stream_id,
    questions.person_id,
    coalesce(people.name, strangers.name, questions.person_id) as learner_name,
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
    answers.text as faq_answer,
    questions.from_at as waits_since,
    questions.is_reopened,
    questions.state,
    questions.peer_answers,
    questions.curators_away,
    away_now.curator_id is not null as is_curator_away,
    questions.is_unlinked,
    questions.is_address_bounced,
    questions.is_answer_returned,
    questions.answer_returned_at,
    coalesce(questions.open_score < {{ threshold('open_score_doubt') }}, false) as is_doubtful,
    possible_answers.sent_at as possibly_answered_at
from questions
inner join shown
    on questions.question_id = shown.question_id
inner join {{ ref('rpt_streams') }} as streams
    on shown.stream_id = streams.stream_id
left join away_now
    on shown.curator_id = away_now.curator_id
left join strangers
    on questions.person_id = strangers.account_id
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
left join {{ ref('fct_messages') }} as possible_answers
    on questions.possible_answer_id = possible_answers.message_id
