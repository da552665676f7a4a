-- One row per group in a grouping.
select gg.id, gg.groupingid, gg.groupid from {groupings_groups} gg order by gg.groupingid, gg.groupid
