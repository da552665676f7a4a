-- One row per role.
select r.id, r.archetype from {role_kinds} r order by r.id
