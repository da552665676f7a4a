-- One row per role.
select r.id, r.archetype from {role} r order by r.id
