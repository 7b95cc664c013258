"""Holds export files against the schema that `carryall schema` prints: validate.py SCHEMA FILE..."""

import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
faults = 0
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        export = json.load(file)
    for fault in validator.iter_errors(export):
        faults += 1
        print(f"{path} {fault.json_path}: {fault.message[:300]}")
        for inner in (fault.context or [])[:3]:
            print(f"    {inner.json_path}: {inner.message[:300]}")
sys.exit(1 if faults else 0)
