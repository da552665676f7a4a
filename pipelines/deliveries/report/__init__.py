"""The weekly report: its figures, its words, its page, PDF and workbook, and how it is frozen."""
