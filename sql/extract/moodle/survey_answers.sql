-- One row per answer to one item of a survey. anonymous_response 1: anonymous.
select v.id, v.completed, v.value, i.name as itemname, i.typ, i.presentation, i.position, i.feedback as survey, f.course, c.userid, c.timemodified,
    case when c.anonymous_response = 2 and f.anonymous = 2 then 0 else 1 end as anonymous
from {feedback_value} v
left join {feedback_item} i on i.id = v.item
left join {feedback} f on f.id = i.feedback
left join {feedback_completed} c on c.id = v.completed
order by v.id
