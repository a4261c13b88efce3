#!/usr/bin/env python3
"""Uploads application archives to a ClearML server: a stand-in for the script in ClearML's own archive.

    upload_apps.py --host URL [--user KEY] [--password SECRET] --dir DIR [-ml]

The flags are those of the install guide. The stand-in's own inventions, since the real script is not published:
- without --user and --password it takes CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY from the environment,
  and without --host CLEARML_API_HOST, as ClearML's Python SDK does;
- it calls apps.upload once an archive, in the order of their names, and stops at the first that fails, so that those
  before it are there and those after it are not;
- -ml is taken and means nothing.

Exit status: 0 when all are uploaded, 1 when the server refused one or did not answer, 2 for wrong arguments.
"""

import argparse
import base64
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request
import zipfile


def main() -> int:
    parser = argparse.ArgumentParser(description="Upload ClearML applications.")
    parser.add_argument("--host", default=os.environ.get("CLEARML_API_HOST"))
    parser.add_argument("--user", default=os.environ.get("CLEARML_API_ACCESS_KEY"))
    parser.add_argument("--password", default=os.environ.get("CLEARML_API_SECRET_KEY"))
    parser.add_argument("--dir", required=True, type=pathlib.Path)
    parser.add_argument("-ml", action="store_true")
    arguments = parser.parse_args()
    for name in ("host", "user", "password"):
        if not getattr(arguments, name):
            parser.error(f"--{name} is required")
    archives = sorted(arguments.dir.glob("*.zip"))
    if not archives:
        parser.error(f"no applications in {arguments.dir}")
    for archive in archives:
        try:
            print(upload(archive, arguments), flush=True)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            print(f"{archive.name}: failed: {error}", file=sys.stderr)
            return 1
    return 0


def upload(archive: pathlib.Path, arguments: argparse.Namespace) -> str:
    with zipfile.ZipFile(archive) as content:
        about = json.loads(content.read("app.json"))
    body = {**about, "content": base64.b64encode(archive.read_bytes()).decode()}
    pair = base64.b64encode(f"{arguments.user}:{arguments.password}".encode()).decode()
    request = urllib.request.Request(
        f"{arguments.host.rstrip('/')}/apps.upload",
        data=json.dumps({key: body[key] for key in ("name", "version", "content")}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Basic {pair}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            reply = json.load(response)
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        try:
            text = json.loads(text)["meta"]["result_msg"]
        except (ValueError, KeyError, TypeError):
            pass
        raise ValueError(f"{error.code} {text.strip()}") from None
    done = "uploaded" if reply["data"]["created"] else "updated"
    return f"{archive.name}: {done} as {reply['data']['id']}"


if __name__ == "__main__":
    sys.exit(main())
