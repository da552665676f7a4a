"""Plain text of what is kept as HTML, Markdown or plain text, and how many words it has: the same for a text typed into an LMS and one out of a document."""

from __future__ import annotations

import html
import re

#: Kinds of text, by Moodle's numbers (``FORMAT_…`` in lib/weblib.php), which its tables and services state.
FORMAT_MOODLE, FORMAT_HTML, FORMAT_PLAIN, FORMAT_MARKDOWN = 0, 1, 2, 4
#: The same as they stand in a table.
FORMATS = {str(number): number for number in (FORMAT_MOODLE, FORMAT_HTML, FORMAT_PLAIN, FORMAT_MARKDOWN)}

_INVISIBLE = re.compile(r"<!--.*?-->|<(script|style|head|title)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PREFORMATTED = re.compile(r"<pre\b[^>]*>(.*?)</pre\s*>", re.IGNORECASE | re.DOTALL)
_LINE_END = re.compile(
    r"<(?:br|hr)\b[^>]*>|</?(?:address|article|aside|blockquote|dd|div|dl|dt|figure|figcaption|footer|form|h[1-6]|header|li|main|nav|ol|p|pre|"
    r"section|table|tbody|tfoot|thead|tr|ul)\b[^>]*>",
    re.IGNORECASE,
)
_CELL_END = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
# A tag begins with a letter: "a < b" is text. Quoted attribute values may hold ">".
_TAG = re.compile(r"""<[/!?]?[a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*>|<!\[[^>]*>""")
# Spaces that only look different. Zero-width characters are left: in a handed-in text they are evidence.
_SPACES = re.compile("[ \t\f\v\u00a0\u202f\u2007\u2009\u200a\u2002\u2003]+")
_NEWLINES = re.compile(r"\r\n?|\u2028|\u2029")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


def text_of(content: str | None, text_format: int | None = FORMAT_HTML) -> str | None:
    """Plain text of a text and its format (None: as HTML with the writer's line ends); None stays None.

    Paragraphs and list items end in a line end, empty lines are left out, no-break spaces become plain ones. Homoglyphs and
    invisible characters stay as they are.
    """
    if content is None:
        return None
    text = _NEWLINES.sub("\n", content)
    if text_format != FORMAT_PLAIN:
        # Moodle's own "auto" format and Markdown keep the writer's line ends.
        text = _strip_tags(text, keep_line_ends=text_format != FORMAT_HTML)
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _strip_tags(text: str, *, keep_line_ends: bool) -> str:
    if "<" not in text and "&" not in text:
        return text if keep_line_ends else text.replace("\n", " ")
    text = _INVISIBLE.sub(" ", text)
    if not keep_line_ends:
        text = _PREFORMATTED.sub(lambda match: "<p>" + match.group(1).replace("\n", "<br>") + "</p>", text).replace("\n", " ")
    text = _LINE_END.sub("\n", text)
    text = _CELL_END.sub(" ", text)
    return html.unescape(_TAG.sub("", text))


def word_count(text: str | None) -> int | None:
    """Words of a plain text (runs of letters and digits, hyphen and apostrophe inside allowed); None stays None."""
    return None if text is None else sum(1 for _ in _WORD.finditer(text))
