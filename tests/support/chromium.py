"""A real browser for tests of pages: Debian's Chromium, headless, with a profile of its own."""
import subprocess
import tempfile


def dump_dom(url):
    """The document as the browser has it after loading, and what it complained about."""
    with tempfile.TemporaryDirectory(prefix="basewatch-chromium-") as profile:
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--enable-logging=stderr", f"--user-data-dir={profile}", "--window-size=390,844",
             "--dump-dom", url],
            capture_output=True, text=True, timeout=120, errors="replace")
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, complaints
