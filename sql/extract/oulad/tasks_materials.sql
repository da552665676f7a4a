-- One row per material of the virtual learning environment; the week it is meant for is its section.
select
    $realm || ':task:' || whole(id_site) as task_id,
    $realm || ':course:' || presentation.code as course_id,
    case activity_type
        when 'resource' then 'file'
        when 'url' then 'url'
        when 'oucontent' then 'page'
        when 'subpage' then 'page'
        when 'sharedsubpage' then 'page'
        when 'page' then 'page'
        when 'dualpane' then 'page'
        when 'forumng' then 'forum'
        when 'quiz' then 'quiz'
        when 'externalquiz' then 'quiz'
        when 'questionnaire' then 'feedback'
        else 'other'
    end as kind,
    activity_type || ' ' || whole(id_site) as name,
    whole(week_from)::integer as section,
    'vle row ' || vle.row as place,
    case when presentation.code is null then 'no such presentation' when whole(id_site) is null then 'no number of a material' end as reason
from vle
left join presentation on presentation.code = presentation_of(code_module, code_presentation)
order by vle.row
