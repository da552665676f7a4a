-- One row per response and item of a survey that asks for a rating from 1 to 5. Who answered is left out: surveys are shown in sums only.
with answers as (

    select * from {{ source('raw', 'survey_answers') }}

)

select
    answers.answer_id,
    answers.survey_id,
    answers.response_id,
    coalesce(answers.course_id, places.course_id) as course_id,
    answers.group_label,
    {{ tidy('answers.item') }} as item,
    answers.aspect,
    answers.rating,
    answers.answered_at,
    {{ local_day('answers.answered_at') }} as day
from answers
left join {{ source('links', 'places') }} as places
    on answers.survey_id = places.place_id and places.kind = 'survey'
where answers.rating between 1 and 5 and {{ known('answers.answered_at') }}
