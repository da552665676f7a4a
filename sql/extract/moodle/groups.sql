-- One row per group and grouping it belongs to (one row with nulls where it belongs to none).
select g.id, g.courseid, g.idnumber, g.name, case when p.idnumber <> '' then p.idnumber else p.name end as groupingname
from {groups} g
left join {groupings_groups} gg on gg.groupid = g.id
left join {groupings} p on p.id = gg.groupingid
order by g.id, p.id
