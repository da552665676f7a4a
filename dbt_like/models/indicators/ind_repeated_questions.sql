-- One row per cluster of questions that were asked more than once, with the answer that could stand in a list of answers and the
-- curators' time it took. The best answer is the first of links.repeated_answers, unless that is no answer for all.
with questions as (

    select * from {{ ref('fct_questions') }}
    where cluster_id is not null

),

best_answers as (

    select
        answers.cluster_id,
        answers.answer_id
    from {{ source('links', 'repeated_answers') }} as answers
    -- What was corrected or helps one person only is offered to nobody, even if it is all there is.
    where answers.place = 1 and not answers.is_corrected and not answers.is_personal

),

-- The question that the best answer was given to stands for its cluster: shown above an answer to a neighbour of it, it would be answered wrongly.
answered as (

    select
        best_answers.cluster_id,
        {{ first_by('questions.question_id', '(questions.asked_at, questions.question_id)') }} as question_id
    from best_answers
    inner join {{ source('links', 'replies') }} as replies
        on best_answers.answer_id = replies.answer_id
    inner join questions
        on replies.question_id = questions.question_id and best_answers.cluster_id = questions.cluster_id
    group by best_answers.cluster_id

),

-- Every message of a curator in reply, promises and formulas included: one announcement to many is written once.
writing as (

    select distinct
        questions.cluster_id,
        messages.message_id,
        least(
            {{ threshold('answer_handling_minutes') }} + cast(coalesce(messages.words, 0) as double) / {{ threshold('answer_words_per_minute') }},
            {{ threshold('answer_minutes_most') }}
        ) as minutes
    from questions
    inner join {{ source('links', 'replies') }} as replies
        on questions.question_id = replies.question_id and replies.role = 'curator'
    inner join {{ ref('fct_messages') }} as messages
        on replies.answer_id = messages.message_id

),

efforts as (

    select
        writing.cluster_id,
        count(*) as answers,
        sum(writing.minutes) as minutes
    from writing
    group by writing.cluster_id

),

clusters as (

    select
        questions.cluster_id,
        count(*) as asked,
        count(distinct questions.person_id) as people,
        count(distinct questions.course_id) as courses,
        {{ first_by('questions.course_id', '(questions.asked_at, questions.question_id)') }} as course_id,
        count(distinct questions.stream_id) as streams,
        count(case when questions.is_open then 1 end) as open_now,
        bool_or(questions.is_technical) as is_technical,
        -- The oldest, which names the cluster, may have been taken back.
        {{ first_by('questions.question_id', '(questions.asked_at, questions.question_id)') }} as first_question_id,
        min(questions.asked_at) as first_at,
        max(questions.asked_at) as last_at
    from questions
    group by questions.cluster_id
    having count(*) > 1

)

select
    clusters.cluster_id,
    clusters.asked,
    clusters.people,
    clusters.courses,
    clusters.course_id,
    clusters.streams,
    clusters.open_now,
    clusters.is_technical,
    clusters.first_at,
    clusters.last_at,
    coalesce(efforts.answers, 0) as answers,
    coalesce(efforts.minutes, 0.0) as curator_minutes,
    best_answers.answer_id as best_answer_id,
    coalesce(answered.question_id, clusters.first_question_id) as shown_question_id
from clusters
left join efforts
    on clusters.cluster_id = efforts.cluster_id
left join best_answers
    on clusters.cluster_id = best_answers.cluster_id
left join answered
    on clusters.cluster_id = answered.cluster_id
