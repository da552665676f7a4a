{# Of ind_learner_days, from its members: act_days, material_days: what a learner did, and which materials were opened. #}
{% macro days_of_activity() %}
act_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(acts.day, members.first_day) as day,
        sum(acts.events) as events,
        sum(acts.messages) as chat_messages
    from members
    inner join {{ ref('fct_acts') }} as acts
        on members.person_id = acts.person_id and members.course_id = acts.course_id
    group by members.person_id, members.stream_id, greatest(acts.day, members.first_day)

),

material_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(materials.day, members.first_day) as day,
        count(*) as materials_opened
    from members
    inner join {{ ref('fct_materials') }} as materials
        on members.person_id = materials.person_id and members.course_id = materials.course_id
    group by members.person_id, members.stream_id, greatest(materials.day, members.first_day)

),
{% endmacro %}
