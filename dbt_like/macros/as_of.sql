{# What was known at the end of the day that the run speaks of. Every model filters time through these. #}

{# The day (a date): the variable, or what the environment says (pipelines/transform.py: a variable that is another every day would have dbt read
   the whole project every day). Raises when a run forgets to state it. #}
{% macro as_of() -%}
    {%- set day = var('as_of') or (env_var('MAYAK_DBT_AS_OF', '') if execute else '') -%}
    {%- if execute and not day and flags.WHICH not in ('parse', 'list', 'docs', 'generate', 'test') -%}
        {{ exceptions.raise_compiler_error("var as_of is missing: state the day at whose end everything is known, as in --vars '{as_of: 2026-11-22}'") }}
    {%- endif -%}
    cast('{{ day or "1970-01-01" }}' as date)
{%- endmacro %}

{# First moment that is no longer known. #}
{% macro as_of_end() -%} {{ day_end(as_of()) }} {%- endmacro %}

{# Had this happened by then? A moment that is not known is taken to lie before. #}
{% macro known(moment) -%} ({{ moment }} is null or {{ moment }} < {{ as_of_end() }}) {%- endmacro %}

{# A moment, or null while it still lies ahead. #}
{% macro if_known(moment) -%} case when {{ moment }} < {{ as_of_end() }} then {{ moment }} else null end {%- endmacro %}

{# Value of a named threshold (seeds/thresholds.csv), as a scalar. #}
{% macro threshold(name) -%}
    (select limits.value from {{ ref('thresholds') }} as limits where limits.name = '{{ name }}')
{%- endmacro %}

{# First day to build again by look-back: of a model that grows by day. #}
{% macro first_new_day() -%}
    (select {{ add_days('max(kept.day)', '1 - ' ~ threshold('look_back_days')) }} from {{ this }} as kept)
{%- endmacro %}

{# First day of which a load speaks that is not in ind_learner_days yet; null: none. A table of the run before, so no ref: it would be a circle. #}
{% macro first_day_of_new_loads() -%}
    {%- set used = adapter.get_relation(database=this.database, schema=this.schema, identifier='ind_used_loads') -%}
    (
        select min(loads.first_day)
        from {{ ref('fct_load_days') }} as loads
        {% if used %}where loads.load_id not in (select used.load_id from {{ used }} as used){% endif %}
    )
{%- endmacro %}

{# Whose an account is (person) and where it learns (course, or null for the site as a whole): what acts are counted by. #}
{% macro learning_accounts() -%}
    select accounts.account_id, accounts.person_id, learners.course_id
    from {{ ref('dim_accounts') }} as accounts
    inner join {{ ref('dim_learners') }} as learners
        on accounts.person_id = learners.person_id
    union
    select accounts.account_id, accounts.person_id, cast(null as varchar) as course_id
    from {{ ref('dim_accounts') }} as accounts
    where accounts.person_id in (select learners.person_id from {{ ref('dim_learners') }} as learners)
{%- endmacro %}

{# Accounts whose acts count for somebody else, or somewhere else, than in the run before: a decision about who is who, a list of participants that
   came after the log. Both sides of each difference; none before there is anything to compare with. #}
{% macro moved_accounts() -%}
    {%- set used = adapter.get_relation(database=this.database, schema='indicators', identifier='ind_used_accounts') -%}
    {%- if used %}
    (select * from ({{ learning_accounts() }}) as present except select used.account_id, used.person_id, used.course_id from {{ used }} as used)
    union all
    (select used.account_id, used.person_id, used.course_id from {{ used }} as used except select * from ({{ learning_accounts() }}) as present)
    {%- else %}
    select present.* from ({{ learning_accounts() }}) as present where false
    {%- endif %}
{%- endmacro %}

{# Actions of fct_activity that do not hold any more: later ones than the run speaks of, and of those whose accounts are others. A day on which nothing is left
   would not be replaced by anything. #}
{% macro forget_actions() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as kept
    where
        kept.day > {{ as_of() }}
        or exists (
            select 1
            from ({{ moved_accounts() }}) as moved
            where moved.person_id = kept.person_id and moved.course_id is not distinct from kept.course_id
        )
    {%- endif -%}
{%- endmacro %}

{# Days of ind_learner_days that do not hold any more, to be built anew: later ones than the run speaks of, of learners who are none any more, and of
   streams in which somebody's accounts are others, or that begin or end on another day than they did. #}
{% macro forget_days() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as kept
    where
        kept.day > {{ as_of() }}
        or not exists (
            select 1
            from {{ ref('dim_learners') }} as learners
            where learners.person_id = kept.person_id and learners.stream_id = kept.stream_id
        )
        -- The whole stream: shares of it are made of everybody.
        or kept.stream_id in (
            select stood.stream_id
            from {{ this }} as stood
            inner join ({{ moved_accounts() }}) as moved
                on stood.person_id = moved.person_id and stood.course_id = moved.course_id
            union
            select learners.stream_id
            from {{ ref('dim_learners') }} as learners
            inner join ({{ moved_accounts() }}) as moved
                on learners.person_id = moved.person_id and learners.course_id = moved.course_id
        )
        or exists (
            select 1
            from {{ ref('dim_streams') }} as streams
            where
                streams.stream_id = kept.stream_id
                and (
                    streams.starts_on is null
                    or kept.course_day <> {{ days_between('streams.starts_on', 'kept.day') }} + 1
                    or kept.course_days is distinct from streams.days
                )
        )
    {%- endif -%}
{%- endmacro %}
