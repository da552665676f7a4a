"""Who asked, who answered, what is asked again: roles at the time, questions, answers, threads, repeated questions; what was learned lies beside the rules as numbers."""
