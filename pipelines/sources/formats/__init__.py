"""What files and servers of many systems have in common: delimited text, JSON, workbooks, archives, local times, HTTP. Knows no system."""
