-- One row per course, the front page included.
select c.id, c.fullname, c.shortname, c.format, c.startdate, c.enddate from {course} c order by c.id
