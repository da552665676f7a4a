"""How likely it is that a shown name is this person's: probabilistic record linkage with frequencies of names.

The model of Fellegi and Sunter (1969): every part of a name that is shown and fits multiplies the odds by m / u, where m is the probability
that the part shows like this when the account is the person's, and u the probability that it does when the account is somebody else's. u is
the frequency of that very name among the people of the programme (Winkler's adjustment): a rare family name says more than Иванова. m and
the share of accounts that are nobody's are estimated per course by expectation-maximisation without any labels (Dempster, Laird, Rubin
1977), beginning with and held by what is usual, since a course of ten cannot say much. The result is a probability per account over its
candidates and "nobody of these".

Two accounts in one chat or webinar are seldom one person: a person who already has a better fitting account there keeps only the small
chance of a second one. This is done in rounds, which is the greedy solution of the assignment.

What belongs here: numbers. What fits what is found in :mod:`pipelines.links.name_evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.thresholds import threshold

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Levels of agreement, as :mod:`pipelines.links.name_evidence` numbers them.
LAST_LEVELS = ("another", "typo", "part or past", "same")
FIRST_LEVELS = ("none", "short form", "same")
#: What is usual (the start of the estimation and its prior): shares of accounts of known people that show the part like this.
_USUAL_LAST = np.array([0.01, 0.02, 0.04, 0.93])
_USUAL_FIRST = np.array([0.0, 0.2, 0.8])
_ROUNDS_OF_ESTIMATION = 8
_ROUNDS_OF_ASSIGNMENT = 3
#: Candidates that a reviewer is shown.
SHOWN_CANDIDATES = 3
#: Log-odds that end a contest: candidates so far behind the best are left out.
_HOPELESS = 12.0


@dataclass(frozen=True)
class Judged:
    """One row per account with candidates: arrays of equal length.

    ``account`` and ``person`` index into the evidence's dictionaries; ``score`` is the probability of ``person``, ``crowd`` that of the best
    three together; ``is_linkable``: what is shown is enough to link (more than a first name, nothing left unexplained that speaks against).
    """

    account: Ints
    person: Ints
    score: Floats
    crowd: Floats
    is_linkable: NDArray[np.bool_]
    is_more_than_first: NDArray[np.bool_]
    #: The best :data:`SHOWN_CANDIDATES` of each account in order: account, person, score, place from 1.
    candidates: tuple[Ints, Ints, Floats, Ints]


def judge(evidence: pa.Table, places: pa.Table, taken: pa.Table) -> tuple[Judged, list[str], list[str]]:
    """Probabilities over candidates.

    Parameters
    ----------
    evidence: one row per account, reading and person (see :func:`pipelines.links.name_evidence.make_evidence`), in a fixed order.
    places: account_id, place_id of every account in ``evidence``.
    taken: place_id, person_id: people whose account in that place is known by an exact key or a decision.

    Returns the judgement, and the account ids and person ids that its indices mean.
    """
    rows = _Rows(evidence)
    weights, rows = rows.best_readings()
    keep = weights >= (_maximum(rows.account, weights, rows.accounts) - _HOPELESS)[rows.account]
    rows, weights = rows.take(keep), weights[keep]
    penalty = _OneToOne(rows, places, taken)
    log_second = np.log(threshold("people_second_account"))
    handicap = np.zeros(len(weights))
    best = _best(rows, weights)
    for _ in range(_ROUNDS_OF_ASSIGNMENT):
        linked = best.score >= threshold("people_link_score")
        new = np.where(penalty.rivals(best, linked & best.is_linkable, weights + handicap), log_second, 0.0)
        if np.array_equal(new, handicap):
            break
        handicap = new
        best = _best(rows, weights + handicap)
    return best, rows.account_ids, rows.person_ids


class _Rows:
    """The evidence as arrays, and its weights."""

    def __init__(self, evidence: pa.Table) -> None:
        def codes(name: str) -> tuple[Ints, list[str]]:
            column = evidence[name].combine_chunks().dictionary_encode()
            return column.indices.to_numpy().astype(np.int64), column.dictionary.to_pylist()

        def numbers(name: str) -> Floats:
            return evidence[name].to_numpy().astype(np.float64)

        self.account, self.account_ids = codes("account_id")
        self.person, self.person_ids = codes("person_id")
        self.home, self.homes = codes("home")
        self.columns = {name: numbers(name) for name in evidence.column_names if name not in ("account_id", "person_id", "home")}

    @property
    def accounts(self) -> int:
        return len(self.account_ids)

    def take(self, keep: NDArray[np.bool_] | Ints) -> _Rows:
        other = object.__new__(_Rows)
        other.account, other.person, other.home = self.account[keep], self.person[keep], self.home[keep]
        other.account_ids, other.person_ids, other.homes = self.account_ids, self.person_ids, self.homes
        other.columns = {name: values[keep] for name, values in self.columns.items()}
        return other

    def best_readings(self) -> tuple[Floats, _Rows]:
        """Weights (log odds against nobody) of the best reading of each account and person, with estimated parameters."""
        last, first, nobody = self._usual()
        rows, weights = self, np.zeros(0)
        for _ in range(_ROUNDS_OF_ESTIMATION):
            weights = self._weights(last, first, nobody)
            order = np.lexsort((-weights, self.person, self.account))
            is_first = np.ones(len(order), bool)
            is_first[1:] = (np.diff(self.account[order]) != 0) | (np.diff(self.person[order]) != 0)
            chosen = order[is_first]
            rows, weights = self.take(chosen), weights[chosen]
            last, first, nobody = rows.estimate(weights)
        return weights, rows

    def _usual(self) -> tuple[Floats, Floats, Floats]:
        homes = len(self.homes)
        return np.tile(_USUAL_LAST, (homes, 1)), np.tile(_USUAL_FIRST, (homes, 1)), np.full(homes, threshold("people_outsiders"))

    def estimate(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """m of family and first names and the share of nobody's accounts, per home course: one maximisation step."""
        chance = _chances(self.account, weights, self.accounts)
        held = threshold("people_prior_accounts")
        c = self.columns

        def shares(levels: Floats, shows: NDArray[np.bool_], usual: Floats) -> Floats:
            kinds = len(usual)
            cell = self.home * kinds + levels.astype(np.int64)
            counts = np.bincount(cell[shows], chance[shows], len(self.homes) * kinds).reshape(-1, kinds) + held * usual
            return counts / counts.sum(axis=1, keepdims=True)

        last = shares(c["last_level"], (c["shows_last"] > 0), _USUAL_LAST)
        first = shares(c["first_level"], (c["shows_first"] > 0), _USUAL_FIRST)
        home_of = np.zeros(self.accounts, np.int64)
        home_of[self.account] = self.home
        has_candidate = np.bincount(self.account, minlength=self.accounts) > 0
        somebody = np.bincount(self.account, chance, self.accounts)
        accounts = np.bincount(home_of[has_candidate], minlength=len(self.homes))
        outside = np.bincount(home_of[has_candidate], 1 - somebody[has_candidate], len(self.homes))
        nobody = (outside + held * threshold("people_outsiders")) / (accounts + held)
        return last, first, nobody

    def _weights(self, last: Floats, first: Floats, nobody: Floats) -> Floats:
        c = self.columns
        last_level, first_level = c["last_level"].astype(np.int64), c["first_level"].astype(np.int64)
        # A part that does not fit was drawn from all names for a stranger as well: only m is left of the ratio.
        weight = np.where(
            last_level > 0,
            np.log(last[self.home, last_level]) - np.log(c["last_frequency"]),
            np.where(c["shows_last"] > 0, np.log(last[self.home, 0]), 0.0),
        )
        shown = np.where(first_level > 0, first[self.home, first_level], c["first_frequency"])
        weight += np.log(shown) - np.log(c["first_frequency"])
        weight += np.where(c["has_middle"] > 0, -np.log(c["middle_frequency"]), 0.0)
        weight += c["initials_fitting"] * -np.log(threshold("people_usual_initial"))
        weight += np.where(c["same_school"] > 0, -np.log(c["school_frequency"]), 0.0)
        weight += c["strange"] * np.log(threshold("people_strange_word"))
        weight += np.where(c["is_strict"] > 0, 0.0, np.log(threshold("people_handle_trust")))
        weight += c["manner_weight"] + c["group_weight"] + c["missing_courses"] * np.log(threshold("people_guest_share"))
        # Before anything is shown, each of the people of the place is as likely as the other.
        return weight + np.log1p(-nobody[self.home]) - np.log(c["people"]) - np.log(nobody[self.home])


