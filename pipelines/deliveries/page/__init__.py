"""The curator's page: a small web application over what the last run left, with buttons that write marks back.

``snapshot`` writes the day for the page and reads it; ``store`` keeps what the page itself writes (accounts, sessions, marks, who saw
whom); ``app`` serves. None of it opens the warehouse, so the page stays up while the night's run has it (docs/decisions/0035).
"""
