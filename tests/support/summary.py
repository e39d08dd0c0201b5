"""Adds up ctest runs: python3 summary.py RUN.xml ... (as --output-junit writes them). Names what was
skipped and why, what failed, and ends with one plain line."""
import re
import sys
import xml.etree.ElementTree


def reasons(case):
    """What a skipped test said of itself."""
    output = case.findtext("system-out") or ""
    found = re.findall(r"skipped ['\"](.*?)['\"]$", output, re.MULTILINE)
    found += re.findall(r"SKIPPED: *(.*)$", output, re.MULTILINE)
    return "; ".join(dict.fromkeys(found)) or "it does not say why"


def main(paths):
    passed, failed, skipped = 0, [], []
    for path in paths:
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            name, status = case.get("name"), case.get("status")
            if status == "run" and "SKIPPED:" not in (case.findtext("system-out") or ""):
                passed += 1
            elif status == "run":  # a program of ours, in which one case could not be tried
                skipped.append(f"skipped: {name}, in part: {reasons(case)}")
            elif case.find("skipped") is not None and status != "fail":
                skipped.append(f"skipped: {name}: {reasons(case)}")
            else:
                failed.append(f"failed: {name}")
    for line in skipped + failed:
        print(line)
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
