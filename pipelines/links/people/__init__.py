"""Who is who across channels: names and what they are worth, pairs, decisions of people, accounts put together."""
