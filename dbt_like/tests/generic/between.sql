{# Value: a figure outside its bounds (a share over 1, a negative count) is computed wrongly, whatever the data. Null is "unknown" and passes. #}
{% test between(model, column_name, low, high=none) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ low }}{% if high is not none %} or {{ column_name }} > {{ high }}{% endif %}
{% endtest %}
