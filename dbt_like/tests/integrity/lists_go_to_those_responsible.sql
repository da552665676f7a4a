-- Integrity: a learner is shown to the people responsible for that learner and to nobody else.
-- Resolve: hand nothing out. The report that shows too much has joined the people without their stream.
{{ config(tags=['integrity']) }}
with shown as (

    select rows_shown.curator_id, rows_shown.stream_id, rows_shown.person_id from {{ ref('rpt_at_risk_daily') }} as rows_shown
    union all
    select rows_shown.curator_id, rows_shown.stream_id, rows_shown.person_id from {{ ref('rpt_open_questions') }} as rows_shown
    -- Nobody's learner: shown to the curators of the chat in which it was asked.
    where not rows_shown.is_unlinked
    union all
    select rows_shown.curator_id, rows_shown.stream_id, rows_shown.person_id from {{ ref('rpt_never_started') }} as rows_shown
    union all
    select rows_shown.curator_id, rows_shown.stream_id, rows_shown.person_id from {{ ref('rpt_not_reached') }} as rows_shown

)

select shown.curator_id, shown.stream_id, shown.person_id
from shown
left join {{ ref('dim_curators') }} as curators
    on shown.curator_id = curators.curator_id and shown.stream_id = curators.stream_id
left join {{ ref('dim_learners') }} as learners
    on shown.person_id = learners.person_id and shown.stream_id = learners.stream_id
where curators.curator_id is null or learners.person_id is null
