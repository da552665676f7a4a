{# Differences between engines live here and nowhere else: one dispatched macro each, DuckDB's wording as the default. #}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}

{# Day of a moment in the programme's time zone. #}
{% macro local_day(moment) -%}{{ return(adapter.dispatch('local_day')(moment)) }}{%- endmacro %}
{% macro default__local_day(moment) -%}
    cast(({{ moment }}) at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}
{% macro spark__local_day(moment) -%}
    cast(from_utc_timestamp({{ moment }}, '{{ var("time_zone") }}') as date)
{%- endmacro %}

{# Hour of the day, 0–23, in the programme's time zone. #}
{% macro local_hour(moment) -%}{{ return(adapter.dispatch('local_hour')(moment)) }}{%- endmacro %}
{% macro default__local_hour(moment) -%}
    cast(extract(hour from ({{ moment }}) at time zone '{{ var("time_zone") }}') as integer)
{%- endmacro %}

{# First moment after a day of the programme's time zone: the day's end, exclusive. #}
{% macro day_end(day) -%}{{ return(adapter.dispatch('day_end')(day)) }}{%- endmacro %}
{% macro default__day_end(day) -%}
    (cast(cast({{ day }} as date) + interval '1 day' as timestamp) at time zone '{{ var("time_zone") }}')
{%- endmacro %}

{# Hours from one moment to another, with fractions. #}
{% macro hours_between(start, finish) -%}{{ return(adapter.dispatch('hours_between')(start, finish)) }}{%- endmacro %}
{% macro default__hours_between(start, finish) -%}
    ((epoch({{ finish }}) - epoch({{ start }})) / 3600.0)
{%- endmacro %}
{% macro postgres__hours_between(start, finish) -%}
    (extract(epoch from ({{ finish }}) - ({{ start }})) / 3600.0)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(start, finish) -%}{{ return(adapter.dispatch('days_between')(start, finish)) }}{%- endmacro %}
{% macro default__days_between(start, finish) -%}
    (cast({{ finish }} as date) - cast({{ start }} as date))
{%- endmacro %}

{# A date some days later; the number may be an expression. #}
{% macro add_days(day, days) -%}{{ return(adapter.dispatch('add_days')(day, days)) }}{%- endmacro %}
{% macro default__add_days(day, days) -%}
    (cast({{ day }} as date) + cast({{ days }} as integer))
{%- endmacro %}

{# A moment cut to its minute. #}
{% macro minute_of(moment) -%} date_trunc('minute', {{ moment }}) {%- endmacro %}

{# The Sunday that ends a day's ISO week. #}
{% macro week_end(day) -%}{{ return(adapter.dispatch('week_end')(day)) }}{%- endmacro %}
{% macro default__week_end(day) -%}
    (cast(date_trunc('week', cast({{ day }} as date)) as date) + 6)
{%- endmacro %}

{# A key that is there only where a condition on its own row holds, for the keys of a left join: such a condition beside the keys makes DuckDB hold every
   row of one side against every row of the other. #}
{% macro key_where(key, condition) -%} (case when {{ condition }} then {{ key }} else null end) {%- endmacro %}

{# Every date from first to last, as rows of a lateral join: `cross join {{ each_day(a, b, 'days', 'day') }}`. #}
{% macro each_day(first, last, alias, column) -%}{{ return(adapter.dispatch('each_day')(first, last, alias, column)) }}{%- endmacro %}
{% macro default__each_day(first, last, alias, column) -%}
    lateral (select cast(step.moment as date) as {{ column }} from generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1 day') as step (moment)) as {{ alias }}
{%- endmacro %}

{# Every part of a text that is parted by commas, as rows of a select. #}
{% macro each_of(texts) -%}{{ return(adapter.dispatch('each_of')(texts)) }}{%- endmacro %}
{% macro default__each_of(texts) -%} unnest(string_split({{ texts }}, ',')) {%- endmacro %}
{% macro postgres__each_of(texts) -%} unnest(string_to_array({{ texts }}, ',')) {%- endmacro %}

{# Does a text match a regular expression, case ignored? #}
{% macro matches(text, pattern) -%}{{ return(adapter.dispatch('matches')(text, pattern)) }}{%- endmacro %}
{% macro default__matches(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern | replace("'", "''") }}', 'i') {%- endmacro %}
{% macro postgres__matches(text, pattern) -%} ({{ text }} ~* '{{ pattern | replace("'", "''") }}') {%- endmacro %}

{# The later of two, null where either is unknown: `greatest` alone passes over nulls. #}
{% macro later_of(one, other) -%} case when {{ one }} is null or {{ other }} is null then null else greatest({{ one }}, {{ other }}) end {%- endmacro %}

{# A number kept inside two bounds, null where it is unknown. #}
{% macro clipped(value, low, high) -%} case when {{ value }} is null then null else greatest({{ low }}, least({{ high }}, {{ value }})) end {%- endmacro %}

{# Median of a column. #}
{% macro median(value) -%} percentile_cont(0.5) within group (order by {{ value }}) {%- endmacro %}

{# Value of one column at the smallest or greatest of another; where several rows may share that, `by` is a row with an id at its end: `(moment, id)`. #}
{% macro first_by(value, by) -%}{{ return(adapter.dispatch('first_by')(value, by)) }}{%- endmacro %}
{% macro default__first_by(value, by) -%} arg_min({{ value }}, {{ by }}) {%- endmacro %}
{% macro postgres__first_by(value, by) -%} (array_agg({{ value }} order by {{ by }} asc nulls last))[1] {%- endmacro %}
{% macro last_by(value, by) -%}{{ return(adapter.dispatch('last_by')(value, by)) }}{%- endmacro %}
{% macro default__last_by(value, by) -%} arg_max({{ value }}, {{ by }}) {%- endmacro %}
{% macro postgres__last_by(value, by) -%} (array_agg({{ value }} order by {{ by }} desc nulls last))[1] {%- endmacro %}

{# JSON list of objects, made of the group's rows: pairs is a list of (key, expression). #}
{% macro json_rows(pairs, order) -%}{{ return(adapter.dispatch('json_rows')(pairs, order)) }}{%- endmacro %}
{% macro default__json_rows(pairs, order) -%}
    cast(to_json(list(struct_pack({% for key, value in pairs %}"{{ key }}" := {{ value }}{{ ', ' if not loop.last }}{% endfor %}) order by {{ order }})) as varchar)
{%- endmacro %}
{% macro postgres__json_rows(pairs, order) -%}
    cast(json_agg(json_build_object({% for key, value in pairs %}'{{ key }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %}) order by {{ order }}) as text)
{%- endmacro %}

{# JSON list of the group's values. #}
{% macro json_values(value, order) -%}{{ return(adapter.dispatch('json_values')(value, order)) }}{%- endmacro %}
{% macro default__json_values(value, order) -%} cast(to_json(list({{ value }} order by {{ order }})) as varchar) {%- endmacro %}
{% macro postgres__json_values(value, order) -%} cast(json_agg({{ value }} order by {{ order }}) as text) {%- endmacro %}

{# The group's texts, joined by a comma, in order. #}
{% macro joined(value) -%} string_agg(distinct {{ value }}, ',' order by {{ value }}) {%- endmacro %}

{# Names as they are written: "ИВАНОВА-ПЕТРОВА анна" → "Иванова-Петрова Анна"; names of mixed case are left alone. #}
{% macro proper_name(name) -%}{{ return(adapter.dispatch('proper_name')(name)) }}{%- endmacro %}
{% macro default__proper_name(name) -%}
    case
        when {{ name }} = upper({{ name }}) or {{ name }} = lower({{ name }})
            then array_to_string(list_transform(string_split({{ name }}, ' '), lambda part: array_to_string(list_transform(string_split(part, '-'), lambda piece: upper(left(piece, 1)) || lower(substr(piece, 2))), '-')), ' ')
        else {{ name }}
    end
{%- endmacro %}
{% macro postgres__proper_name(name) -%}
    case when {{ name }} = upper({{ name }}) or {{ name }} = lower({{ name }}) then initcap({{ name }}) else {{ name }} end
{%- endmacro %}

{# Several blanks to one, none at the ends; an empty text to null. #}
{% macro tidy(text) -%}{{ return(adapter.dispatch('tidy')(text)) }}{%- endmacro %}
{% macro default__tidy(text) -%} nullif(trim(regexp_replace({{ text }}, '\s+', ' ', 'g')), '') {%- endmacro %}

{# Text cut to a number of characters, as a list shows it. #}
{% macro excerpt(text, characters) -%}
    case when length({{ text }}) > {{ characters }} then substr({{ text }}, 1, cast({{ characters }} as integer)) || '…' else {{ text }} end
{%- endmacro %}

{# A whole number from 0 on as another that looks like chance: sums of these tell collections apart, whatever their order. None stands for 0, which
   DuckDB's hash of 0 is. Another version of an engine may hash otherwise: then nothing is recognised, once. #}
{% macro hashed(value) -%}{{ return(adapter.dispatch('hashed')(value)) }}{%- endmacro %}
{% macro default__hashed(value) -%} hash({{ value }} + 1) {%- endmacro %}
{% macro postgres__hashed(value) -%} cast(hashint8extended({{ value }}, 0) as numeric) {%- endmacro %}
{% macro spark__hashed(value) -%} cast(xxhash64({{ value }}) as decimal(38, 0)) {%- endmacro %}

{# Body of a CTE: one row per value of a key, of the table that this model made the run before, with what stands beside the key there. Empty on a
   first run, in a full refresh, in a test of the code and where that table did not know the key yet. #}
{% macro kept_before(key, columns) -%}
    {%- set before = none -%}
    {%- if execute and not should_full_refresh() and flags.WHICH != 'test' -%}
        {%- set before = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) -%}
    {%- endif -%}
    {%- if before and key in (adapter.get_columns_in_relation(before) | map(attribute='name') | list) -%}
    select distinct
        before.{{ key }},
        {%- for column in columns %}
        before.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ before }} as before
    where before.{{ key }} is not null
    {%- else -%}
    select
        cast(null as varchar) as {{ key }},
        {%- for column in columns %}
        cast(null as double precision) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endif %}
{%- endmacro %}
