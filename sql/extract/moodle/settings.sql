-- The site's settings that readers need.
select c.name, c.value from {config} c where c.name in (:name_0, :name_1, :name_2, :name_3) order by c.name
