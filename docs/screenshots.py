"""Takes the pictures of the README from a running demo: python docs/screenshots.py [ADDRESS]."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
PICTURES = Path(__file__).parent / "pictures"
SHOTS = [
    ("today", "2011", "/today/"),
    ("dashboard", "2001", "/dashboard/"),
    ("plan", "3011", "/plan/?view=month"),
]  # staff numbers of the sample bank


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, staff_number, path in SHOTS:
            page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB").new_page()
            page.goto(f"{ADDRESS}/accounts/login/?next={path}")
            page.fill("input[name=login]", staff_number)
            page.fill("input[name=password]", "meridian-demo-2026")
            page.click("button.btn-primary")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=PICTURES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
