"""./dev bench [NAME...]: builds and runs the benchmarks; each prints our figure, the peer's and the ratio
from one run. C++ ones are tests/bench/NAME_bench.cc, those against a whole program NAME_bench.py."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
BUILD = ROOT / "build"


def main():
    known = {path.name.removesuffix("_bench" + path.suffix): path
             for path in sorted(HERE.glob("*_bench.*")) if path.suffix in (".cc", ".py")}
    names = sys.argv[1:] or list(known)
    for name in names:
        if name not in known:
            print(f"dev bench: no benchmark '{name}'; there are: {' '.join(known)}", file=sys.stderr)
            return 2
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "default"], cwd=ROOT, check=True)
    targets = ["basewatch", "count_allocations"] + [f"bench_{name}" for name in names if known[name].suffix == ".cc"]
    subprocess.run(["cmake", "--build", BUILD, "--target", *targets], check=True,
                   stdout=subprocess.DEVNULL)
    environment = dict(os.environ, BASEWATCH_BUILD=str(BUILD), PYTHONPATH=str(ROOT / "tests"))
    for name in names:
        command = [BUILD / f"bench_{name}"] if known[name].suffix == ".cc" else [sys.executable, known[name]]
        subprocess.run(command, check=True, env=environment)
    return 0


sys.exit(main())
