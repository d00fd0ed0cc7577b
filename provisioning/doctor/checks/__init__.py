"""One check a file: ``judge(facts, needs)`` yields findings. Pure; what was not answered is no finding here."""
