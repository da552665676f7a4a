"""Other ways to link a name shown to a name in the LMS, as one would use them without knowing these names.

Each gets the same accounts with a name and no exact key, and the people of the account's course, and returns account → person:

- *exact keys* (as GrimoireLab's SortingHat unifies identities): equal names, whatever the case; of several equal ones the first.
- *rapidfuzz*: the likest raw name of the course by their sets of tokens, from a likeness on.
- *splink, untuned*: its ready-made comparisons of forename and surname, trained as its tutorial does, at a match probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas as pd

#: As generous as their own examples are.
RAPIDFUZZ_LIKENESS = 90.0
SPLINK_PROBABILITY = 0.5


@dataclass(frozen=True)
class Task:
    """Names to link. ``people``: account_id, course, first, last of the LMS; ``shown``: account_id, course, name. One row each per course."""

    people: pd.DataFrame
    shown: pd.DataFrame


def exact_keys(task: Task) -> dict[str, str]:
    """Links where the name shown is the LMS's, in either order."""
    owner: dict[tuple[str, str], str] = {}
    for course, account, first, last in zip(*(task.people[name] for name in ("course", "account_id", "first", "last")), strict=True):
        for name in (f"{first} {last}", f"{last} {first}", f"{first.split()[0]} {last}", f"{last} {first.split()[0]}"):
            owner.setdefault((course, name.lower()), account)
    found = {}
    for account, course, name in zip(task.shown["account_id"], task.shown["course"], task.shown["name"], strict=True):
        if (course, name.lower()) in owner:
            found[account] = owner[course, name.lower()]
    return found


def rapidfuzz(task: Task) -> dict[str, str]:
    """Links to the likest raw name of the course. Raises PackageNotFoundError where the package is not installed."""
    version("rapidfuzz")
    from rapidfuzz import fuzz, process

    found = {}
    shown_in = dict(list(task.shown.groupby("course")))
    for course, people in task.people.groupby("course"):
        if course not in shown_in:
            continue
        shown = shown_in[course]
        names = (people["last"] + " " + people["first"]).tolist()
        likeness = process.cdist(shown["name"].tolist(), names, scorer=fuzz.token_set_ratio)
        best = likeness.argmax(axis=1)
        good = likeness[np.arange(len(best)), best] >= RAPIDFUZZ_LIKENESS
        accounts, owners = shown["account_id"].to_numpy(), people["account_id"].to_numpy()
        found |= dict(zip(accounts[good], owners[best[good]], strict=True))
    return found


def splink(task: Task) -> dict[str, str]:
    """Links by splink's own model. Raises PackageNotFoundError where the package is not installed."""
    version("splink")
    import duckdb
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.internals.duckdb.database_api import DuckDBAPI

    words = task.shown["name"].str.split()
    left = pd.DataFrame(
        {
            "unique_id": task.people["account_id"],
            "course": task.people["course"],
            "forename": task.people["first"].str.split().str[0].str.lower(),
            "surname": task.people["last"].str.lower(),
        }
    )
    right = pd.DataFrame(
        {
            "unique_id": task.shown["account_id"],
            "course": task.shown["course"],
            "forename": words.str[0].str.lower(),
            "surname": words.str[1].str.lower(),
        }
    )
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[cl.NameComparison("forename"), cl.NameComparison("surname")],
        blocking_rules_to_generate_predictions=[block_on("course")],
    )
    api = DuckDBAPI(duckdb.connect())
    linker = Linker([api.register(left, table_name="lms"), api.register(right, table_name="shown")], settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match([block_on("course", "forename", "surname")], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for fixed in ("surname", "forename"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on("course", fixed))
    pairs = linker.inference.predict(threshold_match_probability=SPLINK_PROBABILITY).as_pandas_dataframe()
    pairs = pairs.sort_values(["match_probability", "unique_id_l"], ascending=[False, True]).drop_duplicates("unique_id_r")
    return dict(zip(pairs["unique_id_r"], pairs["unique_id_l"], strict=True))


PEERS = {"exact keys": exact_keys, "rapidfuzz": rapidfuzz, "splink, untuned": splink}


def link_by(peer: str, task: Task) -> dict[str, str] | None:
    """Links of a peer; None where it is not installed."""
    try:
        return PEERS[peer](task)
    except PackageNotFoundError:
        return None
