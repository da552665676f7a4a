-- One row per action of a learner in the LMS: what one person did with one task within one minute. One click writes several log
-- rows (saving a submission writes three), so the strongest of a minute stands for all. Nobody's rows, rows of an administrator
-- logged in as somebody, other people's acts upon a learner (graded, enrolled) and teachers' rows are no acts of learners.
-- Grows by day: the last days are built again, and so are days of loads not seen before and of accounts that are somebody else's than before.
-- depends_on: {{ ref('thresholds') }} {{ ref('dim_accounts') }} {{ ref('dim_learners') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='day',
    on_schema_change='fail',
    pre_hook="{{ forget_actions() }}",
    post_hook=["update {{ this }} as kept set stream_id = learners.stream_id from {{ ref('dim_learners') }} as learners where kept.person_id = learners.person_id and kept.course_id = learners.course_id and kept.stream_id is distinct from learners.stream_id", "{{ remember_rules() }}"]
) }}

with activity as (

    select
        log.*,
        {{ local_day('log.occurred_at') }} as day
    from {{ source('raw', 'activity') }} as log
    where
        log.occurred_at < {{ as_of_end() }}
        and not log.is_impersonated
        and log.account_id is not null

),

{% if is_incremental() %}
days as (

    select distinct activity.day
    from activity
    where
        activity.day >= {{ first_new_day() }}
        or activity.load_id not in (select kept.load_id from {{ this }} as kept)
    union
    select activity.day
    from activity
    inner join ({{ moved_accounts() }}) as moved
        on activity.account_id = moved.account_id and activity.course_id is not distinct from moved.course_id

),
{% endif %}

strengths as (

    select *
    from (
        values
        ('submitted', 1), ('uploaded', 2), ('attempted', 3), ('posted', 4), ('messaged', 5), ('answered_survey', 6),
        ('viewed', 7), ('logged_in', 8), ('logged_out', 9), ('login_failed', 10)
    ) as acts (action, strength)

),

own as (

    select
        activity.activity_id,
        learners.person_id,
        activity.course_id,
        learners.stream_id,
        activity.task_id,
        activity.occurred_at,
        activity.day,
        activity.action,
        activity.origin,
        activity.is_anonymous,
        activity.load_id,
        row_number() over (
            partition by
                learners.person_id,
                activity.course_id,
                coalesce(activity.task_id, case when activity.course_id is null then activity.action else '' end),
                {{ minute_of('activity.occurred_at') }}
            order by strengths.strength, activity.occurred_at, activity.activity_id
        ) as place
    from activity
    inner join strengths
        on activity.action = strengths.action
    inner join {{ ref('dim_accounts') }} as accounts
        on activity.account_id = accounts.account_id
    inner join {{ ref('dim_learners') }} as learners
        on accounts.person_id = learners.person_id and activity.course_id = learners.course_id
    {% if is_incremental() %}
    where activity.day in (select days.day from days)
    {% endif %}
    union all
    -- Of the site as a whole (log-ins): a learner's, of no course.
    select
        activity.activity_id,
        accounts.person_id,
        cast(null as varchar) as course_id,
        cast(null as varchar) as stream_id,
        cast(null as varchar) as task_id,
        activity.occurred_at,
        activity.day,
        activity.action,
        activity.origin,
        activity.is_anonymous,
        activity.load_id,
        row_number() over (
            partition by accounts.person_id, activity.action, {{ minute_of('activity.occurred_at') }}
            order by activity.occurred_at, activity.activity_id
        ) as place
    from activity
    inner join strengths
        on activity.action = strengths.action
    inner join {{ ref('dim_accounts') }} as accounts
        on activity.account_id = accounts.account_id
    where
        activity.course_id is null
        and accounts.person_id in (select learners.person_id from {{ ref('dim_learners') }} as learners)
        {% if is_incremental() %}
        and activity.day in (select days.day from days)
        {% endif %}

)

select
    own.activity_id,
    own.person_id,
    own.course_id,
    own.stream_id,
    -- Anonymous acts are counted and never shown: not even at which task.
    case when own.is_anonymous then null else own.task_id end as task_id,
    case when own.is_anonymous then null else tasks.kind end as task_kind,
    own.occurred_at,
    own.day,
    own.action,
    own.origin,
    own.is_anonymous,
    own.load_id
from own
left join {{ ref('dim_tasks') }} as tasks
    on own.task_id = tasks.task_id
where own.place = 1
