-- One row per day: log-ins to the LMS that worked and that failed. A failed one is nobody's: the LMS does not know who tried.
with activity as (

    select * from {{ source('raw', 'activity') }}

)

select
    {{ local_day('activity.occurred_at') }} as day,
    count(case when activity.action = 'logged_in' then 1 end) as logins,
    count(case when activity.action = 'login_failed' then 1 end) as failures,
    count(distinct case when activity.action = 'logged_in' then activity.account_id end) as accounts
from activity
where activity.action in ('logged_in', 'login_failed') and not activity.is_impersonated and activity.occurred_at < {{ as_of_end() }}
group by {{ local_day('activity.occurred_at') }}
