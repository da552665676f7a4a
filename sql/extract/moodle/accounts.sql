-- One row per account, deleted ones included.
select u.id, u.deleted, u.suspended, u.username, u.firstname, u.lastname, u.email, u.phone1, u.phone2, u.institution, u.city, u.lang, u.timezone,
    u.firstaccess, u.lastaccess, u.timecreated, u.timemodified
from {user} u
where u.id > :after or u.timemodified >= :since or u.lastaccess >= :since
order by u.id
