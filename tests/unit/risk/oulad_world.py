"""A tiny invented data set in OULAD's format: two modules, two presentations; those who fail click less and miss the first deadline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

PRESENTATIONS = [("AAA", "2013J"), ("AAA", "2014B"), ("BBB", "2013J"), ("BBB", "2014B")]


def write_world(folder: Path, *, learners: int = 60, seed: int = 3) -> None:
    """Write the seven tables as CSV with the published columns."""
    rng = np.random.default_rng(seed)
    tables: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("courses", "assessments", "vle", "info", "registration", "work", "clicks")
    }
    for number, (module, code) in enumerate(PRESENTATIONS):
        key = {"code_module": module, "code_presentation": code}
        tables["courses"].append({**key, "module_presentation_length": 240})
        for place, due in enumerate((12, 40, 80)):
            tables["assessments"].append(
                {**key, "id_assessment": number * 10 + place, "assessment_type": "TMA" if place else "CMA", "date": due, "weight": 20}
            )
        tables["assessments"].append({**key, "id_assessment": number * 10 + 9, "assessment_type": "Exam", "date": None, "weight": 100})
        for site, kind in enumerate(("homepage", "oucontent", "forumng", "quiz", "subpage", "resource")):
            tables["vle"].append({**key, "id_site": number * 10 + site, "activity_type": kind, "week_from": None, "week_to": None})
        for person in range(learners):
            student = person + 1000 * number
            fails = rng.random() < 0.45
            leaves = int(rng.integers(20, 90)) if fails and rng.random() < 0.5 else None
            result = ("Withdrawn" if leaves else "Fail") if fails else ("Pass" if rng.random() < 0.8 else "Distinction")
            tables["info"].append(
                {**key, "id_student": student, "gender": "F", "region": "Scotland", "highest_education": "A Level", "imd_band": "10-20%", "age_band": "0-35",
                 "num_of_prev_attempts": int(rng.integers(0, 2)), "studied_credits": 60, "disability": "N", "final_result": result}
            )  # fmt: skip
            tables["registration"].append(
                {**key, "id_student": student, "date_registration": -int(rng.integers(5, 60)), "date_unregistration": leaves}
            )
            days = np.flatnonzero(rng.random(110) < (0.12 if fails else 0.3)) - 5
            for day in days[days < (leaves or 999)]:
                for site in rng.choice(6, 3, replace=False):
                    tables["clicks"].append(
                        {**key, "id_student": student, "id_site": number * 10 + site, "date": day, "sum_click": int(rng.integers(1, 9))}
                    )
            for place, due in enumerate((12, 40, 80)):
                if due < (leaves or 999) and rng.random() > (0.5 if fails else 0.1):
                    score = int(np.clip(rng.normal(55 if fails else 75, 12), 0, 100))
                    tables["work"].append(
                        {
                            "id_assessment": number * 10 + place,
                            "id_student": student,
                            "date_submitted": due - int(rng.integers(0, 4)),
                            "is_banked": 0,
                            "score": score,
                        }
                    )
    names = {"info": "studentInfo", "registration": "studentRegistration", "work": "studentAssessment", "clicks": "studentVle"}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        frame = pd.DataFrame(rows)
        frame.astype({column: "Int64" for column in frame.select_dtypes("float")}).to_csv(
            folder / f"{names.get(name, name)}.csv", index=False
        )
