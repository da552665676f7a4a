"""What leaves the machine: the outbox of mails and messages, and the mail about a failed run."""
