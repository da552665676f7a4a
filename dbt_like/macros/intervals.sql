{# Ends of the 95 % interval of a share (Wilson 1927); null where there is nothing to share. #}
{% macro wilson_low(share, n) -%}
    case when {{ n }} > 0 then greatest(0.0, ({{ share }} + {{ _z2() }} / (2 * {{ n }}) - {{ threshold('confidence_z') }} * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ _z2() }} / (4.0 * {{ n }} * {{ n }}))) / (1 + {{ _z2() }} / {{ n }})) end
{%- endmacro %}
{% macro wilson_high(share, n) -%}
    case when {{ n }} > 0 then least(1.0, ({{ share }} + {{ _z2() }} / (2 * {{ n }}) + {{ threshold('confidence_z') }} * sqrt({{ share }} * (1 - {{ share }}) / {{ n }} + {{ _z2() }} / (4.0 * {{ n }} * {{ n }}))) / (1 + {{ _z2() }} / {{ n }})) end
{%- endmacro %}
{% macro _z2() -%} {{ threshold('confidence_z') }} * {{ threshold('confidence_z') }} {%- endmacro %}
