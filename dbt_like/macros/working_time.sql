{# Working time of the programme's calendar (raw.calendar_days): the time between two moments is a difference of sums. #}

{# Body of a CTE: one row per day, with the working hours of all days before it. #}
{% macro calendar_sums() -%}
    select
        days.day,
        days.work_from_at,
        days.work_until_at,
        coalesce(
            sum(case when days.is_working then {{ hours_between('days.work_from_at', 'days.work_until_at') }} else 0 end)
                over (order by days.day rows between unbounded preceding and 1 preceding),
            0
        ) as hours_before
    from {{ source('raw', 'calendar_days') }} as days
{%- endmacro %}

{# Day of the calendar on which a waiting ends. A day's end is the first moment of the next day: a microsecond earlier it is still the day itself. #}
{% macro day_waited_until(moment) -%} {{ local_day(moment ~ " - interval '1 microsecond'") }} {%- endmacro %}

{# Working hours from the calendar's beginning to a moment of one of its days; `days` is a row of calendar_sums. #}
{% macro working_hours_up_to(moment, days) -%}
    (
        {{ days }}.hours_before
        + case
            when {{ days }}.work_from_at is null or {{ moment }} <= {{ days }}.work_from_at then 0
            else {{ hours_between(days ~ '.work_from_at', 'least(' ~ moment ~ ', ' ~ days ~ '.work_until_at)') }}
        end
    )
{%- endmacro %}
