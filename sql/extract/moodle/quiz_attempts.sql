-- One row per quiz attempt; latestattempt is the number of its owner's last one.
select t.id, t.userid, cm.id as cmid, z.course, t.attempt, n.latestattempt, t.state, t.preview, t.timestart, t.timefinish, t.sumgrades,
    z.sumgrades as quizsumgrades, z.grade as quizgrade
from {quiz_attempts} t
left join {quiz} z on z.id = t.quiz
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'quiz' group by x.instance) cm
    on cm.instance = z.id
left join (
    select b.quiz, b.userid, b.preview, max(b.attempt) as latestattempt from {quiz_attempts} b group by b.quiz, b.userid, b.preview) n
    on n.quiz = t.quiz and n.userid = t.userid and n.preview = t.preview
where t.id > :after or t.timemodified >= :since
    -- a new attempt makes the one before an earlier one
    or exists (select 1 from {quiz_attempts} e where e.quiz = t.quiz and e.userid = t.userid and e.preview = t.preview and e.id > :after)
order by t.id
