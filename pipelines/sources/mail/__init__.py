"""Mailboxes, in files and over IMAP: header fields and machine-made reports, never a body."""
