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
