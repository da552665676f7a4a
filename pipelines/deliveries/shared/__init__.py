"""What lists, report and page have in common: languages, templates, marks, names, files, reading of report tables."""
