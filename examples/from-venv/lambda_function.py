"""The AWS page's third story: the dependencies come from a virtual environment."""

import yaml


def lambda_handler(event, context):
    document = yaml.safe_load(event.get("yaml", "greeting: hello"))
    print(f"read {len(document)} keys")
    return document
