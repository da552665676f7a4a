"""Learning management systems and what stands in for one: Moodle in every way it can be read, Open edX, xAPI, OULAD, texts of submitted files."""
