"""The licences of the libraries in the program: names, expressions, and the texts that their packages carry.

A library that carries no text is listed with its expression; cargo-deny (deny.toml) has checked that it is allowed.
"""

import json
import subprocess
from pathlib import Path

NAMES = ("license", "licence", "copying", "notice", "unlicense")


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def linked(document):
    """The packages that the program links: no tests, no build scripts."""
    nodes = {node["id"]: node for node in document["resolve"]["nodes"]}
    root = next(package["id"] for package in document["packages"] if package["name"] == "dropins")
    found, waiting = set(), [root]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    packages = [package for package in document["packages"] if package["id"] in found and package["source"]]
    return sorted(packages, key=lambda package: (package["name"], package["version"]))


def texts(package):
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(NAMES))
    return [path.read_text(errors="replace").strip() for path in files]


def main():
    by_text = {}
    packages = linked(metadata())
    if len(packages) < 100:
        raise SystemExit(f"only {len(packages)} libraries: the graph of dependencies was read wrongly")
    print(f"dropins contains {len(packages)} libraries of others.\n")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license'] or 'see its text'}")
        for text in texts(package):
            by_text.setdefault(text, []).append(name)
    for text, names in sorted(by_text.items(), key=lambda entry: entry[1]):
        print(f"\n{'=' * 80}\n{', '.join(names)}\n\n{text}")


main()
