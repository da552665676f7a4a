{# Of ind_learner_days, from its members: webinar_days: held, attended, for how long. webinar_coverage: where too many attendees are linked to nobody. attenders: learners linked to an attendee at least once. #}
{% macro days_of_webinars() %}
webinar_days as (

    select
        members.person_id,
        members.stream_id,
        webinars.day,
        count(*) as held,
        count(case when attendance.share >= {{ threshold('attended_share') }} then 1 end) as attended,
        sum(cast(coalesce(attendance.share, 0) as decimal(30, 12))) as share,
        count(case when attendance.minutes_past_end >= {{ threshold('idle_past_end_minutes') }} then 1 end) as idle
    from members
    inner join {{ ref('dim_webinars') }} as webinars
        on members.course_id = webinars.course_id
        and (webinars.stream_id is null or webinars.stream_id = members.stream_id)
        and webinars.day >= members.first_day
    left join {{ ref('fct_attendance') }} as attendance
        on webinars.webinar_id = attendance.webinar_id and members.person_id = attendance.person_id
    group by members.person_id, members.stream_id, webinars.day

),

webinar_coverage as (

    select
        streams.stream_id,
        sum(webinars.unlinked_attendees) > {{ threshold('unlinked_attendees') }} * sum(webinars.attendees) as is_uncertain
    from {{ ref('dim_streams') }} as streams
    inner join {{ ref('dim_webinars') }} as webinars
        on streams.course_id = webinars.course_id and (webinars.stream_id is null or webinars.stream_id = streams.stream_id)
    group by streams.stream_id

),

attenders as (

    select distinct
        attendance.person_id,
        attendance.course_id
    from {{ ref('fct_attendance') }} as attendance

),
{% endmacro %}
