{# Integrity: the columns named are a key; a doubled row counts a person twice everywhere downstream. Resolve at the join that multiplied it. #}
{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
