"""Copies the few front-end files that the pages use out of node_modules.

What is listed here is all that a browser, or a letter, ever takes from npm. The copies are not committed:
`make setup` runs `python -m bankcrm.frontend` after `npm ci`.
"""

import re
import sys
from pathlib import Path
from shutil import copyfile
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"

# Where it comes from, below node_modules, and where it goes.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": VENDOR / "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": VENDOR / "tabler.min.js",
    "htmx.org/dist/htmx.min.js": VENDOR / "htmx.min.js",
    "echarts/dist/echarts.min.js": VENDOR / "echarts.min.js",
    "tom-select/dist/js/tom-select.complete.min.js": VENDOR / "tom-select.complete.min.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": VENDOR / "tom-select.bootstrap5.min.css",
}
# Letters are set in these, so no browser is served them. Neither alone has every letter of Europe and of Chinese.
FONTS = {
    "@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf": ROOT / "messaging/fonts/NotoSans.ttf",
    "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": ROOT
    / "messaging/fonts/NotoSansSC.ttf",
    "@expo-google-fonts/noto-sans-sc/LICENSE_FONT": ROOT / "messaging/fonts/OFL.txt",  # the same for both
}
# Browser tests alone load these, so they are not served, and production does not install them.
TEST_FILES = {"axe-core/axe.min.js": ROOT / ".local" / "axe" / "axe.min.js"}

# Tabler's outline icons, by the names that templates use: <use href="…/icons.svg#phone">.
ICONS = """
    alert-circle arrow-back-up arrow-forward-up arrows-exchange bell book-2 building building-bank bulb cake calendar
    calendar-due calendar-plus chart-line check checks chevron-down chevron-left chevron-right circle-plus
    clock coins device-mobile dots download eye eye-off file-import filter flag gift history home key
    keyboard lifebuoy lock logout mail map-pin menu-2 message message-circle moon pencil phone phone-off
    player-skip-forward plus printer search settings shield-lock speakerphone star sun table target-arrow
    ticket trash upload user users video walk x
"""

SVG = "http://www.w3.org/2000/svg"
SYMBOL_STYLE = {
    "viewBox": "0 0 24 24",
    "fill": "none",
    "stroke": "currentColor",
    "stroke-width": "1.6",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
}
# The maps are not copied, and WhiteNoise refuses a file that points at one that is missing.
SOURCE_MAP = re.compile(rb"\n?(?://|/\*)# sourceMappingURL=[^\s*]+(?:\s*\*/)?[ \t]*")


def copy_files() -> int:
    """Copy every listed file without its source map comment, and the fonts; return how many there are."""
    present = {source: target for source, target in TEST_FILES.items() if (NODE_MODULES / source).exists()}
    for source, target in {**FILES, **present}.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(SOURCE_MAP.sub(b"", (NODE_MODULES / source).read_bytes()))
    for source, target in FONTS.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(NODE_MODULES / source, target)
    return len(FILES) + len(present) + len(FONTS)


def build_sprite() -> int:
    """Write static/vendor/icons.svg, one symbol per listed icon, and return how many there are."""
    ElementTree.register_namespace("", SVG)
    sprite = ElementTree.Element(f"{{{SVG}}}svg")
    for name in ICONS.split():
        source = NODE_MODULES / "@tabler/icons/icons/outline" / f"{name}.svg"
        drawing = ElementTree.parse(source).getroot()  # noqa: S314 (pinned by the lock file)
        symbol = ElementTree.SubElement(sprite, f"{{{SVG}}}symbol", {"id": name, **SYMBOL_STYLE})
        for shape in drawing:
            # Each icon starts with an invisible square that only holds its size; the viewBox does that.
            if shape.get("d") != "M0 0h24v24H0z":
                shape.tail = None
                symbol.append(shape)
    VENDOR.mkdir(parents=True, exist_ok=True)
    (VENDOR / "icons.svg").write_bytes(ElementTree.tostring(sprite, encoding="utf-8") + b"\n")
    return len(sprite)


def main() -> None:
    """Copy and build everything, or say in one sentence what is missing."""
    try:
        files, icons = copy_files(), build_sprite()
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is missing: run `npm ci` (or `make setup`) first.")
    print(f"Front end: {files} files, {icons} icons.")


if __name__ == "__main__":
    main()
