"""Zones written as letters behind a time ("EET", "MSK"), as mailers and forms write them: hours east of UTC.

Those of Russia, Europe and North America that mean one offset where such times are written. Letters that stand for several zones (IST, AST)
are left out.
"""

from __future__ import annotations

ZONE_HOURS = {"MSK": 3, "MSD": 4, "SAMT": 4, "YEKT": 5, "OMST": 6, "KRAT": 7, "NOVT": 7, "IRKT": 8, "YAKT": 9, "VLAT": 10, "MAGT": 11, "PETT": 12,
              "EET": 2, "EEST": 3, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "WET": 0, "WEST": 1, "BST": 1, "JST": 9, "FET": 3,
              "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}  # fmt: skip