def _maximum(group: Ints, values: Floats, groups: int) -> Floats:
    found = np.full(groups, -np.inf)
    np.maximum.at(found, group, values)
    return found


def _chances(account: Ints, weights: Floats, accounts: int) -> Floats:
    """Probability of each row among the rows of its account and nobody (weight 0)."""
    top = np.maximum(_maximum(account, weights, accounts), 0.0)
    odds = np.exp(weights - top[account])
    total = np.bincount(account, odds, accounts) + np.exp(-top)
    return odds / total[account]


def _best(rows: _Rows, weights: Floats) -> Judged:
    chance = _chances(rows.account, weights, rows.accounts)
    order = np.lexsort((rows.person, -chance, rows.account))
    account = rows.account[order]
    starts = np.flatnonzero(np.r_[True, np.diff(account) != 0]) if len(order) else np.zeros(0, np.int64)
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    top, best = order[place < SHOWN_CANDIDATES], order[starts]
    crowd = np.zeros(rows.accounts)
    np.add.at(crowd, rows.account[top], chance[top])
    c = rows.columns
    return Judged(
        account=rows.account[best],
        person=rows.person[best],
        score=chance[best],
        crowd=crowd[rows.account[best]],
        is_linkable=c["is_linkable"][best] > 0,
        is_more_than_first=c["is_more_than_first"][best] > 0,
        candidates=(rows.account[top], rows.person[top], chance[top], place[place < SHOWN_CANDIDATES] + 1),
    )


