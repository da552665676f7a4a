-- One row per forum.
select f.id, f.course, f.type as forumtype, f.name from {forum} f order by f.id
