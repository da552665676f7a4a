"""Who answered whom, measured where people or programs have recorded it."""