class _OneToOne:
    """Who already has a better account in the same place."""

    def __init__(self, rows: _Rows, places: pa.Table, taken: pa.Table) -> None:
        account_of = {name: number for number, name in enumerate(rows.account_ids)}
        person_of = {name: number for number, name in enumerate(rows.person_ids)}
        place_of: dict[str, int] = {}
        where = [place_of.setdefault(one, len(place_of)) for one in places["place_id"].to_pylist()]
        who = [account_of[one] for one in places["account_id"].to_pylist()]
        self.people = max(len(person_of), 1)
        self.rows = rows
        order = np.argsort(np.array(who, np.int64), kind="stable")
        self.account_of_stay = np.array(who, np.int64)[order]
        self.place_of_stay = np.array(where, np.int64)[order]
        self.first_stay = np.searchsorted(self.account_of_stay, np.arange(len(account_of) + 1))
        pairs = [
            (place_of[place], person_of[person])
            for place, person in zip(taken["place_id"].to_pylist(), taken["person_id"].to_pylist(), strict=True)
            if place in place_of and person in person_of
        ]
        self.taken = np.array([place * self.people + person for place, person in pairs], np.int64)
        # Each candidate in each place of its account.
        stays = np.diff(self.first_stay)[rows.account]
        self.row = np.repeat(np.arange(len(rows.account)), stays)
        offset = np.arange(len(self.row)) - np.repeat(np.cumsum(stays) - stays, stays)
        self.cell = self.place_of_stay[self.first_stay[rows.account][self.row] + offset] * self.people + rows.person[self.row]

    def rivals(self, best: Judged, linked: NDArray[np.bool_], weights: Floats) -> NDArray[np.bool_]:
        """Per candidate: another account that fits this person better is linked to the person in a place that both are in."""
        account, person = best.account[linked], best.person[linked]
        stays = self.first_stay[account + 1] - self.first_stay[account]
        owner = np.repeat(np.arange(len(account)), stays)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(stays) - stays, stays)
        cell = self.place_of_stay[self.first_stay[account][owner] + offset] * self.people + person[owner]
        # Each account is linked to one person, so its own weight is that of one row.
        chosen = np.full(len(self.first_stay), -1, np.int64)
        chosen[account] = person
        is_chosen = chosen[self.rows.account] == self.rows.person
        weight_of = np.full(len(self.first_stay), -np.inf)
        weight_of[self.rows.account[is_chosen]] = weights[is_chosen]
        own = weight_of[account]
        strength = np.r_[own[owner], np.full(len(self.taken), np.inf)]
        holder = np.r_[account[owner], np.full(len(self.taken), -1, np.int64)]
        cells = np.r_[cell, self.taken]
        order = np.lexsort((holder, -strength, cells))
        cells, strength, holder = cells[order], strength[order], holder[order]
        is_first = np.r_[True, np.diff(cells) != 0] if len(cells) else np.zeros(0, bool)
        cells, holder = cells[is_first], holder[is_first]
        at = np.searchsorted(cells, self.cell)
        found = at < len(cells)
        found[found] = cells[at[found]] == self.cell[found]
        is_other = np.zeros(len(self.row), bool)
        is_other[found] = holder[at[found]] != self.rows.account[self.row[found]]
        return np.bincount(self.row[is_other], minlength=len(self.rows.account)) > 0
