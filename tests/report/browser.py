"""A real browser without a window: opens a page, runs a script in it and says what it found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
_OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=10000"),
]
# The script is a function body; what it returns comes back through the document.
_DRIVER = """
<script>
addEventListener("load", () => {
  const answer = document.createElement("pre");
  answer.id = "answer";
  try {
    answer.textContent = JSON.stringify((() => {%s})());
  } catch (error) {
    answer.textContent = JSON.stringify({ thrown: String(error) });
  }
  document.body.append(answer);
});
</script>
</body>"""


def run_in_browser(page: str, script: str, folder: Path, *, width: int = 1280) -> object:
    """Return what the script returns in the page; errors on the console fail.

    Parameters
    ----------
    page
        The HTML.
    script
        Body of a JavaScript function.
    folder
        Scratch folder for the page and the browser's profile.
    width
        Of the window, in pixels.
    """
    path = folder / "page.html"
    path.write_text(page.replace("</body>", _DRIVER % script), encoding="utf-8")
    size = f"--window-size={width},1000"
    done = _call([size, "--dump-dom", path.as_uri()], folder)
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not messages, messages
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert found, done.stderr[-2000:]
    answer = json.loads(unescape(found[1]))
    assert not (isinstance(answer, dict) and "thrown" in answer), answer
    return answer


def print_page(page: str, folder: Path) -> bytes:
    """Return the page as a PDF."""
    path, pdf = folder / "page.html", folder / "page.pdf"
    path.write_text(page, encoding="utf-8")
    _call([f"--print-to-pdf={pdf}", path.as_uri()], folder)
    return pdf.read_bytes()


def _call(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [CHROMIUM, *_OPTIONS, profile, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
