{# Ends of Wilson's interval (1927) of a share of n things, z standard errors wide (default: thresholds.confidence_z): honest where n is small or
   the share is 0 or 1. Null where n is null or 0. #}

{% macro wilson_low(share, n, z=none) -%}
    {%- set z = z or threshold('confidence_z') -%}
    round(greatest(
        ({{ share }} + {{ z }} * {{ z }} / (2.0 * nullif({{ n }}, 0))
            - {{ z }} * sqrt({{ share }} * (1 - {{ share }}) / nullif({{ n }}, 0) + {{ z }} * {{ z }} / (4.0 * nullif({{ n }}, 0) * {{ n }})))
        / (1 + {{ z }} * {{ z }} / nullif({{ n }}, 0)), 0.0
    ), 6)
{%- endmacro %}

{% macro wilson_high(share, n, z=none) -%}
    {%- set z = z or threshold('confidence_z') -%}
    round(least(
        ({{ share }} + {{ z }} * {{ z }} / (2.0 * nullif({{ n }}, 0))
            + {{ z }} * sqrt({{ share }} * (1 - {{ share }}) / nullif({{ n }}, 0) + {{ z }} * {{ z }} / (4.0 * nullif({{ n }}, 0) * {{ n }})))
        / (1 + {{ z }} * {{ z }} / nullif({{ n }}, 0)), 1.0
    ), 6)
{%- endmacro %}
