"""SHA256SUMS: the sum of each file that is handed out, for ``sha256sum --check``. Standard library only."""

import argparse
import hashlib
from pathlib import Path

NAME = "SHA256SUMS"


def write(folder: Path) -> Path:
    """Of every file of ours in ``folder``. The program as a folder travels inside an installer."""
    files = sorted(entry for entry in folder.glob("vmart-agent*") if entry.is_file())
    lines = []
    for file in files:
        with file.open("rb") as opened:
            lines.append(f"{hashlib.file_digest(opened, 'sha256').hexdigest()}  {file.name}\n")
    written = folder / NAME
    written.write_text("".join(lines), encoding="utf-8", newline="\n")
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="sums.py", description=__doc__)
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)
