"""Builds a request with `requests`, and sends it when the event says so."""

import json
import sys

import requests


def lambda_handler(event, context):
    url = event.get("url", "https://example.com/greeting")
    request = requests.Request("GET", url, params={"name": event.get("name", "world")}).prepare()
    answer = {
        "request": f"{request.method} {request.url}",
        "requests": requests.__version__,
        "python": sys.version.split()[0],
    }
    if event.get("send"):
        with requests.Session() as session:
            response = session.send(request, timeout=5)
        answer["status"] = response.status_code
    print(f"prepared {answer['request']}")
    return {"statusCode": 200, "body": json.dumps(answer)}
