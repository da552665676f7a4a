{# Models that grow by day keep what earlier runs built. By which rules a table was built stands in its comment: a hash of the project and of the variables that
   decide on days and streams, which pipelines/transform.py puts into the environment. Under other rules (an upgrade, another threshold, another time zone)
   old days and new ones would not fit together, so all of them are built anew. #}

{% macro rules() -%} {{ return(env_var('MAYAK_DBT_RULES', '') if execute else '') }} {%- endmacro %}

{# dbt asks this of every model that grows, and `is_incremental` asks it too. #}
{% macro should_full_refresh() %}
    {%- set asked = config.get('full_refresh') -%}
    {%- if asked is none %}{% set asked = flags.FULL_REFRESH %}{% endif -%}
    {%- if execute and not asked and rules() and model.config.materialized == 'incremental' -%}
        {%- set built_by = run_query(comment_of(this)) -%}
        {%- if built_by and built_by.rows and (built_by.rows[0][0] or '') != rules() %}{% set asked = true %}{% endif -%}
    {%- endif -%}
    {{ return(asked) }}
{% endmacro %}

{# After a model that grows: remember by which rules. #}
{% macro remember_rules() %}{% if rules() %}comment on table {{ this }} is '{{ rules() }}'{% endif %}{% endmacro %}

{# Query: the comment of a table; no row where there is no table. #}
{% macro comment_of(relation) -%}{{ return(adapter.dispatch('comment_of')(relation)) }}{%- endmacro %}
{% macro default__comment_of(relation) -%}
    select comment from duckdb_tables() where database_name = current_database() and schema_name = '{{ relation.schema }}' and table_name = '{{ relation.identifier }}'
{%- endmacro %}
{% macro postgres__comment_of(relation) -%}
    select obj_description(tables.oid) from pg_class as tables inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
    where schemas.nspname = '{{ relation.schema }}' and tables.relname = '{{ relation.identifier }}'
{%- endmacro %}
