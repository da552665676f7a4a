-- One row per present member of a group.
select m.id, m.groupid, m.userid, m.timeadded from {groups_members} m order by m.id
