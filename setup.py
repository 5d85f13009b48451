"""Installs the four top-level folders as subpackages of ``reasonrl``; everything else is in pyproject.toml."""

import sys

from setuptools import find_packages, setup

FOLDERS = ("agents", "benchmarks", "envs", "verifiers")
found = find_packages(include=[pattern for name in FOLDERS for pattern in (name, f"{name}.*")])
# An editable install puts typings/, the same packages as links, on the path. A finder of packages, which is what this
# mapping would become, is asked too late: beside the clone, Python takes the clone's own folder for the package.
editable = "editable_wheel" in sys.argv
setup(
    packages=["reasonrl", *(f"reasonrl.{package}" for package in found)],
    package_dir=(
        {"": "typings"} if editable else {"reasonrl": "reasonrl", **{f"reasonrl.{name}": name for name in FOLDERS}}
    ),
)
