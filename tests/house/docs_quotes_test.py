"""What the handbook quotes is what stands in the tree. A quote is a code block after a comment
`<!-- quote PATH -->`; with the word `whole` it is the whole file."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUOTE = re.compile(r"<!-- quote (\S+)( whole)? -->\n```\w*\n(.*?)```", re.DOTALL)


def wrong_quotes(text, read):
    """(number of quotes, what is wrong with them); `read` gives a file's text."""
    wrong = []
    quotes = QUOTE.findall(text)
    if len(quotes) != text.count("<!-- quote "):
        wrong.append("a quote mark has no code block right after it")
    for path, whole, quote in quotes:
        source = read(path)
        same = quote == source if whole else f"\n{quote}" in f"\n{source}"
        if not same or not quote.strip():
            wrong.append(f"{path} does not say:\n{quote}")
    return len(quotes), wrong


class Quotes(unittest.TestCase):
    def test_quotes_are_in_the_tree(self):
        seen = 0
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            count, wrong = wrong_quotes(page.read_text(), lambda path: (ROOT / path).read_text())
            self.assertEqual([], wrong, page)
            seen += count
        self.assertGreaterEqual(seen, 5)

    def test_a_wrong_quote_is_seen(self):
        def judge(text):
            return wrong_quotes(text, lambda path: "one\ntwo\nthree\n")[1]
        self.assertEqual([], judge("<!-- quote a -->\n```cpp\ntwo\nthree\n```\n"))
        self.assertEqual([], judge("<!-- quote a whole -->\n```\none\ntwo\nthree\n```"))
        for bad in ("<!-- quote a -->\n```\ntwo\n three\n```", "<!-- quote a whole -->\n```\none\n```",
                    "<!-- quote a -->\n```\nwo\n```", "<!-- quote a -->\ntwo\n", "<!-- quote a -->\n```\n```"):
            self.assertNotEqual([], judge(bad), bad)


if __name__ == "__main__":
    unittest.main()
