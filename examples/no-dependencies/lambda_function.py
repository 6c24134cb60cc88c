"""The AWS page's first story: nothing but the standard library."""

import json


def lambda_handler(event, context):
    length = float(event["length"])
    width = float(event["width"])
    print(f"CloudWatch logs group: {context.log_group_name}")
    return json.dumps({"area": length * width})
