"""What the build makes before the program is put together: icons from app.svg, the drawing library, the
version resource. Runs in the package environment; nothing that it writes is kept in the repository.
"""

import argparse
import struct
from pathlib import Path
from typing import Any

import vl_convert

ROOT = Path(__file__).resolve().parents[2]
SVG = ROOT / "shared" / "ui" / "icons" / "app.svg"
_SVG_WIDTH = 20
_ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
_ICNS_SIZES = {b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}
_PNG_SIZES = (48, 128, 256, 512)


def png(size: int) -> bytes:
    drawn: bytes = vl_convert.svg_to_png(SVG.read_text(encoding="utf-8"), scale=size / _SVG_WIDTH, ppi=72)
    width, height = struct.unpack(">II", drawn[16:24])
    if (width, height) != (size, size):
        raise SystemExit(f"{SVG.name} was drawn {width} by {height} instead of {size} by {size}.")
    return drawn


def ico() -> bytes:
    """Windows' format: a table of pictures, each a whole PNG."""
    pictures = {size: png(size) for size in _ICO_SIZES}
    table, body, start = b"", b"", 6 + 16 * len(pictures)
    for size, picture in pictures.items():
        side = size % 256  # one byte, in which 0 means 256
        table += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(picture), start + len(body))
        body += picture
    return struct.pack("<HHH", 0, 1, len(pictures)) + table + body


def icns() -> bytes:
    """macOS's format: named blocks, each a whole PNG."""
    blocks = b""
    for name, size in _ICNS_SIZES.items():
        picture = png(size)
        blocks += name + struct.pack(">I", 8 + len(picture)) + picture
    return b"icns" + struct.pack(">I", 8 + len(blocks)) + blocks


def version_resource(release: str) -> str:
    """What Windows shows under Properties, in PyInstaller's notation."""
    numbers = (*(int(part) for part in release.split(".")[:3]), 0)
    strings = {
        "CompanyName": "V-Mart",
        "FileDescription": "V-Mart AI Agent",
        "FileVersion": release,
        "InternalName": "vmart-agent",
        "LegalCopyright": "MIT licence",
        "OriginalFilename": "vmart-agent.exe",
        "ProductName": "V-Mart AI Agent",
        "ProductVersion": release,
    }
    table = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in strings.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0, "
        "OS=0x40004, fileType=1, subtype=0, date=(0, 0)), kids=["
        f"StringFileInfo([StringTable('040904B0', [{table}])]), "
        "VarFileInfo([VarStruct('Translation', [0x0409, 1200])])])\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="assets.py", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--release", required=True)
    chosen = parser.parse_args()
    folder: Path = chosen.folder
    folder.mkdir(parents=True, exist_ok=True)
    bundle: Any = vl_convert.javascript_bundle  # its stub forgets that the snippet may be left out
    (folder / "vega.js").write_text(bundle(), encoding="utf-8")
    (folder / "app.ico").write_bytes(ico())
    (folder / "app.icns").write_bytes(icns())
    for size in _PNG_SIZES:
        (folder / f"app-{size}.png").write_bytes(png(size))
    (folder / "version.txt").write_text(version_resource(chosen.release), encoding="utf-8")


if __name__ == "__main__":
    main()
