"""What belongs together: one folder for each kind of link, and beside them what is one module long. ``places`` (which course a chat, mail or webinar is of) is what all lean on."""
