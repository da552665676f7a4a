-- One row per stay that the Zoom activity (mod_zoom) has fetched from Zoom, with its meeting and the course that this was held in.
select p.id, p.userid, p.name, p.user_email, p.join_time, p.leave_time, d.id as meeting, d.topic, d.start_time, d.end_time, z.name as activity,
    c.id as course
from {zoom_meeting_participants} p
left join {zoom_meeting_details} d on d.id = p.detailsid
left join {zoom} z on z.id = d.zoomid
left join {course} c on c.id = z.course
order by d.id, p.id
