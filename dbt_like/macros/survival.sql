{# Kaplan and Meier's product (1958) over the steps of a curve: the share for whom nothing has happened yet, after each step. ``ended``: how many
   it happened to at a step, ``at_risk``: how many were waiting then; ``steps``: the named window of the curve, in the order of time, up to the row.
   The product of (1 - ended / at_risk) is a sum of logarithms; the factor zero, when it happens to the last one, is kept apart. #}
{% macro km_survival(ended, at_risk, steps) -%}
    case
        when sum(case when {{ ended }} = {{ at_risk }} then 1 else 0 end) over {{ steps }} > 0 then 0.0
        else exp(sum(case when {{ ended }} = {{ at_risk }} then 0.0 else ln(1.0 - {{ ended }} / cast({{ at_risk }} as double)) end) over {{ steps }})
    end
{%- endmacro %}


{# One step of Greenwood's sum (1926): its running sum times the squared share is the variance of the curve. #}
{% macro greenwood_step(ended, at_risk) -%}
    case
        when {{ ended }} = {{ at_risk }} then 0.0
        else {{ ended }} / (cast({{ at_risk }} as double) * ({{ at_risk }} - {{ ended }}))
    end
{%- endmacro %}


{# One half, a little above: a sum of logarithms misses one half by a rounding error. #}
{% macro km_half() -%} 0.5 + 1e-9 {%- endmacro %}


{# Hours in whole microseconds: what is known of a time, and the same whatever sums it came out of. #}
{% macro micros(hours) -%} cast(round(({{ hours }}) * 3600000000.0) as bigint) {%- endmacro %}


{# An estimate to six digits. First to ten: a sum of logarithms misses 1/128 by a rounding error, now above and now below. #}
{% macro digits(estimate) -%} round(round({{ estimate }}, 10), 6) {%- endmacro %}
